import type { Arrival } from './arrival.ts';

/** Arrivals waiting for a batch, and the readers of topics that wait until there is room for more. */
export class Intake {
  #queue: Arrival[] = [];
  #readers: (() => void)[] = [];

  get length(): number {
    return this.#queue.length;
  }

  add(arrivals: readonly Arrival[]): void {
    for (const arrival of arrivals) this.#queue.push(arrival);
  }

  take(most: number): readonly Arrival[] {
    return this.#queue.splice(0, most);
  }

  keep(isKept: (arrival: Arrival) => boolean): void {
    this.#queue = this.#queue.filter(isKept);
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
