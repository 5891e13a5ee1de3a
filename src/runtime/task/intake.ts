import { charsOf, type LogRecord } from '../log/log.ts';
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
  #chars = 0;
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

  /** How much text of records waits. */
  get chars(): number {
    return this.#chars;
  }

  /** Whether there is something for a batch, and company for what waits for it. */
  get isReady(): boolean {
    return this.#queue.length > 0 && (this.#isHurried || this.#queue.length >= unhurriedMax);
  }

  add(arrivals: readonly Arrival[]): void {
    for (const arrival of arrivals) {
      this.#queue.push(arrival);
      this.#chars += charsOfArrival(arrival);
      this.#isHurried ||= arrival.kind !== 'record' || !this.#canWait(arrival.record);
    }
    if (this.#queue.length > 0 && !this.isReady) this.#timer ??= setTimeout(() => this.#hurry(), unhurriedMs);
  }

  #hurry(): void {
    this.#timer = undefined;
    this.#isHurried = this.#queue.length > 0;
    this.#onHurry();
  }

  /** The next arrivals: none beyond the one that makes it enough text. */
  take(most: number, charsMax: number): readonly Arrival[] {
    let count = 0;
    let chars = 0;
    for (const arrival of this.#queue) {
      if (count === most || chars >= charsMax) break;
      chars += charsOfArrival(arrival);
      count += 1;
    }
    const taken = this.#queue.splice(0, count);
    this.#chars -= chars;
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
    this.#chars = this.#queue.reduce((sum, arrival) => sum + charsOfArrival(arrival), 0);
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

/** What others write may be of any length; requests, answers and timers are short. */
function charsOfArrival(arrival: Arrival): number {
  if (arrival.kind === 'record') return charsOf(arrival.record);
  return arrival.kind === 'parked' ? (arrival.row.brief?.chars ?? 0) : 0;
}
