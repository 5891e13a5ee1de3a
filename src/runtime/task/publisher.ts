import { type Envelope, toHeaders } from '../../contracts/envelope.ts';
import type { TopicName } from '../../contracts/topics.ts';
import { type Log, type OutgoingRecord, told } from '../log/log.ts';
import type { Logger } from '../logger.ts';
import type { Enrichment, Lookup, ReferenceKey } from '../service.ts';
import type { ServiceRuntime } from '../service-runtime.ts';
import type { EventRow, Store } from '../store/store.ts';
import type { References } from './references.ts';
import { isCompacted } from './task-drafts.ts';

/** Events waiting to be published before topics are read no further, and the most that are kept in memory. */
export const unpublishedEventsMax = 20_000;
/** Events of one append. */
const publishEventsMax = 2_000;
const retryFirstMs = 100;
const retryMaxMs = 5_000;

/** Stored events of one channel partition that are read when their turn comes. */
interface Stored {
  readonly channel: string;
  readonly partition: number;
  next: number;
  last: number;
}

/**
 * Publishes committed events in sequence order, one append in flight. An append of unknown outcome is done again:
 * consumers drop what they have seen. What an earlier owner left, and what is too much for memory while the log does not
 * answer, stays in the store and is read from there page by page.
 */
export class Publisher {
  readonly #options: PublisherOptions;
  readonly #stored = new Map<string, Stored>();
  #queue: EventRow[] = [];
  #inFlight = 0;
  #running: Promise<void> | undefined;
  #stopped = false;
  #wake: (() => void) | undefined;

  constructor(options: PublisherOptions) {
    this.#options = options;
  }

  get waiting(): number {
    let waiting = this.#queue.length;
    for (const { next, last } of this.#stored.values()) waiting += last - next + 1;
    return waiting;
  }

  publish(rows: readonly EventRow[]): void {
    for (const row of rows) {
      const stored = this.#stored.get(`${row.channel}/${row.partition}`);
      if (stored !== undefined) stored.last = row.sequence;
      else if (this.#queue.length < unpublishedEventsMax) this.#queue.push(row);
      else this.#setStored({ ...row, next: row.sequence, last: row.sequence });
    }
    this.#start();
  }

  /** Publishes what is stored from one sequence to another, before anything that comes later in the same place. */
  publishStored(stored: {
    readonly channel: string;
    readonly partition: number;
    readonly next: number;
    readonly last: number;
  }): void {
    if (stored.next <= stored.last) this.#setStored(stored);
    this.#start();
  }

  #setStored({ channel, partition, next, last }: Stored): void {
    this.#stored.set(`${channel}/${partition}`, { channel, partition, next, last });
  }

  /** Forgets what waits of tasks that are no longer owned, or are taken over anew: their owner reads it from the store. */
  drop(partitions: readonly number[]): void {
    this.#queue = this.#queue.filter((row, index) => index < this.#inFlight || !partitions.includes(row.partition));
    for (const [name, { partition }] of this.#stored) if (partitions.includes(partition)) this.#stored.delete(name);
  }

  #start(): void {
    if (this.waiting > 0 && !this.#stopped) this.#running ??= this.#run();
  }

  async #run(): Promise<void> {
    let retryMs = retryFirstMs;
    while (this.waiting > 0 && !this.#stopped) {
      try {
        await this.#publishNext();
        retryMs = retryFirstMs;
      } catch (error) {
        this.#inFlight = 0;
        const { message } = error as Error;
        this.#options.logger.error(
          { error: message, events: this.waiting, retryMs },
          'cannot publish; events stay stored and are tried again',
        );
        await this.#sleep(retryMs);
        retryMs = Math.min(2 * retryMs, retryMaxMs);
      }
    }
    // In the same turn as the check above: what comes later starts anew.
    this.#running = undefined;
  }

  async #publishNext(): Promise<void> {
    const stored = this.#nextStored();
    if (stored !== undefined) return this.#publishFromStore(stored);
    const rows = this.#queue.slice(0, publishEventsMax);
    this.#inFlight = rows.length;
    await this.#options.log.append(await this.toRecords(rows));
    this.#queue = this.#queue.slice(rows.length);
    this.#inFlight = 0;
    this.#options.onPublished(rows.filter((row) => !this.#comesAfterStored(row)));
  }

  /** Published for an earlier takeover, while what comes before it on the topic is still to be published (again). */
  #comesAfterStored({ channel, partition, sequence }: EventRow): boolean {
    const stored = this.#stored.get(`${channel}/${partition}`);
    return stored !== undefined && stored.next <= sequence;
  }

  /** Something stored whose turn has come: nothing earlier of the same place waits in memory. */
  #nextStored(): Stored | undefined {
    if (this.#stored.size === 0) return undefined;
    const inMemory = new Set(this.#queue.map((row) => `${row.channel}/${row.partition}`));
    return [...this.#stored].find(([name]) => !inMemory.has(name))?.[1];
  }

  async #publishFromStore(stored: Stored): Promise<void> {
    const { channel, partition, next } = stored;
    const rows = await this.#options.store.readEvents({
      channel,
      partition,
      sequence: next,
      eventsMax: publishEventsMax,
      lastOfStream: isCompacted(channel),
    });
    if (rows.length > 0) await this.#options.log.append(await this.toRecords(rows));
    // Dropped meanwhile: whoever owns the task now reads it for himself.
    const name = `${channel}/${partition}`;
    if (this.#stored.get(name) !== stored) return;
    stored.next = (rows.at(-1)?.sequence ?? stored.last) + 1;
    if (stored.next > stored.last) this.#stored.delete(name);
    this.#options.onPublished(rows);
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
    const { enrich, references } = this.#options;
    for (const row of rows) if (row.data !== null) needed.push(...(enrich[row.type]?.needs(row.data as never) ?? []));
    if (needed.length > 0) await references.load(needed);
    const lookup = { get: <Value>(topic: TopicName, key: string) => references.get(topic, key) as Value | undefined };
    return rows.map((row) => this.#toRecord(row, lookup));
  }

  #toRecord(row: EventRow, lookup: Lookup): OutgoingRecord {
    const enrichment = this.#options.enrich[row.type];
    const data = enrichment && row.data !== null ? this.#filledIn(row, enrichment, lookup) : row.data;
    const envelope = envelopeOf(row, this.#options.service, data);
    const value = data === null ? null : data === row.data ? row.json : JSON.stringify(data);
    const { channel: topic, partition, key } = row;
    return { topic, partition, key, headers: toHeaders(envelope), value, [told]: envelope };
  }

  #filledIn(row: EventRow, enrichment: Enrichment, lookup: Lookup): unknown {
    try {
      return enrichment.fill(row.data as never, lookup, this.#options.runtime);
    } catch (error) {
      // As it is stored, so that one event that cannot be filled in does not hold up all that come after it.
      this.#options.logger.error(
        { event: eventId(row), error: (error as Error).message },
        'an event was published without what is filled in',
      );
      return row.data;
    }
  }

  /** Gives up on what is left after a while: it is stored, the next owner publishes it. */
  async stop(graceMs: number): Promise<void> {
    const grace = setTimeout(() => {
      this.#stopped = true;
      this.#wake?.();
    }, graceMs);
    await this.drained();
    clearTimeout(grace);
    this.#stopped = true;
  }

  async drained(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }
}

export interface PublisherOptions {
  readonly service: string;
  readonly log: Log;
  readonly store: Store;
  readonly logger: Logger;
  readonly enrich: Readonly<Record<string, Enrichment>>;
  readonly references: References;
  readonly runtime: ServiceRuntime;
  readonly onPublished: (rows: readonly EventRow[]) => void;
}

/** The id an event has everywhere: its stream and version, and the timeline where the database was restored. */
export function eventId(row: {
  readonly stream: string;
  readonly streamVersion: number;
  readonly timeline: number;
}): string {
  return `${row.stream}/${row.streamVersion}${row.timeline > 1 ? `@${row.timeline}` : ''}`;
}

/** An event row as others see it; `data`: with what is filled in on the way out. */
export function envelopeOf(row: EventRow, service: string, data: unknown = row.data): Envelope {
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
    data,
  };
}
