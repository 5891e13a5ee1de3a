import { randomUUID } from 'node:crypto';
import pg from 'pg';
import type { Logger } from '../../logger.ts';
import { type Follower, isEmpty, type Notice, type Notices } from '../../notices.ts';
import { type ConnectionOptions, settingsOf } from './connection.ts';

/**
 * Notices over PostgreSQL's NOTIFY: they travel with the commit. The listening connection connects again when it breaks
 * (TCP keep-alive finds out within some twenty seconds where nobody says so), and then all may have been missed.
 */
const channel = 'fullhouse';
/** PostgreSQL takes less than 8,000 bytes a notice. */
const payloadBytesMax = 7_500;
const reconnectFirstMs = 100;
const reconnectMaxMs = 5_000;
const keepAliveMs = 10_000;

export interface PostgresNoticesOptions extends ConnectionOptions {
  readonly logger: Logger;
}

/** The notices of one instance of a service. */
export function createPostgresNotices(options: PostgresNoticesOptions): Notices {
  const from = randomUUID();
  return {
    telling(notice) {
      if (isEmpty(notice)) return [];
      const text = `select pg_notify('${channel}', payload) from unnest($1::text[]) as payload`;
      return [{ name: 'tell', text, values: [payloadsOf(from, notice)] }];
    },
    told: () => undefined,
    async follow(follower) {
      const listener = new Listener(options, { from, follower });
      await listener.start();
      return listener;
    },
  };
}

/** A notice as it travels: who sent it, and what, as `[what, name, name]`. */
interface Payload {
  readonly from: string;
  readonly items: readonly Item[];
}
type Item =
  | readonly ['request', requestId: string, partition: number]
  | readonly ['document', view: string, id: string]
  | readonly ['reference', topic: string, key: string]
  | readonly ['operation', operationId: string, partition: number];

/** As many payloads as it takes. */
function payloadsOf(
  from: string,
  { requests = [], documents = [], references = [], operations = [] }: Notice,
): readonly string[] {
  const items: readonly Item[] = [
    ...requests.map(({ requestId, partition }) => ['request', requestId, partition] as const),
    ...documents.map(({ view, id }) => ['document', view, id] as const),
    ...references.map(({ topic, key }) => ['reference', topic, key] as const),
    ...operations.map(({ operationId, partition }) => ['operation', operationId, partition] as const),
  ];
  const payloads: Item[][] = [[]];
  let bytes = 0;
  for (const item of items) {
    const size = Buffer.byteLength(JSON.stringify(item)) + 1;
    if (bytes + size > payloadBytesMax) {
      payloads.push([]);
      bytes = 0;
    }
    payloads.at(-1)?.push(item);
    bytes += size;
  }
  return payloads.map((each) => JSON.stringify({ from, items: each } satisfies Payload));
}

function noticeOf(items: readonly Item[]): Notice {
  const named = <Name extends Item[0]>(name: Name) =>
    items.filter((item): item is Extract<Item, readonly [Name, ...unknown[]]> => item[0] === name);
  return {
    requests: named('request').map(([, requestId, partition]) => ({ requestId, partition })),
    documents: named('document').map(([, view, id]) => ({ view, id })),
    references: named('reference').map(([, topic, key]) => ({ topic, key })),
    operations: named('operation').map(([, operationId, partition]) => ({ operationId, partition })),
  };
}

class Listener {
  readonly #options: PostgresNoticesOptions;
  readonly #from: string;
  readonly #follower: Follower;
  #client: pg.Client | undefined;
  #retry: NodeJS.Timeout | undefined;
  #stopped = false;
  trouble: string | undefined;

  constructor(
    options: PostgresNoticesOptions,
    { from, follower }: { readonly from: string; readonly follower: Follower },
  ) {
    this.#options = options;
    this.#from = from;
    this.#follower = follower;
  }

  /** Listens, or goes on trying: what is missed until then is looked at then. */
  async start(): Promise<void> {
    await this.#listen().catch((error: Error) => this.#lost(error, reconnectFirstMs));
  }

  async #listen(): Promise<void> {
    const client = new pg.Client({ ...settingsOf(this.#options), keepAliveInitialDelayMillis: keepAliveMs });
    let broken: Error | undefined;
    const onBroken = (error: Error) => {
      broken ??= error;
      if (this.#client !== client) return;
      this.#client = undefined;
      this.#lost(broken, reconnectFirstMs);
    };
    client.on('error', onBroken);
    client.on('end', () => onBroken(new Error('the connection was closed')));
    client.on('notification', ({ payload = '' }) => this.#hear(payload));
    try {
      await client.connect();
      await client.query(`listen ${channel}`);
    } catch (error) {
      await client.end().catch(() => undefined);
      throw error;
    }
    if (broken !== undefined) throw broken;
    if (this.#stopped) return client.end();
    this.#client = client;
    this.trouble = undefined;
  }

  #lost(error: Error, retryMs: number): void {
    if (this.#stopped) return;
    this.trouble = `notices of other instances do not come: ${error.message}`;
    this.#options.logger.warn(
      { error: error.message, retryMs },
      'notices of other instances do not come; trying again',
    );
    this.#retry = setTimeout(() => {
      this.#listen().then(
        () => this.#follower.onMissed(),
        (again: Error) => this.#lost(again, Math.min(2 * retryMs, reconnectMaxMs)),
      );
    }, retryMs);
  }

  #hear(text: string): void {
    const payload = payloadIn(text);
    // Not ours, whoever wrote it: it may mean anything, so everything is looked at.
    if (payload === undefined) this.#follower.onMissed();
    else if (payload.from !== this.#from) this.#follower.onNotice(noticeOf(payload.items));
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#retry);
    const client = this.#client;
    this.#client = undefined;
    await client?.end().catch(() => undefined);
  }
}

function payloadIn(text: string): Payload | undefined {
  try {
    const { from, items } = JSON.parse(text) as Partial<Payload>;
    return typeof from === 'string' && Array.isArray(items) ? { from, items } : undefined;
  } catch {
    return undefined;
  }
}
