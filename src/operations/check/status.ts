import type { BookingFacts } from './booking-facts.ts';
import type { Data, Fact } from './fact.ts';

/** Later than this is late: a deadline is at most two seconds late, and its answer passes two services. */
export const lateMsMax = 10_000;

/** A booking's state by its facts, told by rules of the auditor's own: what decides bookings is not asked here. */
export type Status =
  | 'none'
  | 'requested'
  | 'waiting'
  | 'awaiting_payment'
  | 'paying'
  | 'paid'
  | 'confirmed'
  | 'rejected'
  | 'expired'
  | 'cancelled';

const statusAfter: Readonly<Record<string, Status>> = {
  BookingCreated: 'requested',
  BookingWaits: 'waiting',
  BookingHeld: 'awaiting_payment',
  BookingPaymentStarted: 'paying',
  PaymentDeclined: 'awaiting_payment',
  BookingPaid: 'paid',
  BookingConfirmed: 'confirmed',
  BookingRejected: 'rejected',
  BookingExpired: 'expired',
  BookingCancelled: 'cancelled',
};

const next: Readonly<Record<Status, readonly Status[]>> = {
  none: ['requested', 'rejected'],
  requested: ['waiting', 'awaiting_payment', 'rejected', 'expired', 'cancelled'],
  // The second time where its show was moved since.
  waiting: ['waiting', 'awaiting_payment', 'rejected', 'expired', 'cancelled'],
  awaiting_payment: ['paying', 'paid', 'rejected', 'expired', 'cancelled'],
  paying: ['awaiting_payment', 'paid', 'rejected', 'expired'],
  paid: ['confirmed', 'expired'],
  confirmed: ['cancelled'],
  rejected: [],
  expired: [],
  cancelled: [],
};

export const ended: readonly Status[] = ['rejected', 'expired', 'cancelled'];

export interface History {
  readonly status: Status;
  /** When it came there. */
  readonly since: number;
  /** Steps that no booking may take. */
  readonly forbidden: readonly string[];
}

export function historyOf(facts: readonly Fact[]): History {
  let status: Status = 'none';
  let since = 0;
  const forbidden: string[] = [];
  for (const fact of facts) {
    const { type } = fact;
    const after = statusAfter[type];
    // Some seats of a confirmed booking: it stays what it is.
    if (after === undefined || (type === 'BookingCancelled' && fact.data.whole === false)) continue;
    if (!next[status].includes(after)) forbidden.push(`${status} → ${after} (${type})`);
    status = after;
    since = fact.time;
  }
  return { status, since, forbidden };
}

/** The seats and places a booking has by the facts of the seat inventory. */
export interface Owned {
  readonly kind: 'none' | 'held' | 'sold';
  readonly seats: ReadonlyMap<string, number>;
  readonly areas: ReadonlyMap<string, number>;
  readonly heldUntil: number;
}

export function ownedBy({ seats: facts }: Pick<BookingFacts, 'seats'>): Owned {
  const seats = new Map<string, number>();
  const areas = new Map<string, number>();
  let kind: Owned['kind'] = 'none';
  let heldUntil = 0;
  for (const fact of facts) {
    switch (fact.type) {
      case 'SeatsReserved':
        give(seats, areas, fact.data);
        heldUntil = Date.parse(fact.data.holdExpiresAt ?? '');
        kind = 'held';
        break;
      case 'HoldMoved':
        heldUntil = Date.parse(fact.data.heldUntil ?? '');
        break;
      case 'SeatsSold':
        if (kind === 'none') give(seats, areas, fact.data);
        kind = 'sold';
        break;
      case 'SeatsReleased':
        take(seats, areas, fact.data);
        if (seats.size === 0 && areas.size === 0) kind = 'none';
        break;
      default:
        // Every other fact leaves owners as they are.
        break;
    }
  }
  return { kind, seats, areas, heldUntil };
}

function give(seats: Map<string, number>, areas: Map<string, number>, data: Data): void {
  for (const [position, seat] of (data.seats ?? []).entries()) seats.set(seat, data.indexes?.[position] ?? -1);
  for (const { area, count } of data.areas ?? []) areas.set(area, (areas.get(area) ?? 0) + count);
}

function take(seats: Map<string, number>, areas: Map<string, number>, data: Data): void {
  for (const seat of data.seats ?? []) seats.delete(seat);
  for (const { area, count } of data.areas ?? []) {
    const left = (areas.get(area) ?? 0) - count;
    if (left > 0) areas.set(area, left);
    else areas.delete(area);
  }
}

/** Places by name and how many: seats once each. */
export function placesIn(owned: Pick<Owned, 'seats' | 'areas'>): readonly string[] {
  return [
    ...owned.seats.keys(),
    ...[...owned.areas].flatMap(([area, count]) => Array.from({ length: count }, () => area)),
  ].sort();
}

/** Places with a valid ticket. */
export function validTickets({ ticketRows }: BookingFacts): readonly string[] {
  return ticketRows
    .filter(({ status }) => status !== 'void')
    .map(({ seat, area }) => seat ?? area ?? '')
    .sort();
}

/** How long a hold may last: the longest that was ever set, since a change applies to later holds only. */
export interface HoldLimits {
  readonly holdTtlMs: number;
  /** For who has waited for the seats. */
  readonly waitingListHoldMs: number;
  /** By how much an open charge may move its end. */
  readonly paymentGraceMs: number;
}

/** A booking as the rules look at it. */
export interface Examined {
  readonly facts: BookingFacts;
  readonly history: History;
  readonly owned: Owned;
  /** The clock of the databases: milliseconds since 1970. */
  readonly now: number;
  readonly limits: HoldLimits;
}
