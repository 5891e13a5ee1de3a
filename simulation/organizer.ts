import type { BookingDocument } from '../src/services/user/booking-document.ts';
import type { Client } from './client.ts';
import type { Journal } from './journal.ts';
import { sleep } from './process.ts';
import type { Random } from './random.ts';
import type { Trace } from './trace.ts';
import type { Venue } from './venue.ts';

export const organizerDeeds = [
  'cancels a show',
  'moves a show',
  'blocks seats',
  'changes prices',
  'changes settings',
  'cancels some seats',
] as const;
export type Deed = (typeof organizerDeeds)[number];

/** The organizer, who changes what is on sale while it sells. */
export async function organize(options: {
  readonly client: Client;
  readonly venue: Venue;
  readonly random: Random;
  readonly trace: Trace;
  readonly deeds: Map<Deed, number>;
  readonly journal: Journal;
}): Promise<void> {
  const { client, venue, random, trace, deeds, journal } = options;
  const note = (deed: Deed) => {
    deeds.set(deed, (deeds.get(deed) ?? 0) + 1);
    trace.tell('organizer', () => deed);
  };
  const showId = () => random.pick(venue.shows).showId;
  const all: Readonly<Record<Deed, () => Promise<void>>> = {
    'cancels a show': () => venue.command(showId(), { type: 'CancelShow' }),
    'moves a show': async () => {
      const id = showId();
      const state = venue.show(id);
      if (state.status === 'absent') return;
      const startsAt = new Date(Date.parse(state.show.startsAt) + 3_600_000).toISOString();
      const sales = { ...state.show.sales, closesAt: startsAt };
      await venue.command(id, { type: 'ChangeShow', changes: { startsAt, sales }, booked: true, at: Date.now() });
    },
    'blocks seats': async () => {
      const first = random.between(0, venue.seats.length - 3);
      const asked = { service: 'seat-inventory', path: '/shows/{showId}/blocks', params: { showId: showId() } };
      const body = { seats: venue.seats.slice(first, first + 3) };
      await client.ask({ ...asked, method: 'POST', body, key: `block-${first}-${random.between(0, 1_000)}` });
      await sleep(random.between(1_000, 60_000));
      await client.ask({ ...asked, method: 'DELETE', body, key: `unblock-${first}-${random.between(0, 1_000)}` });
    },
    'changes prices': async () => {
      const id = showId();
      const state = venue.show(id);
      if (state.status === 'absent') return;
      const factor = random.pick([80, 110, 150]);
      const priceCategories = state.show.priceCategories.map(({ name, price }) => ({
        name,
        price: { ...price, amount: Math.round((price.amount * factor) / 100) },
      }));
      await venue.command(id, { type: 'ChangeShow', changes: { priceCategories }, booked: true, at: Date.now() });
    },
    'cancels some seats': async () => {
      for (const { bookingId } of journal.acknowledged.slice(-6)) {
        const params = { bookingId };
        const found = await client.ask({ service: 'user', method: 'GET', path: '/bookings/{bookingId}', params });
        if (found.status !== 200) continue;
        const { status, seats } = found.body as BookingDocument;
        if (status !== 'confirmed' || seats.length < 2) continue;
        const asked = { service: 'user', path: '/bookings/{bookingId}/cancellation', params } as const;
        await client.ask({
          ...asked,
          method: 'POST',
          body: { seats: seats.slice(0, 1) },
          key: `some-seats-${bookingId}`,
        });
      }
    },
    'changes settings': async () => {
      const change = random.pick([
        ['holdTtlMs', 20_000],
        ['holdTtlMs', 300_000],
        ['bookingFeeMinor', 0],
        ['bookingFeeMinor', 250],
        ['paymentGraceMs', 10_000],
        ['notificationGraceMs', 0],
      ] as const);
      await venue.change(change[0], change[1]);
    },
  };
  const plan: readonly (readonly [Deed, number])[] = [
    ['cancels a show', 0.3],
    ['moves a show', 0.3],
    ['blocks seats', 0.6],
    ['changes prices', 0.5],
    ['changes settings', 0.4],
    ['cancels some seats', 0.7],
  ];
  await Promise.all([
    venue.announce(),
    ...plan.map(async ([deed, probability]) => {
      if (!random.chance(probability)) return;
      await sleep(random.between(5_000, 150_000));
      note(deed);
      await all[deed]();
    }),
  ]);
}
