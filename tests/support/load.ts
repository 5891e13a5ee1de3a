import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { appendFile } from 'node:fs/promises';
import { type Booking, type Client, eventually, visa } from './client.ts';

/** Customers who book as fast as they are answered, and write down what they were told. */
export interface Load {
  /** Ids of the bookings that were acknowledged. */
  readonly acknowledged: readonly string[];
  /** Ends it; resolves when nobody waits for an answer any more. */
  end(): Promise<void>;
}

/** `journal`: a file in which they write it down before they go on. */
export function startLoad(clients: readonly Client[], showIds: readonly string[], journal?: string): Load {
  const acknowledged: string[] = [];
  const stop = new AbortController();
  const customers = clients.map(async (client, index) => {
    for (let round = index; !stop.signal.aborted; round += 1) {
      const showId = showIds[round % showIds.length];
      const request = { showId, bestAvailable: { count: 1 }, payment: visa };
      const answer = await client
        .book(request, { key: randomUUID(), waitSeconds: round % 2 === 0 ? 0 : 30 })
        // Cut off, or nobody there: nothing was acknowledged.
        .catch(() => undefined);
      if (answer?.status === 200 || answer?.status === 202) {
        if (journal !== undefined) await appendFile(journal, `${answer.body.bookingId}\n`);
        acknowledged.push(answer.body.bookingId);
      }
      // Refused or cut off: a moment later it may go on. A test that has failed is not kept waiting for it.
      else await new Promise((resolve) => setTimeout(resolve, 20).unref());
    }
  });
  return {
    acknowledged,
    end: async () => {
      stop.abort();
      await Promise.all(customers);
    },
  };
}

/** Resolves when so many bookings were acknowledged. */
export const acknowledged = (load: Load, count: number) =>
  eventually(
    async () => load.acknowledged.length,
    (length) => length >= count,
  );

const final = new Set(['confirmed', 'rejected', 'expired', 'cancelled']);

/** Every acknowledged booking is there and has ended; a confirmed one has its ticket. Returns what they became. */
export async function outcomesOf(admin: Client, load: Load): Promise<readonly Booking[]> {
  const bookings: Booking[] = [];
  for (const bookingId of load.acknowledged) {
    const { status, body } = await eventually(
      () => admin.booking(bookingId),
      (answer) =>
        answer.status === 404 ||
        (answer.status === 200 &&
          final.has(answer.body.status) &&
          (answer.body.status !== 'confirmed' || answer.body.tickets.length === answer.body.seats.length)),
    );
    if (status !== 200) throw new Error(`${bookingId} was acknowledged and is lost`);
    bookings.push(body);
  }
  return bookings;
}

/** The provider's books: each confirmed booking was charged once, and what was charged of any other was given back. */
export async function chargedAsConfirmed(admin: Client, bookings: readonly Booking[]): Promise<void> {
  const ledger = await admin.all<{ type: string; bookingId: string }>('/v1/dev/ledger');
  const charged = new Map<string, number>();
  for (const { type, bookingId } of ledger)
    charged.set(bookingId, (charged.get(bookingId) ?? 0) + (type === 'charge' ? 1 : -1));
  for (const { bookingId, status } of bookings)
    assert.equal(charged.get(bookingId) ?? 0, status === 'confirmed' ? 1 : 0, `${bookingId} is ${status}`);
}
