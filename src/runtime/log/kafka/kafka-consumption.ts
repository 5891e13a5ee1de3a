import { type ConsumeOptions, type Consumption, consumeCharsMax, consumeRecordsMax, type LogRecord } from '../log.ts';
import { Subscription } from './subscription.ts';

/**
 * One consumer over the fetched records of its partitions: a chunk at a time, taken from each partition in turn. It ends
 * with the first error that reading on would not mend; its owner opens another one at the right place.
 */
export class KafkaConsumption implements Consumption {
  readonly subscriptions: Subscription[];
  readonly #options: ConsumeOptions;
  readonly #onRoom: () => void;
  readonly #onStop: (self: KafkaConsumption) => void;
  #running: Promise<void> | undefined;
  #stopped = false;

  constructor(
    options: ConsumeOptions,
    on: { readonly room: () => void; readonly stop: (self: KafkaConsumption) => void },
  ) {
    this.#options = options;
    this.subscriptions = options.positions.map((position) => new Subscription(position));
    this.#onRoom = on.room;
    this.#onStop = on.stop;
  }

  /** Something has been read. */
  wake(): void {
    if (this.#stopped) return;
    this.#running ??= this.#deliver();
  }

  async #deliver(): Promise<void> {
    // Not before `#running` is set.
    await undefined;
    while (!this.#stopped) {
      const chunk = this.#gather();
      if (chunk.length > 0) {
        await this.#options.onRecords(chunk).catch((error: Error) => this.#options.onError(error));
      } else if (!this.#tellSkipped()) break;
    }
    // In the same turn as the look above: what is read later starts anew.
    this.#running = undefined;
  }

  #gather(): readonly LogRecord[] {
    const chunk: LogRecord[] = [];
    let chars = 0;
    let wasFull = false;
    for (const subscription of this.subscriptions) {
      const room = consumeRecordsMax - chunk.length;
      if (room === 0 || chars >= consumeCharsMax) break;
      wasFull ||= !subscription.wantsMore;
      if (subscription.waiting === 0) continue;
      const taken = subscription.take(room, consumeCharsMax - chars);
      for (const record of taken.records) chunk.push(record);
      chars += taken.chars;
    }
    // Room in what is read ahead is filled while the chunk is handled.
    if (wasFull) this.#onRoom();
    // Who was served first is last the next time: a busy partition does not starve the others.
    const first = this.subscriptions.shift();
    if (first !== undefined) this.subscriptions.push(first);
    return chunk;
  }

  #tellSkipped(): boolean {
    let told = false;
    for (const subscription of this.subscriptions) {
      const skipped = subscription.skipped();
      if (skipped === undefined) continue;
      told = true;
      this.#options.onSkipped?.(skipped);
    }
    return told;
  }

  fail(error: Error): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#onStop(this);
    this.#options.onError(error);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#onStop(this);
    await this.#running;
  }
}
