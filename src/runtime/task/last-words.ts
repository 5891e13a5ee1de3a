import { setTimeout as delay } from 'node:timers/promises';
import { topics } from '../../contracts/topics.ts';
import type { Consumption, Log, LogRecord, OutgoingRecord, Position } from '../log/log.ts';
import type { Logger } from '../logger.ts';
import type { EventRow, Store } from '../store/store.ts';
import { isCompacted } from './task-drafts.ts';

/** The task that compacted topics, which have one partition, belong to. */
export const globalTask = 0;
/** Records before a takeover that are looked at: what an owner before the last one was late with may be among them. */
const lookedBack = 500;
const againAfterMs = 1_000;

export interface LastWordsOptions {
  readonly service: string;
  readonly log: Log;
  readonly store: Pick<Store, 'readEvents'>;
  readonly logger: Logger;
  readonly toRecords: (rows: readonly EventRow[]) => Promise<readonly OutgoingRecord[]>;
}

/**
 * Of a compacted topic the last record of a key is the one that stays, such as the tombstone of somebody who was erased. An append of
 * an earlier owner may land behind it, as late as the log has it. So the owner reads its own compacted topics, and where something
 * older comes after what the store has last, it tells that again. Readers know it by its version and pass it by.
 */
export class LastWords {
  readonly #options: LastWordsOptions;
  readonly #topics: readonly string[];
  #reading: { readonly consumption: Consumption; readonly stopping: AbortController } | undefined;

  constructor(options: LastWordsOptions) {
    this.#options = options;
    this.#topics = Object.values(topics)
      .filter(({ name, owner }) => owner === options.service && isCompacted(name))
      .map(({ name }) => name);
  }

  /** Where to begin: to be asked for before the new owner tells anything. */
  async beginnings(): Promise<readonly Position[]> {
    return Promise.all(
      this.#topics.map(async (topic) => {
        const { first, next } = await this.#options.log.bounds({ topic, partition: globalTask });
        return { topic, partition: globalTask, offset: Math.max(first, next - lookedBack) };
      }),
    );
  }

  /** `told`: by topic, the last sequence that was given before the takeover; whatever is told later cannot be behind. */
  begin(positions: readonly Position[], told: Readonly<Record<string, number>>, onError: (error: Error) => void): void {
    if (positions.length === 0) return;
    const stopping = new AbortController();
    const onRecords = (records: readonly LogRecord[]) => this.#look(records, told, stopping.signal);
    const consumption = this.#options.log.consume({ positions, onRecords, onError });
    this.#reading = { consumption, stopping };
  }

  async end(): Promise<void> {
    const reading = this.#reading;
    this.#reading = undefined;
    reading?.stopping.abort();
    await reading?.consumption.stop();
  }

  async #look(
    records: readonly LogRecord[],
    told: Readonly<Record<string, number>>,
    signal: AbortSignal,
  ): Promise<void> {
    const old = records.filter(({ topic, headers }) => Number(headers['ce_sequence']) <= (told[topic] ?? 0));
    for (const [topic, all] of Map.groupBy(old, (record) => record.topic)) await this.#mend(topic, all, signal);
  }

  async #mend(topic: string, records: readonly LogRecord[], signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        const newer = await this.#newerThan(topic, records);
        if (newer.length === 0) return;
        const outgoing = await this.#options.toRecords(newer);
        if (signal.aborted) return;
        await this.#options.log.append(outgoing);
        this.#options.logger.warn(
          { topic, keys: newer.length },
          'an earlier owner was late: what came behind the newest record of its key was told before; the newest is told again',
        );
        return;
      } catch (error) {
        this.#options.logger.warn({ topic, error: (error as Error).message }, 'a compacted topic cannot be looked at');
        await delay(againAfterMs, undefined, { signal, ref: false }).catch(() => undefined);
      }
    }
  }

  /** The last events of those streams of which the last record among these is an earlier one. */
  async #newerThan(channel: string, records: readonly LogRecord[]): Promise<readonly EventRow[]> {
    const lastOnes = new Map(records.map((record) => [streamOf(record), record]));
    const streams = [...lastOnes.keys()];
    const rows = await this.#options.store.readEvents({
      ...{ channel, partition: globalTask, sequence: 1, lastOfStream: true, streams, eventsMax: streams.length },
    });
    return rows.filter(({ stream, sequence }) => Number(lastOnes.get(stream)?.headers['ce_sequence']) < sequence);
  }
}

/** The stream of an event's id (see `eventId`). */
function streamOf({ headers }: LogRecord): string {
  const id = headers['ce_id'] ?? '';
  return id.slice(0, id.lastIndexOf('/'));
}
