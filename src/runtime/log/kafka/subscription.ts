import type { LogRecord, Position, Skipped, TopicPartition } from '../log.ts';

/** Read ahead of a consumer, so that it need not wait for the broker between two chunks. */
const aheadRecordsMax = 2_000;

/** What one consumer wants of one partition, and what has been read for it and is not delivered yet. */
export class Subscription {
  readonly topic: string;
  readonly partition: number;
  readonly name: string;
  /** The offset to ask for next. */
  position: number;
  /** When it was asked for last, in rounds: who waited longest is next where several are at different places. */
  askedInRound = 0;
  #records: LogRecord[] = [];
  #delivered: number;

  constructor({ topic, partition, offset }: Position) {
    this.topic = topic;
    this.partition = partition;
    this.name = nameOf({ topic, partition });
    this.position = offset;
    this.#delivered = offset;
  }

  get wantsMore(): boolean {
    return this.#records.length < aheadRecordsMax;
  }

  get waiting(): number {
    return this.#records.length;
  }

  /** Takes what was read between two offsets, as far as it is next. */
  accept(records: readonly LogRecord[], { from, next }: { readonly from: number; readonly next: number }): void {
    if (this.position < from || this.position >= next) return;
    for (const record of records) if (record.offset >= this.position) this.#records.push(record);
    this.position = next;
  }

  /** The next records to deliver. */
  take(recordsMax: number): readonly LogRecord[] {
    const taken = this.#records.length <= recordsMax ? this.#records : this.#records.slice(0, recordsMax);
    this.#records = taken.length === this.#records.length ? [] : this.#records.slice(taken.length);
    this.#delivered = (taken.at(-1)?.offset ?? this.#delivered - 1) + 1;
    return taken;
  }

  /** What lies between the last record delivered and the place that was read up to; told once. */
  skipped(): Skipped | undefined {
    if (this.#records.length > 0 || this.#delivered >= this.position) return undefined;
    const { topic, partition, position } = this;
    const from = this.#delivered;
    this.#delivered = position;
    return { topic, partition, from, next: position };
  }
}

export function nameOf({ topic, partition }: TopicPartition): string {
  return `${topic}/${partition}`;
}
