import { type Envelope, toHeaders } from '../../contracts/envelope.ts';
import type { TopicName } from '../../contracts/topics.ts';
import { type Log, type OutgoingRecord, told } from '../log/log.ts';
import type { Logger } from '../logger.ts';
import type { Enrichment, Lookup, ReferenceKey } from '../service.ts';
import type { ServiceRuntime } from '../service-runtime.ts';
import type { EventRow, Store } from '../store/store.ts';
import { type LaneOptions, nameOfPlace, type Place, PublishingLane, type Stored } from './publishing-lane.ts';
import type { References } from './references.ts';
import { isCompacted } from './task-drafts.ts';

/** Events waiting to be published before topics are read no further, and the most that are kept in memory. */
export const unpublishedEventsMax = 20_000;
/** Events that are read from the store at a time, for all ways together. */
const readEventsMax = 2_000;
const retryFirstMs = 100;
const retryMaxMs = 5_000;

/**
 * Publishes committed events in sequence order. An append of unknown outcome is done again: consumers drop what they have seen.
 * What an earlier owner left, and what is too much for memory while the log does not answer, stays in the store and is read
 * from there.
 *
 * All goes one way, together, as long as the log takes it. The places (partitions of a channel) of an append that failed go ways
 * of their own from then on, until each has caught up: one that takes nothing keeps back nobody else.
 */
export class Publisher {
  readonly #options: PublisherOptions;
  readonly #all: PublishingLane;
  readonly #apart = new Map<string, PublishingLane>();
  readonly #sleepers = new Set<() => void>();
  #stopped = false;
  #toldAt = Number.NEGATIVE_INFINITY;

  constructor(options: PublisherOptions) {
    this.#options = options;
    this.#all = this.#lane({ onFailed: async (error, places) => this.#setApart(error, places) });
  }

  get waiting(): number {
    return this.#lanes.reduce((sum, lane) => sum + lane.waiting, 0);
  }

  get #inMemory(): number {
    let inMemory = this.#all.inMemory;
    for (const lane of this.#apart.values()) inMemory += lane.inMemory;
    return inMemory;
  }

  get #lanes(): readonly PublishingLane[] {
    return [this.#all, ...this.#apart.values()];
  }

  publish(rows: readonly EventRow[]): void {
    for (const row of rows) this.#laneOf(row).add(row);
    for (const lane of this.#lanes) lane.start();
  }

  /** Publishes what is stored from one sequence to another, before anything that comes later in the same place. */
  publishStored(stored: Readonly<Stored>): void {
    const lane = this.#laneOf(stored);
    if (stored.next <= stored.last) lane.addStored(stored);
    lane.start();
  }

  /** Forgets what waits of tasks that are no longer owned, or are taken over anew: their owner reads it from the store. */
  drop(partitions: readonly number[]): void {
    for (const lane of this.#lanes) lane.drop(partitions);
    // Ways that nothing waits in any more come to their end.
    this.#wakeUp();
  }

  #laneOf(place: Place): PublishingLane {
    return (this.#apart.size === 0 ? undefined : this.#apart.get(nameOfPlace(place))) ?? this.#all;
  }

  #lane(own: Pick<LaneOptions, 'onFailed' | 'onEmpty'>): PublishingLane {
    const { log, store, onPublished } = this.#options;
    return new PublishingLane({
      append: async (rows) => log.append(await this.toRecords(rows)),
      read: ({ channel, partition, next: sequence }) =>
        store.readEvents({
          ...{ channel, partition, sequence, lastOfStream: isCompacted(channel) },
          eventsMax: Math.ceil(readEventsMax / this.#lanes.length),
        }),
      onPublished,
      hasRoom: () => this.#inMemory < unpublishedEventsMax,
      ...own,
    });
  }

  /** Which of the places did not take it is not known: each is tried by itself. */
  #setApart(error: Error, places: ReadonlySet<string>): void {
    for (const place of places) {
      const { rows, stored } = this.#all.takeOut(new Set([place]));
      if (rows.length === 0 && stored.length === 0) continue;
      let retryMs = retryFirstMs;
      const lane = this.#lane({
        onFailed: async (again) => {
          this.#tell(again);
          await this.#sleep(retryMs);
          retryMs = Math.min(2 * retryMs, retryMaxMs);
        },
        onEmpty: () => this.#apart.delete(place),
      });
      this.#apart.set(place, lane);
      for (const row of rows) lane.add(row);
      for (const each of stored) lane.addStored(each);
      if (this.#stopped) lane.stop();
      lane.start();
    }
    this.#tell(error);
  }

  /** Of many places that fail together one is told of. */
  #tell({ message }: Error): void {
    if (performance.now() - this.#toldAt < retryMaxMs) return;
    this.#toldAt = performance.now();
    this.#options.logger.error(
      { error: message, events: this.waiting, places: [...this.#apart.keys()] },
      'cannot publish; events stay stored and are tried again',
    );
  }

  #sleep(durationMs: number): Promise<void> {
    if (this.#stopped) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        this.#sleepers.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, durationMs);
      this.#sleepers.add(wake);
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
    const grace = setTimeout(() => this.#end(), graceMs);
    await this.drained();
    clearTimeout(grace);
    this.#end();
  }

  #end(): void {
    this.#stopped = true;
    for (const lane of this.#lanes) lane.stop();
    this.#wakeUp();
  }

  #wakeUp(): void {
    for (const wake of [...this.#sleepers]) wake();
  }

  async drained(): Promise<void> {
    for (;;) {
      const running = this.#lanes.flatMap((lane) => lane.running ?? []);
      if (running.length === 0) return;
      await Promise.all(running);
    }
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
