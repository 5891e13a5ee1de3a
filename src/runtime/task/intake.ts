import type { LogRecord } from '../log/log.ts';
import type { Arrival } from './arrival.ts';

/** What nobody waits for waits so long for company, since a batch of its own would only hold up the others. */
const unhurriedMs = 10;
/** So many of them are company enough. */
const unhurriedMax = 100;

/** Arrivals waiting for a batch, and the readers of topics that wait until there is room for more. */
export class Intake {
  readonly #canWait: (record: LogRecord) => boolean;
  readonly #onHurry: () => void;
  #queue: Arrival[] = [];
  #readers: (() => void)[] = [];
  /** Something in the queue is not to wait any longer. */
  #isHurried = false;
  #timer: NodeJS.Timeout | undefined;

  /** `canWait`: for company. `onHurry` is called when what waits has waited long enough. */
  constructor(canWait: (record: LogRecord) => boolean, onHurry: () => void) {
    this.#canWait = canWait;
    this.#onHurry = onHurry;
  }

  get length(): number {
    return this.#queue.length;
  }

  /** Whether there is something for a batch, and company for what waits for it. */
  get isReady(): boolean {
    return this.#queue.length > 0 && (this.#isHurried || this.#queue.length >= unhurriedMax);
  }

  add(arrivals: readonly Arrival[]): void {
    for (const arrival of arrivals) {
      this.#queue.push(arrival);
      this.#isHurried ||= arrival.kind !== 'record' || !this.#canWait(arrival.record);
    }
    if (this.#queue.length > 0 && !this.isReady) this.#timer ??= setTimeout(() => this.#hurry(), unhurriedMs);
  }

  #hurry(): void {
    this.#timer = undefined;
    this.#isHurried = this.#queue.length > 0;
    this.#onHurry();
  }

  take(most: number): readonly Arrival[] {
    const taken = this.#queue.splice(0, most);
    this.#isHurried = this.#queue.length > 0;
    if (!this.#isHurried) this.#calm();
    return taken;
  }

  #calm(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  keep(isKept: (arrival: Arrival) => boolean): void {
    this.#queue = this.#queue.filter(isKept);
  }

  /** Those among them that came as requests. */
  get requests(): readonly Extract<Arrival, { readonly kind: 'request' }>[] {
    return this.#queue.filter((arrival) => arrival.kind === 'request');
  }

  stop(): void {
    this.#calm();
  }

  /** Resolves when it is worth looking again whether there is room. */
  change(): Promise<void> {
    return new Promise((resolve) => this.#readers.push(resolve));
  }

  /** Has all readers look again. */
  changed(): void {
    const readers = this.#readers;
    this.#readers = [];
    for (const resolve of readers) resolve();
  }
}
