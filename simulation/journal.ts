/** What clients write down while a run goes, before anybody else knows. */

/** What customers are known to do; the run counts each. */
export const habits = [
  'books with a payment',
  'books and pays later',
  'books with a quote',
  'exchanges',
  'pays late',
  'pays twice',
  'retries with the same key',
  'sends twice at once',
  'cancels',
  'vanishes',
  'goes in',
  'pays cash at the counter',
  'fights for a seat',
  'waits for seats',
  'offers a ticket',
  'takes an offer back',
  'takes a ticket',
  'gives a ticket on',
  'erases the account',
  'erases the account twice',
  'books while erasing the account',
] as const;
export type Habit = (typeof habits)[number];

/** A booking that was acknowledged. */
export interface Acknowledged {
  readonly bookingId: string;
  readonly key: string;
  readonly userId: string;
  readonly showId: string;
  /** When the request that was acknowledged was sent: milliseconds since the run began. */
  readonly sentAt: number;
  /** The total of the quote that came along, and whether it was in force when the booking was asked for. */
  readonly quoted: { readonly amount: number; readonly expiresAt: number } | undefined;
}

/** The erasure of an account; milliseconds since the run began. */
export interface Erasure {
  /** When it was asked for first. */
  readonly askedAt: number;
  /** When whoever asked was told that it is done; nobody was, where no answer ever came. */
  readonly toldAt?: number;
}

/** What all customers write down, for the invariants. */
export class Journal {
  readonly acknowledged: Acknowledged[] = [];
  /** By key: every booking that was ever answered to it. */
  readonly answers = new Map<string, Set<string>>();
  /** Codes that somebody was let in with. */
  readonly admitted: string[] = [];
  /** By whose secret who was told to have which ticket. */
  readonly taken: { readonly code: string; readonly ticketId: string; readonly userId: string }[] = [];
  /** By user. */
  readonly erasures = new Map<string, Erasure>();
  readonly habits = new Map<Habit, number>();

  erasureAsked(userId: string): void {
    if (!this.erasures.has(userId)) this.erasures.set(userId, { askedAt: performance.now() });
  }

  erasureTold(userId: string): void {
    const known = this.erasures.get(userId);
    if (known !== undefined && known.toldAt === undefined)
      this.erasures.set(userId, { ...known, toldAt: performance.now() });
  }

  note(habit: Habit): void {
    this.habits.set(habit, (this.habits.get(habit) ?? 0) + 1);
  }
}
