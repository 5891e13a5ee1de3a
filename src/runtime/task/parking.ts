import type { ParkedRow } from '../store/store.ts';
import { nameOf } from './references.ts';

/** Inputs a task may keep parked before it takes no more from its topics. */
export const parkedInputsMax = 10_000;

/**
 * Which subjects of a loop's tasks wait, and why. A subject waits as a whole: what comes after the input that could not
 * be decided queues behind it, everything else goes on.
 */
export class Parking {
  readonly #subjects = new Map<string, ParkedRow[]>();
  readonly #alone = new Map<string, ParkedRow>();
  readonly #waiting = new Map<string, Set<string>>();
  readonly #counts = new Map<number, number>();

  /** Whether inputs about this subject have to queue. */
  holds(partition: number, subject: string): boolean {
    return subject !== '' && this.#subjects.has(subjectName(partition, subject));
  }

  /** Whether a task has parked as much as it may. */
  isFull(partition: number): boolean {
    return (this.#counts.get(partition) ?? 0) >= parkedInputsMax;
  }

  add(row: ParkedRow): void {
    this.#count(row.partition, 1);
    if (row.subject === '') {
      this.#alone.set(row.parkedId, row);
      return;
    }
    const name = subjectName(row.partition, row.subject);
    const rows = this.#subjects.get(name);
    if (rows === undefined) this.#subjects.set(name, [row]);
    else rows.push(row);
    if (row.waitUntil === undefined) return;
    for (const reference of awaitedBy(row)) {
      const names = this.#waiting.get(reference) ?? new Set();
      this.#waiting.set(reference, names.add(name));
    }
  }

  remove(row: ParkedRow): void {
    const name = subjectName(row.partition, row.subject);
    const rows = this.#subjects.get(name)?.filter((each) => each.parkedId !== row.parkedId);
    if (this.#alone.delete(row.parkedId) || rows !== undefined) this.#count(row.partition, -1);
    if (rows === undefined || rows.length === 0) this.#subjects.delete(name);
    else this.#subjects.set(name, rows);
    if (row.waitUntil !== undefined) for (const reference of awaitedBy(row)) this.#waiting.get(reference)?.delete(name);
  }

  #count(partition: number, by: number): void {
    this.#counts.set(partition, (this.#counts.get(partition) ?? 0) + by);
  }

  /** All that waits with a subject, in order of arrival. */
  subject(partition: number, subject: string): readonly ParkedRow[] {
    return this.#subjects.get(subjectName(partition, subject)) ?? [];
  }

  /** Everything that waits with the subjects that have been waiting for this reference. */
  awaiting(reference: { readonly topic: string; readonly key: string }): readonly ParkedRow[] {
    return [...(this.#waiting.get(nameOf(reference)) ?? [])].flatMap((name) => this.#subjects.get(name) ?? []);
  }

  get rows(): readonly ParkedRow[] {
    return [...this.#alone.values(), ...[...this.#subjects.values()].flat()];
  }

  drop(partitions: readonly number[]): void {
    for (const row of this.rows) if (partitions.includes(row.partition)) this.remove(row);
  }
}

function subjectName(partition: number, subject: string): string {
  return `${partition} ${subject}`;
}

/** A waiting row's detail names the references it waits for, one a line. */
function awaitedBy(row: ParkedRow): readonly string[] {
  return row.detail.split('\n');
}
