import { type Envelope, toHeaders } from '../../contracts/envelope.ts';
import type { TopicName } from '../../contracts/topics.ts';
import type { Log, OutgoingRecord } from '../log/log.ts';
import type { Logger } from '../logger.ts';
import type { Enrichment, ReferenceKey } from '../service.ts';
import type { ServiceRuntime } from '../service-runtime.ts';
import type { EventRow } from '../store/store.ts';
import type { References } from './references.ts';

/** Events waiting to be published before the loop takes no more inputs. */
export const unpublishedEventsMax = 20_000;
/** Events of one append. */
const publishEventsMax = 2_000;
const retryFirstMs = 100;
const retryMaxMs = 5_000;

/**
 * Publishes committed events in sequence order, one append in flight. An append of unknown outcome is done again:
 * consumers drop what they have seen.
 */
export class Publisher {
  readonly #service: string;
  readonly #log: Log;
  readonly #logger: Logger;
  readonly #enrich: Readonly<Record<string, Enrichment>>;
  readonly #references: References;
  readonly #runtime: ServiceRuntime;
  readonly #onPublished: (rows: readonly EventRow[]) => void;
  #queue: EventRow[] = [];
  #running: Promise<void> | undefined;
  #stopped = false;
  #wake: (() => void) | undefined;

  constructor(options: {
    readonly service: string;
    readonly log: Log;
    readonly logger: Logger;
    readonly enrich: Readonly<Record<string, Enrichment>>;
    readonly references: References;
    readonly runtime: ServiceRuntime;
    readonly onPublished: (rows: readonly EventRow[]) => void;
  }) {
    this.#service = options.service;
    this.#log = options.log;
    this.#logger = options.logger;
    this.#enrich = options.enrich;
    this.#references = options.references;
    this.#runtime = options.runtime;
    this.#onPublished = options.onPublished;
  }

  get waiting(): number {
    return this.#queue.length;
  }

  publish(rows: readonly EventRow[]): void {
    for (const row of rows) this.#queue.push(row);
    if (this.#queue.length > 0 && !this.#stopped) this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
    });
  }

  async #run(): Promise<void> {
    let retryMs = retryFirstMs;
    while (this.#queue.length > 0 && !this.#stopped) {
      const rows = this.#queue.slice(0, publishEventsMax);
      try {
        await this.#log.append(await this.toRecords(rows));
        this.#queue = this.#queue.slice(rows.length);
        retryMs = retryFirstMs;
        this.#onPublished(rows);
      } catch (error) {
        this.#logger.error({ error: (error as Error).message, events: rows.length, retryMs }, 'cannot publish; events stay stored and are tried again');
        await this.#sleep(retryMs);
        retryMs = Math.min(2 * retryMs, retryMaxMs);
      }
    }
  }

  #sleep(durationMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, durationMs);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** Events as they travel, with what is filled in only on the way out. */
  async toRecords(rows: readonly EventRow[]): Promise<readonly OutgoingRecord[]> {
    const needed: ReferenceKey[] = [];
    for (const row of rows) needed.push(...(this.#enrich[row.type]?.needs(row.data as never) ?? []));
    if (needed.length > 0) await this.#references.load(needed);
    const lookup = { get: <Value>(topic: TopicName, key: string) => this.#references.get(topic, key) as Value | undefined };
    return rows.map((row) => {
      const enrichment = row.data === null ? undefined : this.#enrich[row.type];
      const json = enrichment === undefined ? row.json : JSON.stringify(enrichment.fill(row.data as never, lookup, this.#runtime));
      return {
        topic: row.channel,
        partition: row.partition,
        key: row.key,
        headers: toHeaders(envelopeOf(row, this.#service)),
        value: row.data === null ? null : json,
      };
    });
  }

  /** Waits until all is published, or gives up on what is left: it is stored, the next owner publishes it. */
  async stop(): Promise<void> {
    if (this.#queue.length === 0) await this.#running;
    this.#stopped = true;
    this.#wake?.();
    await this.#running;
  }

  async drained(): Promise<void> {
    while (this.#running !== undefined && !this.#stopped) await this.#running;
  }
}

/** The id an event has everywhere: its stream and version, and the timeline where the database was restored. */
export function eventId(row: { readonly stream: string; readonly streamVersion: number; readonly timeline: number }): string {
  return `${row.stream}/${row.streamVersion}${row.timeline > 1 ? `@${row.timeline}` : ''}`;
}

/** An event row as others see it. */
export function envelopeOf(row: EventRow, service: string): Envelope {
  return {
    id: eventId(row),
    type: row.type,
    version: row.version,
    source: service,
    time: row.time,
    subject: row.subject,
    streamVersion: row.streamVersion,
    causationId: row.causationId,
    correlationId: row.correlationId,
    traceparent: row.traceparent,
    sequence: row.sequence,
    timeline: row.timeline,
    data: row.data,
  };
}
