import { charsOf } from '../log/log.ts';
import { type ParkedBrief, type ParkedRow, withoutLongInput } from '../store/store.ts';
import type { FirstArrival } from './arrival.ts';
import { nameOf } from './references.ts';

/** Inputs a task may keep parked before it takes no more from its topics. */
export const parkedInputsMax = 10_000;
/** Longer records are kept in the store only: whoever may write to a topic could fill the memory with them, at every start anew. */
const parkedCharsMax = 20_000;
/** Characters of a name in a long record that are known. */
const nameCharsMax = 200;
/** The reason of an input that only waits for those before it. */
export const behind = 'behind';

/**
 * Which subjects of a loop's tasks wait, and why. A subject waits as a whole: what comes after the input that could not
 * be decided queues behind it, everything else goes on.
 */
export class Parking {
  readonly #subjects = new Map<string, ParkedRow[]>();
  readonly #alone = new Map<string, ParkedRow>();
  readonly #waiting = new Map<string, Set<string>>();
  readonly #counts = new Map<number, number>();

  /** Whether a row is (still) parked. */
  has(row: ParkedRow): boolean {
    return row.subject === ''
      ? this.#alone.has(row.parkedId)
      : this.subject(row.partition, row.subject).some((each) => each.parkedId === row.parkedId);
  }

  /** Whether a task has parked as much as it may. */
  isFull(partition: number): boolean {
    return this.count(partition) >= parkedInputsMax;
  }

  add(whole: ParkedRow): void {
    const row = withoutLongInput(whole);
    this.#count(row.partition, 1);
    if (row.subject === '') {
      this.#alone.set(row.parkedId, row);
      return;
    }
    const name = subjectName(row.partition, row.subject);
    const rows = this.#subjects.get(name) ?? [];
    this.#subjects.set(name, rows);
    rows.push(row);
    // Almost always the newest is the last; one that was taken up and parked again goes back to its place.
    if ((rows.at(-2)?.position ?? 0) > row.position) rows.sort((a, b) => a.position - b.position);
    if (row.waitUntil === undefined) return;
    for (const reference of awaitedBy(row)) {
      const names = this.#waiting.get(reference) ?? new Set();
      this.#waiting.set(reference, names.add(name));
    }
  }

  remove(row: ParkedRow): void {
    if (!this.has(row)) return;
    this.#count(row.partition, -1);
    if (this.#alone.delete(row.parkedId)) return;
    const name = subjectName(row.partition, row.subject);
    const rows = this.subject(row.partition, row.subject).filter((each) => each.parkedId !== row.parkedId);
    if (rows.length === 0) this.#subjects.delete(name);
    else this.#subjects.set(name, rows);
    if (row.waitUntil === undefined) return;
    for (const reference of awaitedBy(row)) {
      const names = this.#waiting.get(reference);
      names?.delete(name);
      if (names?.size === 0) this.#waiting.delete(reference);
    }
  }

  #count(partition: number, by: number): void {
    this.#counts.set(partition, (this.#counts.get(partition) ?? 0) + by);
  }

  /** Whether nothing waits, as is usual. */
  get isEmpty(): boolean {
    return this.#subjects.size === 0;
  }

  /** All that waits with a subject, in order of arrival. */
  subject(partition: number, subject: string): readonly ParkedRow[] {
    return this.#subjects.get(subjectName(partition, subject)) ?? [];
  }

  /** Everything that waits with the subjects that have been waiting for this reference. */
  awaiting(reference: { readonly topic: string; readonly key: string }): readonly ParkedRow[] {
    return [...(this.#waiting.get(nameOf(reference)) ?? [])].flatMap((name) => this.#subjects.get(name) ?? []);
  }

  /** Everything that waits with the subjects that have been waiting for any reference. */
  get awaitingAny(): readonly ParkedRow[] {
    const names = new Set([...this.#waiting.values()].flatMap((each) => [...each]));
    return [...names].flatMap((name) => this.#subjects.get(name) ?? []);
  }

  /** What waits with a subject although nothing is left in front of it, or nothing that still has to wait: it may go on. */
  released(
    partition: number,
    subject: string,
    mayGoOn: (first: ParkedRow) => boolean = () => false,
  ): readonly ParkedRow[] {
    const rows = this.subject(partition, subject);
    const [first] = rows;
    return first !== undefined && (first.reason === behind || mayGoOn(first)) ? rows : [];
  }

  /** How many inputs a task has parked. */
  count(partition: number): number {
    return this.#counts.get(partition) ?? 0;
  }

  get rows(): readonly ParkedRow[] {
    return [...this.#alone.values(), ...[...this.#subjects.values()].flat()];
  }

  drop(partitions: readonly number[]): void {
    const kept = this.rows.filter((row) => !partitions.includes(row.partition));
    for (const all of [this.#subjects, this.#alone, this.#waiting, this.#counts]) all.clear();
    for (const row of kept) this.add(row);
  }
}

/** What is to be known of an input that is too long to be kept in memory. */
export function briefOf(first: FirstArrival): ParkedBrief | undefined {
  if (first.kind !== 'record') return undefined;
  const { record } = first;
  const chars = charsOf(record);
  if (chars <= parkedCharsMax) return undefined;
  const named = ['ce_type', 'ce_dataversion'].flatMap((name) => {
    const text = record.headers[name];
    return text === undefined ? [] : [[name, text.slice(0, nameCharsMax)] as const];
  });
  const { topic, offset } = record;
  return { kind: 'record', record: { topic, offset, headers: Object.fromEntries(named) }, chars };
}

export function subjectName(partition: number, subject: string): string {
  return `${partition} ${subject}`;
}

/** The references that a row waits for, by name; none where it waits for something else. */
export function awaitedReferences(row: ParkedRow): readonly string[] {
  return row.waitUntil === undefined ? [] : awaitedBy(row);
}

/** A waiting row's detail names the references it waits for, one a line. */
function awaitedBy(row: ParkedRow): readonly string[] {
  return row.detail.split('\n');
}
