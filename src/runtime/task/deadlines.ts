import TinyQueue from 'tinyqueue';
import type { DeadlineRow } from '../store/store.ts';

/** The longest a Node timer can sleep; a later deadline is armed again. */
const sleepMaxMs = 2_147_483_647;

/**
 * The next timer of each stream: one Node timer for the earliest of them all. A deadline that was changed or taken away
 * leaves its old place in the queue behind, which is passed over when its time comes.
 */
export class Deadlines {
  readonly #now: () => number;
  readonly #onDue: (rows: readonly DeadlineRow[]) => void;
  readonly #rows = new Map<string, DeadlineRow & { readonly dueAt: number }>();
  readonly #queue = new TinyQueue<{ readonly name: string; readonly dueAt: number }>([], (a, b) => a.dueAt - b.dueAt);
  #timer: NodeJS.Timeout | undefined;
  #armedFor = Number.POSITIVE_INFINITY;
  #stopped = false;

  constructor(options: { readonly now: () => number; readonly onDue: (rows: readonly DeadlineRow[]) => void }) {
    this.#now = options.now;
    this.#onDue = options.onDue;
  }

  get size(): number {
    return this.#rows.size;
  }

  /** Whether the stream's timer is set for just this moment, or not set where there is none. */
  isSet(row: DeadlineRow): boolean {
    return this.#rows.get(`${row.stream} ${row.part}`)?.dueAt === row.dueAt;
  }

  has(row: DeadlineRow): boolean {
    return this.#rows.has(`${row.stream} ${row.part}`);
  }

  set(row: DeadlineRow): void {
    const name = `${row.stream} ${row.part}`;
    const { dueAt } = row;
    if (dueAt === undefined) {
      this.#rows.delete(name);
      return;
    }
    this.#rows.set(name, { ...row, dueAt });
    this.#queue.push({ name, dueAt });
    if (dueAt < this.#armedFor) this.#arm();
  }

  /** Forgets the deadlines of these partitions: another owner has them now. */
  drop(partitions: readonly number[]): void {
    for (const [name, row] of this.#rows) if (partitions.includes(row.partition)) this.#rows.delete(name);
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
      const row = this.#rows.get(next.name);
      if (row === undefined || row.dueAt !== next.dueAt) continue;
      this.#rows.delete(next.name);
      due.push(row);
    }
    this.#arm();
    if (due.length > 0) this.#onDue(due);
  }

  /** A batch that is still under way may set more: they are stored, the next owner arms them. */
  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#rows.clear();
  }
}
