import TinyQueue from 'tinyqueue';
import type { DeadlineRow } from '../store/store.ts';

/** The longest a Node timer can sleep; a later deadline is armed again. */
const sleepMaxMs = 2_147_483_647;

/** Old places in the queue that are worth sorting it anew. */
const oldPlacesMin = 1_000;

interface Place {
  readonly name: string;
  readonly dueAt: number;
  readonly row: DeadlineRow;
}

/**
 * The next timer of each stream: one Node timer for the earliest of them all. A deadline that was changed or taken away
 * leaves its old place in the queue behind. It is passed over when its time comes, or left out when most places are old ones:
 * almost every hold ends long before its time, so in a rush there would be many times more of them than there are holds.
 */
export class Deadlines {
  readonly #now: () => number;
  readonly #onDue: (rows: readonly DeadlineRow[]) => void;
  /** Those that are set, by stream and part. */
  readonly #set = new Map<string, Place>();
  #queue = queueOf([]);
  #timer: NodeJS.Timeout | undefined;
  #armedFor = Number.POSITIVE_INFINITY;
  #stopped = false;

  constructor(options: { readonly now: () => number; readonly onDue: (rows: readonly DeadlineRow[]) => void }) {
    this.#now = options.now;
    this.#onDue = options.onDue;
  }

  get size(): number {
    return this.#set.size;
  }

  /** Places in the queue, the old ones among them. */
  get places(): number {
    return this.#queue.length;
  }

  /** Whether the stream's timer is set for just this moment, or not set where there is none. */
  isSet(row: DeadlineRow): boolean {
    return this.#set.get(nameOf(row))?.dueAt === row.dueAt;
  }

  has(row: DeadlineRow): boolean {
    return this.#set.has(nameOf(row));
  }

  set(row: DeadlineRow): void {
    const name = nameOf(row);
    const { dueAt } = row;
    if (dueAt === undefined) {
      this.#set.delete(name);
      return;
    }
    const place = { name, dueAt, row };
    this.#set.set(name, place);
    this.#queue.push(place);
    if (this.#queue.length > 2 * this.#set.size + oldPlacesMin) this.#queue = queueOf([...this.#set.values()]);
    if (dueAt < this.#armedFor) this.#arm();
  }

  /** Forgets the deadlines of these partitions: another owner has them now. */
  drop(partitions: readonly number[]): void {
    for (const [name, { row }] of this.#set) if (partitions.includes(row.partition)) this.#set.delete(name);
  }

  #arm(): void {
    clearTimeout(this.#timer);
    this.#armedFor = Number.POSITIVE_INFINITY;
    const next = this.#queue.peek();
    if (next === undefined || this.#stopped) return;
    this.#armedFor = next.dueAt;
    // One millisecond more: a timer may fire a fraction early, a deadline never does.
    this.#timer = setTimeout(() => this.#fire(), Math.min(Math.max(next.dueAt - this.#now() + 1, 0), sleepMaxMs));
  }

  #fire(): void {
    const now = this.#now();
    const due: DeadlineRow[] = [];
    for (let next = this.#queue.peek(); next !== undefined && next.dueAt <= now; next = this.#queue.peek()) {
      this.#queue.pop();
      if (this.#set.get(next.name) !== next) continue;
      this.#set.delete(next.name);
      due.push(next.row);
    }
    this.#arm();
    if (due.length > 0) this.#onDue(due);
  }

  /** A batch that is still under way may set more: they are stored, the next owner arms them. */
  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#set.clear();
  }
}

function nameOf({ stream, part }: DeadlineRow): string {
  return `${stream} ${part}`;
}

function queueOf(places: Place[]): TinyQueue<Place> {
  return new TinyQueue(places, (a, b) => a.dueAt - b.dueAt);
}
