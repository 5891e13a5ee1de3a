import type { RecordedRequest } from '../operations/on-sale.ts';

/** Who comes to a rehearsed sale, when, and what each of them wants. */

/** One customer with one wish. */
export interface Comer {
  /** Milliseconds since the sale began. */
  readonly atMs: number;
  /** Who it is: customers who come twice are the same person. */
  readonly customer: number;
  /** Which of the rehearsed shows, from 0. */
  readonly show: number;
  /** The body of their request, but for the show and the payment. */
  readonly wants: Readonly<Record<string, unknown>>;
  /** When they pay: with the request (0), so many milliseconds after it, or never. */
  readonly paysAfterMs: number | undefined;
}

/** Somebody new at even distances, each for the next of the shows, who pays at once. */
export function madeUpCrowd({
  customers,
  withinMs,
  seats,
  shows,
}: {
  readonly customers: number;
  readonly withinMs: number;
  /** How many of the best seats each wants, or places in a show's areas where it has no seats. */
  readonly seats: number;
  /** Of each show, the area that people stand in where it has no seats. */
  readonly shows: readonly { readonly standing: string | undefined }[];
}): readonly Comer[] {
  return Array.from({ length: customers }, (_, customer) => {
    const show = customer % shows.length;
    const area = shows[show]?.standing;
    return {
      ...{ atMs: (customer * withinMs) / customers, customer, show, paysAfterMs: 0 },
      wants: area === undefined ? { bestAvailable: { count: seats } } : { areas: [{ area, count: seats }] },
    };
  });
}

/** Those who came, in their order and at their distances, `speed` times as fast. */
export function recordedCrowd(
  requests: readonly RecordedRequest[],
  { showIds, speed }: { readonly showIds: readonly string[]; readonly speed: number },
): readonly Comer[] {
  const inOrder = requests.toSorted((a, b) => a.at - b.at);
  const began = inOrder[0]?.at ?? 0;
  const customers = new Map<string, number>();
  return inOrder.map(({ at, userId, showId, wanted, paidAfterMs, waits }) => {
    const customer = customers.get(userId) ?? customers.size;
    customers.set(userId, customer);
    return {
      ...{ atMs: (at - began) / speed, customer, show: showIds.indexOf(showId) },
      wants: { ...bodyOf(wanted), ...(waits ? { waitForSeats: {} } : {}) },
      paysAfterMs: paidAfterMs === undefined ? undefined : paidAfterMs / speed,
    };
  });
}

/** A wish as `POST /v1/bookings` takes it. */
function bodyOf(wanted: RecordedRequest['wanted']): Readonly<Record<string, unknown>> {
  switch (wanted.kind) {
    case 'seats':
      return { seats: wanted.seats };
    case 'areas':
      return { areas: wanted.areas };
    case 'bestAvailable': {
      const { kind: _kind, ...best } = wanted;
      return { bestAvailable: best };
    }
    default:
      return wanted satisfies never;
  }
}
