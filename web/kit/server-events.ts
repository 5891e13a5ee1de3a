import { pause } from './pause.ts';
import { Problem } from './problem.ts';
import { accessToken, distrust } from './session.ts';

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
const againMaxMs = 5_000;
/** The server says something every 15 seconds: after so long the connection is dead, whatever the network says. */
const silenceMaxMs = 40_000;
const listeningMs = 2_000;
/** A browser has room for six connections to a server, for all of its tabs: one that nobody looks at gives up its own. */
const hiddenMaxMs = 10_000;

/** Follows a stream until it is stopped or refused for good, while the page can be seen. `broken` is told when nobody answers. */
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
    const attempt = new Attempt(signal);
    try {
      for await (const event of await opened(path, last, attempt)) {
        last = event.id ?? last;
        waitMs = againMs;
        on.event(event);
      }
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof Problem && !error.isPassing && error.status !== 401) return on.refused?.(error);
    } finally {
      attempt.end();
    }
    await seen(signal);
    if (signal.aborted) return;
    if (attempt.wasHidden) continue;
    on.broken?.();
    // Not all of those who were cut off at once come back at once.
    await pause(waitMs * (0.5 + Math.random()), signal);
    waitMs = Math.min(againMaxMs, waitMs * 2);
  }
}

/** One connection, given up where nothing is heard on it, nobody looks at the page, or the stream is stopped. */
class Attempt {
  readonly signal: AbortSignal;
  wasHidden = false;
  readonly #ending = new AbortController();
  readonly #listening = setInterval(() => this.#look(), listeningMs);
  #heardAt = Date.now();
  #seenAt = Date.now();

  constructor(signal: AbortSignal) {
    this.signal = AbortSignal.any([signal, this.#ending.signal]);
  }

  heard(): void {
    this.#heardAt = Date.now();
  }

  end(): void {
    clearInterval(this.#listening);
    this.#ending.abort();
  }

  /** By the clock of the wall, which goes on while the computer sleeps. */
  #look(): void {
    if (!document.hidden) this.#seenAt = Date.now();
    this.wasHidden = Date.now() - this.#seenAt > hiddenMaxMs;
    if (this.wasHidden || Date.now() - this.#heardAt > silenceMaxMs) this.end();
  }
}

/** Waits until somebody can see the page. */
function seen(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const look = () => {
      if (document.hidden && !signal.aborted) return;
      document.removeEventListener('visibilitychange', look);
      signal.removeEventListener('abort', look);
      resolve();
    };
    document.addEventListener('visibilitychange', look);
    signal.addEventListener('abort', look);
    look();
  });
}

async function opened(path: string, last: string | undefined, attempt: Attempt): Promise<AsyncIterable<ServerEvent>> {
  const token = await accessToken();
  const response = await fetch(path, {
    headers: {
      accept: 'text/event-stream',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(last === undefined ? {} : { 'last-event-id': last }),
    },
    signal: attempt.signal,
  });
  if (response.status === 401 && token !== undefined) await distrust(token);
  if (!response.ok || response.body === null)
    throw new Problem(response.status, await response.json().catch(() => ({})));
  const listening = new TransformStream<string, string>({
    transform(text, controller) {
      attempt.heard();
      controller.enqueue(text);
    },
  });
  return eventsIn(response.body.pipeThrough(new TextDecoderStream()).pipeThrough(listening));
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
