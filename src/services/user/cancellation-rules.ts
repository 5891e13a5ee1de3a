import type { Show } from '../../contracts/catalog.ts';
import type { BookingDocument } from './booking-document.ts';

/**
 * Whether a cancellation may be asked for, judged by what this service has read. The booking service decides again, by
 * the same rules, on what is true then; this saves a person from waiting for a no.
 */
export interface CancellationAsked {
  readonly booking: BookingDocument;
  readonly by: 'customer' | 'organizer';
  /** Only these seats; all when absent. */
  readonly seats: readonly string[] | undefined;
  /** The show as the catalogue has it; unknown where it has not arrived. */
  readonly show: Show | undefined;
  /** Milliseconds since 1970. */
  readonly now: number;
}

export type CancellationRefusal =
  | { readonly code: 'conflict' | 'cancellation_closed'; readonly detail: string }
  | { readonly code: 'validation_failed'; readonly pointer: string; readonly detail: string };

type Rule = (asked: CancellationAsked) => CancellationRefusal | undefined;

const rules: readonly Rule[] = [
  endedOtherwise,
  someSeatsNeedConfirmation,
  seatsAreOfTheBooking,
  notUsed,
  notGiven,
  notBegun,
];

/** The first reason to refuse, `undefined` when the cancellation may be asked for. */
export function cancellationRefusal(asked: CancellationAsked): CancellationRefusal | undefined {
  for (const rule of rules) {
    const refusal = rule(asked);
    if (refusal !== undefined) return refusal;
  }
  return undefined;
}

function endedOtherwise({ booking }: CancellationAsked): CancellationRefusal | undefined {
  if (booking.status !== 'rejected' && booking.status !== 'expired') return undefined;
  return { code: 'conflict', detail: `The booking is ${booking.status} already; there is nothing to cancel.` };
}

function someSeatsNeedConfirmation({ booking, seats }: CancellationAsked): CancellationRefusal | undefined {
  if (seats === undefined || booking.status === 'confirmed') return undefined;
  return {
    code: 'conflict',
    detail: `The booking is ${booking.status}; only of a confirmed one can some seats be cancelled.`,
  };
}

function seatsAreOfTheBooking({ booking, seats }: CancellationAsked): CancellationRefusal | undefined {
  const foreign = seats?.findIndex((seat) => !booking.seats.includes(seat) && !wasPriced(booking, seat)) ?? -1;
  if (foreign < 0) return undefined;
  return { code: 'validation_failed', pointer: `/seats/${foreign}`, detail: 'is not a seat of this booking' };
}

/** A seat that was cancelled before still has its price here: to cancel it again is no mistake, and changes nothing. */
function wasPriced({ items = [] }: BookingDocument, seat: string): boolean {
  return items.some((item) => item.seat === seat);
}

function notUsed({ booking, seats }: CancellationAsked): CancellationRefusal | undefined {
  const { usedTickets, places } = booking.internal;
  const used = usedTickets.some((ticket) => seats === undefined || seats.includes(places[ticket] ?? ''));
  return used
    ? { code: 'conflict', detail: 'A ticket of this booking was used; what was seen cannot be given back.' }
    : undefined;
}

/** Else one sells a ticket, and has the money back; what organizers cancel is theirs to refund. */
function notGiven({ booking, by }: CancellationAsked): CancellationRefusal | undefined {
  const { givenTickets = [], internal } = booking;
  const given = by === 'customer' && givenTickets.some((ticket) => !internal.voidTickets.includes(ticket));
  return given
    ? { code: 'conflict', detail: 'A ticket of this booking belongs to somebody else now; only they can give it back.' }
    : undefined;
}

/** Once it has begun it is too late by any policy; which one counts before, only the booking service knows. */
function notBegun({ booking, by, show, now }: CancellationAsked): CancellationRefusal | undefined {
  if (by === 'organizer' || show === undefined || booking.status !== 'confirmed') return undefined;
  if (now <= Date.parse(show.startsAt)) return undefined;
  return { code: 'cancellation_closed', detail: `The show has begun at ${show.startsAt}.` };
}
