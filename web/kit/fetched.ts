import { unreachable } from './problem.ts';

/** An answer with all of its body. */
export interface Fetched {
  readonly response: Response;
  readonly text: string;
  /** The same as it came, for what is no text. */
  readonly file: Blob;
}

/** A connection may die without a word, such as while a laptop sleeps: so long after the server was to answer, it will not. */
const silenceMaxMs = 30_000;

/** Asks over the network. Whoever does not answer to the end, or in time, is unreachable; whoever lets go of it is told their own reason. */
export async function fetched(
  path: string,
  { signal, ...request }: RequestInit = {},
  { withinMs = 0 }: { readonly withinMs?: number } = {},
): Promise<Fetched> {
  const late = AbortSignal.timeout(silenceMaxMs + withinMs);
  try {
    const response = await fetch(path, { ...request, signal: signal == null ? late : AbortSignal.any([signal, late]) });
    const file = await response.blob();
    return { response, text: await file.text(), file };
  } catch {
    signal?.throwIfAborted();
    throw unreachable();
  }
}

/** What a yes says, as JSON: one that is none comes from somebody else on the way. A no says nothing then. */
export function jsonIn<Body extends object>({ response, text }: Fetched): Body {
  try {
    return JSON.parse(text) as Body;
  } catch {
    if (response.ok) throw unreachable();
    return {} as Body;
  }
}
