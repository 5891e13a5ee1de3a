import type { ParkedRow } from '../store/store.ts';
import { type FirstArrival, type MessageArrival, partitionOfArrival, subjectOf } from './arrival.ts';
import { behind, briefOf, type Parking, subjectName } from './parking.ts';

/** Characters of a reason's detail that are kept: an error may repeat what it was about. */
const detailCharsMax = 2_000;

/** An arrival with its place in the batch: what comes before it and what behind. */
export interface Placed {
  readonly index: number;
  readonly arrival: MessageArrival;
}

interface SetAside {
  readonly index: number;
  /** Without its position where that is not given yet. */
  readonly row: Omit<ParkedRow, 'parkedId' | 'position'>;
  readonly again: ParkedRow | undefined;
}

/** Why an input is set aside, and until when it only waits. */
export interface Reason {
  readonly reason: string;
  readonly detail: string;
  readonly waitUntil?: number;
  /** It is set aside alone: nobody has to wait behind it. */
  readonly alone?: boolean;
}

/** What a batch takes up from the parked inputs and what it sets aside; the parking itself changes when it has committed. */
export class ParkingDraft {
  readonly #parking: Parking;
  readonly #now: number;
  readonly #nextPosition: () => number;
  readonly #takenUp = new Map<string, ParkedRow>();
  readonly #setAside: SetAside[] = [];
  /** By subject: the place in the batch of the first input that has to wait. What came before it goes on. */
  readonly #heldFrom = new Map<string, number>();
  #rows: readonly ParkedRow[] | undefined;

  constructor(options: { readonly parking: Parking; readonly now: number; readonly nextPosition: () => number }) {
    this.#parking = options.parking;
    this.#now = options.now;
    this.#nextPosition = options.nextPosition;
  }

  /**
   * Takes up a parked input: once, while it is still parked, and never past an earlier one of its subject. Somebody may
   * have asked for it twice (its reference came as its wait ended).
   */
  takeUp(row: ParkedRow, discard: boolean): boolean {
    if (this.#takenUp.has(row.parkedId) || !this.#parking.has(row)) return false;
    if (!discard && row.subject !== '' && this.#firstLeft(row.partition, row.subject)?.parkedId !== row.parkedId)
      return false;
    this.#takenUp.set(row.parkedId, row);
    return true;
  }

  #firstLeft(partition: number, subject: string): ParkedRow | undefined {
    return this.#parking.subject(partition, subject).find((row) => !this.#takenUp.has(row.parkedId));
  }

  /** Whether an input has to wait for an earlier one of its subject. */
  holds({ index, arrival }: Placed, subject: string): boolean {
    if (subject === '' || (this.#heldFrom.size === 0 && this.#parking.isEmpty)) return false;
    const partition = partitionOfArrival(arrival);
    if ((this.#heldFrom.get(subjectName(partition, subject)) ?? index) < index) return true;
    return arrival.kind !== 'parked' && this.#firstLeft(partition, subject) !== undefined;
  }

  /** Sets an input aside, and holds what comes after it about the same subject. */
  park({ index, arrival }: Placed, { reason, detail, waitUntil, alone = false }: Reason): void {
    const again = arrival.kind === 'parked' ? arrival.row : undefined;
    const first: FirstArrival = arrival.kind === 'parked' ? (arrival.row.arrival as FirstArrival) : arrival;
    const partition = partitionOfArrival(arrival);
    const subject = again?.subject ?? (alone ? '' : subjectOf(first));
    // What a person reads; the database keeps no NUL in a text.
    const readable = detail.replaceAll('\0', '\ufffd');
    this.#setAside.push({
      index,
      again,
      row: {
        partition,
        subject,
        reason,
        detail: waitUntil === undefined ? readable.slice(0, detailCharsMax) : readable,
        arrival: first,
        brief: briefOf(first),
        parkedAt: again?.parkedAt ?? this.#now,
        waitUntil,
      },
    });
    if (subject === '') return;
    const name = subjectName(partition, subject);
    this.#heldFrom.set(name, Math.min(this.#heldFrom.get(name) ?? index, index));
  }

  parkBehind(placed: Placed): void {
    this.park(placed, { reason: behind, detail: 'an earlier input of this subject waits' });
  }

  /** What is set aside, in order of arrival. Asked for when all is decided. */
  get rows(): readonly ParkedRow[] {
    this.#rows ??= this.#setAside
      .sort((a, b) => a.index - b.index)
      .map(({ row, again }) => {
        const position = again?.position ?? this.#nextPosition();
        return { ...row, parkedId: again?.parkedId ?? `prk_${row.partition}_${position}`, position };
      });
    return this.#rows;
  }

  /** What is parked no longer. */
  get unparked(): readonly string[] {
    const again = new Set(this.rows.map((row) => row.parkedId));
    return [...this.#takenUp.keys()].filter((parkedId) => !again.has(parkedId));
  }

  /** The batch has committed: says what may go on, since nothing is left in front of it. */
  adopt(): readonly ParkedRow[] {
    for (const row of this.#takenUp.values()) this.#parking.remove(row);
    for (const row of this.rows) this.#parking.add(row);
    const concerned = new Map(
      [...this.#takenUp.values(), ...this.rows].map((row) => [subjectName(row.partition, row.subject), row]),
    );
    return [...concerned.values()].flatMap((row) => this.#parking.released(row.partition, row.subject));
  }
}
