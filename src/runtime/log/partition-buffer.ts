import type { LogRecord } from './log.ts';

/** The newest records of one partition, in memory, until all consumers that keep up have been served. */
export class PartitionBuffer {
  readonly #recordsMax: number;
  #records: LogRecord[] = [];
  next: number;
  first: number;

  constructor(options: { readonly first: number; readonly next: number; readonly recordsMax: number }) {
    this.first = options.first;
    this.next = options.next;
    this.#recordsMax = options.recordsMax;
  }

  /** Adds a record that carries the next offset. */
  add(record: LogRecord): void {
    this.#records.push(record);
    this.next = record.offset + 1;
    // Cutting half at a time keeps the cost per record constant.
    if (this.#records.length >= 2 * this.#recordsMax) this.#records = this.#records.slice(-this.#recordsMax);
  }

  /** Lets go of the records before an offset: everybody has them. */
  keepFrom(offset: number): void {
    const oldest = this.#records[0]?.offset;
    if (oldest !== undefined && offset > oldest) this.#records = this.#records.slice(offset - oldest);
  }

  /** Records from an offset on; `undefined` where the buffer no longer reaches back so far. */
  from(offset: number, recordsMax: number): readonly LogRecord[] | undefined {
    if (offset >= this.next) return [];
    const oldest = this.#records[0]?.offset;
    if (oldest === undefined || offset < oldest) return undefined;
    // Offsets are dense in memory, so the place follows from the number.
    return this.#records.slice(offset - oldest, offset - oldest + recordsMax);
  }
}
