import type { Quote } from '../../contracts/rules/quote.ts';
import type { Wanted } from '../../contracts/seats.ts';

/**
 * What a request for a booking can be judged by alone, before anything is stored: shape, counts, the same seat twice,
 * and whether the quote is ours and for this. What needs the show or the plan is the booking service's matter.
 */

/** What a customer sends: at most one way of choosing places, or none beside a quote. */
export interface Choice {
  readonly showId: string;
  readonly seats?: readonly string[] | undefined;
  readonly bestAvailable?:
    | { readonly count: number; readonly priceCategory?: string | undefined; readonly accessible?: boolean | undefined }
    | undefined;
  readonly areas?: readonly { readonly area: string; readonly count: number }[] | undefined;
  readonly waitForSeats?: { readonly until?: string | undefined } | undefined;
  /** The booking that is given up for this one. */
  readonly replaces?: string | undefined;
}

export interface Asked {
  readonly choice: Choice;
  /** `forged`: a quote came along and its signature is not ours. */
  readonly quote: Quote | 'forged' | undefined;
  readonly seatsPerBookingMax: number;
  /** Milliseconds since 1970. */
  readonly now: number;
}

export interface GateRefusal {
  readonly pointer: string;
  readonly code: string;
  readonly message: string;
}

type Rule = (asked: Asked) => GateRefusal | undefined;

const rules: readonly Rule[] = [
  quoteIsOurs,
  quoteIsForThisShow,
  oneWayOfChoosing,
  noSeatTwice,
  noAreaTwice,
  notTooMany,
  choiceIsTheQuoted,
  waitsForAnySeats,
  waitsForNoExchange,
];

/** The first reason to refuse a request, `undefined` when it may go on. */
export function gateRefusal(asked: Asked): GateRefusal | undefined {
  for (const rule of rules) {
    const refusal = rule(asked);
    if (refusal !== undefined) return refusal;
  }
  return undefined;
}

/** What is wanted, of a request that no rule refused. */
export function wantedOf(asked: Asked): Wanted {
  const { seats, bestAvailable, areas } = asked.choice;
  if (seats !== undefined) return { kind: 'seats', seats: [...seats] };
  if (areas !== undefined) return { kind: 'areas', areas: areas.map((each) => ({ ...each })) };
  if (bestAvailable !== undefined) {
    const { count, priceCategory, accessible } = bestAvailable;
    return {
      kind: 'bestAvailable',
      count,
      ...(priceCategory === undefined ? {} : { priceCategory }),
      ...(accessible === undefined ? {} : { accessible }),
    };
  }
  const quote = quoteOf(asked);
  if (quote === undefined) throw new Error('a request without places and without a quote passed the gate');
  return quote.areas.length > 0 ? { kind: 'areas', areas: quote.areas } : { kind: 'seats', seats: quote.seats };
}

function quoteIsOurs({ quote }: Asked): GateRefusal | undefined {
  if (quote !== 'forged') return undefined;
  return refusal('/quote', 'quote_invalid', 'is not a quote made here; ask POST /v1/shows/{showId}/quotes for one');
}

function quoteIsForThisShow(asked: Asked): GateRefusal | undefined {
  const quote = quoteOf(asked);
  if (quote === undefined || quote.showId === asked.choice.showId) return undefined;
  return refusal('/quote', 'quote_mismatch', 'was made for another show; ask for a quote for this one');
}

function oneWayOfChoosing(asked: Asked): GateRefusal | undefined {
  const { seats, bestAvailable, areas } = asked.choice;
  const ways = [seats, bestAvailable, areas].filter((way) => way !== undefined).length;
  if (ways === 1 || (ways === 0 && quoteOf(asked) !== undefined)) return undefined;
  if (ways === 0) return refusal('/seats', 'required', 'name seats, bestAvailable or areas, or send a quote');
  return refusal(
    seats !== undefined ? '/seats' : '/areas',
    'ambiguous',
    'name one of seats, bestAvailable and areas, not several',
  );
}

function noSeatTwice({ choice }: Asked): GateRefusal | undefined {
  const again = choice.seats?.findIndex((seat, index, all) => all.indexOf(seat) !== index) ?? -1;
  return again < 0
    ? undefined
    : refusal(`/seats/${again}`, 'duplicate', 'names a seat a second time; name each seat once');
}

function noAreaTwice({ choice }: Asked): GateRefusal | undefined {
  const again =
    choice.areas?.findIndex(({ area }, index, all) => all.findIndex((each) => each.area === area) !== index) ?? -1;
  return again < 0
    ? undefined
    : refusal(`/areas/${again}`, 'duplicate', 'names an area a second time; give one count per area');
}

function notTooMany(asked: Asked): GateRefusal | undefined {
  const { seats, bestAvailable, areas } = asked.choice;
  const most = asked.seatsPerBookingMax;
  const tooMany = (pointer: string, count: number) =>
    count > most
      ? refusal(pointer, 'too_many', `asks for ${count} places; one booking takes at most ${most}`)
      : undefined;
  if (seats !== undefined) return tooMany('/seats', seats.length);
  if (bestAvailable !== undefined) return tooMany('/bestAvailable/count', bestAvailable.count);
  if (areas !== undefined) return tooMany('/areas', placesIn(areas));
  const quote = quoteOf(asked);
  return quote === undefined ? undefined : tooMany('/quote', quote.seats.length + placesIn(quote.areas));
}

function choiceIsTheQuoted(asked: Asked): GateRefusal | undefined {
  const quote = quoteOf(asked);
  if (quote === undefined) return undefined;
  const { seats, bestAvailable, areas } = asked.choice;
  if (bestAvailable !== undefined) {
    return refusal('/bestAvailable', 'quote_mismatch', 'must be left out beside a quote, which names its seats');
  }
  if (seats !== undefined && !(quote.areas.length === 0 && sameMembers(seats, quote.seats))) {
    return refusal('/seats', 'quote_mismatch', 'are not the quoted seats; leave them out or ask for a new quote');
  }
  if (
    areas !== undefined &&
    !(quote.seats.length === 0 && sameMembers(areas.map(areaText), quote.areas.map(areaText)))
  ) {
    return refusal('/areas', 'quote_mismatch', 'are not the quoted places; leave them out or ask for a new quote');
  }
  return undefined;
}

/** Seats that are named, or quoted, are those or none. */
function waitsForAnySeats(asked: Asked): GateRefusal | undefined {
  const { waitForSeats, seats } = asked.choice;
  if (waitForSeats === undefined) return undefined;
  if (waitForSeats.until !== undefined && Date.parse(waitForSeats.until) <= asked.now)
    return refusal(
      '/waitForSeats/until',
      'past',
      'must be a moment to come; leave it out to wait as long as there is a sale',
    );
  if (seats === undefined && asked.quote === undefined) return undefined;
  return refusal('/waitForSeats', 'conflict', 'waits for bestAvailable or areas; leave out seats and quote');
}

/** By the time that seats are found it may be too late to give the other booking back, and both would have to be paid. */
function waitsForNoExchange({ choice: { waitForSeats, replaces } }: Asked): GateRefusal | undefined {
  if (waitForSeats === undefined || replaces === undefined) return undefined;
  return refusal(
    '/replaces',
    'ambiguous',
    'cannot be given up for seats that are waited for; leave one of the two out',
  );
}

function quoteOf({ quote }: Asked): Quote | undefined {
  return quote === 'forged' ? undefined : quote;
}

function areaText({ area, count }: { readonly area: string; readonly count: number }): string {
  return `${area} ${count}`;
}

function placesIn(areas: readonly { readonly count: number }[]): number {
  return areas.reduce((places, { count }) => places + count, 0);
}

function sameMembers(some: readonly string[], others: readonly string[]): boolean {
  return some.length === others.length && [...some].sort().join('\n') === [...others].sort().join('\n');
}

function refusal(pointer: string, code: string, message: string): GateRefusal {
  return { pointer, code, message };
}
