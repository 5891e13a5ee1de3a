import { charsOf, type LogRecord, type Position, type Skipped, type TopicPartition } from '../log.ts';

/** Read ahead of a consumer, so that it need not wait for the broker between two chunks. */
const aheadRecordsMax = 2_000;
const aheadCharsMax = 2_000_000;

/** Records, and how much text they are. */
export interface Taken {
  readonly records: readonly LogRecord[];
  readonly chars: number;
}

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
  #chars = 0;
  #delivered: number;

  constructor({ topic, partition, offset }: Position) {
    this.topic = topic;
    this.partition = partition;
    this.name = nameOf({ topic, partition });
    this.position = offset;
    this.#delivered = offset;
  }

  get wantsMore(): boolean {
    return this.#records.length < aheadRecordsMax && this.#chars < aheadCharsMax;
  }

  get waiting(): number {
    return this.#records.length;
  }

  /** Takes what was read between two offsets, as far as it is next. */
  accept(records: readonly LogRecord[], { from, next }: { readonly from: number; readonly next: number }): void {
    if (this.position < from || this.position >= next) return;
    for (const record of records) {
      if (record.offset < this.position) continue;
      this.#records.push(record);
      this.#chars += charsOf(record);
    }
    this.position = next;
  }

  /** The next records to deliver: none beyond the one that makes it enough text. */
  take(recordsMax: number, charsMax: number): Taken {
    const most = Math.min(recordsMax, this.#records.length);
    let count = 0;
    let chars = 0;
    for (; count < most && chars < charsMax; count += 1) chars += charsOf(this.#records[count] as LogRecord);
    const taken = count === this.#records.length ? this.#records : this.#records.slice(0, count);
    this.#records = taken.length === this.#records.length ? [] : this.#records.slice(taken.length);
    this.#chars -= chars;
    this.#delivered = (taken.at(-1)?.offset ?? this.#delivered - 1) + 1;
    return { records: taken, chars };
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
