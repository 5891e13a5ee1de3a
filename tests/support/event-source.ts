import type { Client } from './client.ts';

/** One server-sent event. */
export interface ServerEvent<Data = Record<string, unknown>> {
  readonly event: string;
  readonly id?: string;
  readonly data: Data;
}

/** An open stream of server-sent events: everything that came, and a wait for what has not. */
export interface EventReader {
  readonly events: readonly ServerEvent[];
  /** The first event, of those that came and will come, that is wanted; rejects when the stream ends without. */
  first(isWanted: (event: ServerEvent) => boolean): Promise<ServerEvent>;
  close(): Promise<void>;
}

/** Opens a stream; rejects when it is refused. */
export async function openEvents(client: Client, path: string, lastEventId?: string): Promise<EventReader> {
  const stop = new AbortController();
  const response = await fetch(client.url + path, {
    headers: {
      accept: 'text/event-stream',
      ...(client.token === undefined ? {} : { authorization: `Bearer ${client.token}` }),
      ...(lastEventId === undefined ? {} : { 'last-event-id': lastEventId }),
    },
    signal: stop.signal,
  });
  if (response.status !== 200 || response.body === null) throw new Error(`GET ${path}: ${response.status}`);
  const events: ServerEvent[] = [];
  const listeners = new Set<() => void>();
  let ended = false;
  const changed = () => {
    for (const listener of [...listeners]) listener();
  };
  const reading = read(response.body, (event) => {
    events.push(event);
    changed();
  })
    .catch(() => undefined)
    .finally(() => {
      ended = true;
      changed();
    });
  return {
    events,
    first: (isWanted) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const found = events.find(isWanted);
          if (found === undefined && !ended) return;
          listeners.delete(look);
          if (found === undefined) reject(new Error(`the stream ended after ${JSON.stringify(events)}`));
          else resolve(found);
        };
        listeners.add(look);
        look();
      }),
    close: async () => {
      stop.abort();
      await reading;
    },
  };
}

async function read(body: ReadableStream<Uint8Array>, onEvent: (event: ServerEvent) => void): Promise<void> {
  let text = '';
  const decoder = new TextDecoder();
  for await (const chunk of body) {
    text += decoder.decode(chunk, { stream: true });
    const blocks = text.split('\n\n');
    text = blocks.pop() ?? '';
    for (const block of blocks) {
      const fields = new Map(
        block
          .split('\n')
          .filter((line) => line !== '' && !line.startsWith(':'))
          .map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()] as const),
      );
      const data = fields.get('data');
      if (data === undefined) continue;
      const id = fields.get('id');
      onEvent({ event: fields.get('event') ?? 'message', data: JSON.parse(data), ...(id === undefined ? {} : { id }) });
    }
  }
}
