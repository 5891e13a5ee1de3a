import { Problem } from './problem.ts';
import { accessToken } from './session.ts';

/**
 * Server-sent events. The browser's own EventSource cannot say who asks, so the stream is read here: it goes on where it broke off,
 * with the last id it had.
 */
export interface ServerEvent {
  readonly event: string;
  readonly id?: string;
  readonly data: unknown;
}

export interface Following {
  stop(): void;
}

const againMs = 500;
const againMaxMs = 10_000;

/** Follows a stream until it is stopped or refused for good. `onBroken` is told when nobody answers, `onEvent` that it goes on. */
export function follow(
  path: string,
  on: {
    readonly event: (event: ServerEvent) => void;
    readonly broken?: () => void;
    readonly refused?: (why: Problem) => void;
  },
): Following {
  const stopping = new AbortController();
  void run(path, on, stopping.signal);
  return { stop: () => stopping.abort() };
}

async function run(path: string, on: Parameters<typeof follow>[1], signal: AbortSignal): Promise<void> {
  let last: string | undefined;
  let waitMs = againMs;
  while (!signal.aborted) {
    try {
      for await (const event of await opened(path, last, signal)) {
        last = event.id ?? last;
        waitMs = againMs;
        on.event(event);
      }
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof Problem && !error.isPassing && error.status !== 401) return on.refused?.(error);
    }
    if (signal.aborted) return;
    on.broken?.();
    const ms = waitMs;
    await new Promise((resolve) => setTimeout(resolve, ms));
    waitMs = Math.min(againMaxMs, waitMs * 2);
  }
}

async function opened(
  path: string,
  last: string | undefined,
  signal: AbortSignal,
): Promise<AsyncIterable<ServerEvent>> {
  const token = await accessToken();
  const response = await fetch(path, {
    headers: {
      accept: 'text/event-stream',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(last === undefined ? {} : { 'last-event-id': last }),
    },
    signal,
  });
  if (!response.ok || response.body === null)
    throw new Problem(response.status, await response.json().catch(() => ({})));
  return eventsIn(response.body.pipeThrough(new TextDecoderStream()));
}

/** Reads the events of a stream of text (HTML standard, section 9.2.6), as far as JSON needs it. */
export async function* eventsIn(texts: ReadableStream<string>): AsyncGenerator<ServerEvent> {
  const reader = texts.getReader();
  let rest = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const blocks = (rest + value).split('\n\n');
    rest = blocks.pop() ?? '';
    for (const block of blocks) {
      const event = eventOf(block);
      if (event !== undefined) yield event;
    }
  }
}

function eventOf(block: string): ServerEvent | undefined {
  let event = 'message';
  let id: string | undefined;
  const data: string[] = [];
  for (const line of block.split('\n')) {
    const cut = line.indexOf(':');
    const name = cut < 0 ? line : line.slice(0, cut);
    const value = cut < 0 ? '' : line.slice(cut + 1).replace(/^ /, '');
    if (name === 'event') event = value;
    else if (name === 'id') id = value;
    else if (name === 'data') data.push(value);
  }
  if (data.length === 0) return undefined;
  return { event, data: JSON.parse(data.join('\n')), ...(id === undefined ? {} : { id }) };
}
