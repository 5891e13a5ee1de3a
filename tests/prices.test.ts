import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { defaultSettings } from '../src/contracts/settings.ts';
import { type Answer, type Booking, type Client, eventually, visa } from './support/client.ts';
import { changeSetting, moneyKept, seatStates } from './support/operations.ts';
import { type RunningApp, runApp } from './support/servers.ts';
import { buildVenue, openShow, type Venue } from './support/venue.ts';

interface Amount {
  readonly amount: number;
  readonly currency: string;
}
interface Quote {
  readonly quote: string;
  readonly seats: readonly string[];
  readonly items: readonly {
    readonly seat?: string;
    readonly area?: string;
    readonly priceCategory: string;
    readonly price: Amount;
  }[];
  readonly fees: readonly { readonly name: string; readonly price: Amount }[];
  readonly total: Amount;
  readonly expiresAt: string;
  readonly rules: readonly { readonly rule: string }[];
  readonly code?: string;
  readonly errors?: readonly { readonly pointer: string }[];
}
type Priced = Booking & { readonly newTotal?: Amount };

const eur = (amount: number): Amount => ({ amount, currency: 'EUR' });
const prices = (standard: number, currency = 'EUR') => ({
  priceCategories: [
    { name: 'standard', price: { amount: standard, currency } },
    { name: 'premium', price: { amount: 2_000, currency } },
    { name: 'standing', price: { amount: 500, currency } },
  ],
});

describe('the price a buyer saw', () => {
  let running: RunningApp;
  let admin: Client;
  let ada: Client;
  let venue: Venue;
  let showId: string;

  before(async () => {
    running = await runApp();
    ({ admin } = running);
    ada = await running.anyone.register();
    venue = await buildVenue(admin);
  });
  after(() => running.stop());

  const quoteFor = (request: object, of = showId) => running.anyone.post<Quote>(`/v1/shows/${of}/quotes`, request);
  const outcome = ({ body }: Answer<Booking>) => [
    body.status,
    body.reason,
    body.total?.amount,
    (body as Priced).newTotal?.amount,
  ];

  /** Changes the price of a stall seat and waits until it is what buyers are shown. */
  async function priceIs(standard: number): Promise<void> {
    assert.equal((await admin.call('PATCH', `/v1/shows/${showId}`, { body: prices(standard) })).status, 200);
    await eventually(
      () => quoteFor({ seats: ['S-E-10'] }),
      ({ body }) => body.total.amount === standard + 150,
    );
  }

  async function newShow(): Promise<void> {
    showId = await openShow(admin, venue);
  }

  it('is told item by item, with its fees and what made it', async () => {
    await newShow();
    const { status, body } = await quoteFor({ seats: ['S-A-1', 'C-A-3'] });
    assert.equal(status, 200);
    assert.deepEqual(body.seats, ['S-A-1', 'C-A-3']);
    assert.deepEqual(body.items, [
      { seat: 'S-A-1', priceCategory: 'standard', price: eur(1_000) },
      { seat: 'C-A-3', priceCategory: 'premium', price: eur(2_000) },
    ]);
    assert.deepEqual(body.fees, [{ name: 'Booking fee', price: eur(150) }]);
    assert.deepEqual(body.total, eur(3_150));
    assert.ok(Date.parse(body.expiresAt) > Date.now());
    assert.ok(Array.isArray(body.rules));
    const best = await quoteFor({ bestAvailable: { count: 3 } });
    assert.equal(best.body.seats.length, 3);
    const standing = await quoteFor({ areas: [{ area: 'FLOOR', count: 2 }] });
    assert.deepEqual(
      standing.body.items.map(({ area, price }) => [area, price.amount]),
      [
        ['FLOOR', 500],
        ['FLOOR', 500],
      ],
    );
  });

  it('is charged while the quote is valid, wherever prices have moved', async () => {
    await newShow();
    const { body: quote } = await quoteFor({ seats: ['S-A-1', 'S-A-2'] });
    await priceIs(3_000);
    const quoted = await ada.book({ showId, quote: quote.quote, payment: visa });
    assert.deepEqual(outcome(quoted), ['confirmed', undefined, 2_150, undefined]);
    assert.deepEqual(quoted.body.seats, ['S-A-1', 'S-A-2']);
    assert.equal(await moneyKept(admin, quoted.body.bookingId), 2_150);
    const unquoted = await ada.book({ showId, seats: ['S-A-3'], payment: visa });
    assert.deepEqual(outcome(unquoted), ['confirmed', undefined, 3_150, undefined]);
  });

  it('is charged even where the price has come down since', async () => {
    await newShow();
    const { body: quote } = await quoteFor({ seats: ['S-A-1'] });
    await priceIs(400);
    assert.equal((await ada.book({ showId, quote: quote.quote })).body.total?.amount, 1_150);
  });

  it('is the limit once the quote has expired', async () => {
    await newShow();
    await changeSetting(running, 'quoteTtlMs', 1_000);
    const expired = async (seat: string) => {
      const { body } = await quoteFor({ seats: [seat] });
      await eventually(
        async () => Date.now(),
        (now) => now > Date.parse(body.expiresAt),
      );
      return body.quote;
    };
    const [same, lower, higher, agreed] = await Promise.all(['S-A-1', 'S-A-2', 'S-A-3', 'S-A-4'].map(expired));
    await changeSetting(running, 'quoteTtlMs', 120_000);
    assert.equal((await ada.book({ showId, quote: same })).body.status, 'awaiting_payment');
    await priceIs(900);
    assert.deepEqual(outcome(await ada.book({ showId, quote: lower })), [
      'awaiting_payment',
      undefined,
      1_050,
      undefined,
    ]);
    await priceIs(1_200);
    const refused = await ada.book({ showId, quote: higher });
    assert.deepEqual(outcome(refused), ['rejected', 'price_changed', 1_350, 1_350]);
    await eventually(
      () => seatStates(ada, showId),
      (states) => states[2] === 0,
    );
    const more = await ada.book({ showId, quote: agreed, maxTotal: eur(1_350) });
    assert.deepEqual(outcome(more), ['awaiting_payment', undefined, 1_350, undefined]);
  });

  it('is never above what the buyer agreed to, nor in another currency', async () => {
    await newShow();
    const book = (seat: string, maxTotal: Amount) => ada.book({ showId, seats: [seat], maxTotal, payment: visa });
    assert.deepEqual(outcome(await book('S-A-1', eur(1_150))), ['confirmed', undefined, 1_150, undefined]);
    const tooMuch = await book('S-A-2', eur(1_149));
    assert.deepEqual(outcome(tooMuch), ['rejected', 'price_changed', 1_150, 1_150]);
    assert.deepEqual((tooMuch.body as Priced).newTotal, eur(1_150));
    assert.deepEqual(tooMuch.body.total, eur(1_150), 'where prices are');
    assert.equal(await moneyKept(admin, tooMuch.body.bookingId), 0);
    const dollars = await book('S-A-3', { amount: 99_999, currency: 'USD' });
    assert.deepEqual(outcome(dollars), ['rejected', 'price_changed', 1_150, 1_150]);
  });

  it('moves with demand by the rules of the administrator, and the quote says why', async () => {
    await newShow();
    const { body: before } = await quoteFor({ seats: ['S-A-1'] });
    const rules = defaultSettings.pricingRules;
    await changeSetting(running, 'pricingRules', { ...rules, occupancy: [{ fromPercent: 0, addPercent: 10 }] });
    const { body: dearer } = await quoteFor({ seats: ['S-A-1'] });
    assert.equal(dearer.total.amount, 1_250);
    assert.ok(
      dearer.rules.some(({ rule }) => rule === 'occupancy'),
      JSON.stringify(dearer.rules),
    );
    assert.equal((await ada.book({ showId, quote: before.quote })).body.total?.amount, 1_150);
    assert.equal((await ada.book({ showId, seats: ['S-A-2'] })).body.total?.amount, 1_250);
    await changeSetting(running, 'pricingRules', rules);
  });

  it('is bound to its show and its places, and cannot be forged', async () => {
    await newShow();
    const { body: quote } = await quoteFor({ seats: ['S-A-1'] });
    const other = await openShow(admin, venue);
    const forged = `${quote.quote.slice(0, -4)}${quote.quote.endsWith('AAAA') ? 'BBBB' : 'AAAA'}`;
    const wrong: readonly object[] = [
      { showId: other, quote: quote.quote },
      { showId, seats: ['S-A-2'], quote: quote.quote },
      { showId, seats: ['S-A-1', 'S-A-2'], quote: quote.quote },
      { showId, areas: [{ area: 'FLOOR', count: 1 }], quote: quote.quote },
      { showId, quote: forged },
    ];
    for (const [index, request] of wrong.entries()) {
      const { status, body } = await ada.post<Quote>('/v1/bookings', request, { key: `wrong-${index}` });
      assert.deepEqual([status, body.code], [422, 'validation_failed'], JSON.stringify(request));
    }
    const named = await ada.book({ showId, seats: ['S-A-1'], quote: quote.quote });
    assert.equal(named.body.status, 'awaiting_payment');
  });

  it('is not told for places that cannot be had', async () => {
    await newShow();
    await ada.book({ showId, seats: ['S-A-1'] });
    const refused = async (request: object, of = showId) => {
      const { status, body } = await quoteFor(request, of);
      return [status, body.code];
    };
    assert.deepEqual(await refused({ seats: ['S-A-1'] }), [409, 'seats_unavailable']);
    assert.deepEqual(await refused({ seats: ['X-1'] }), [422, 'validation_failed']);
    assert.deepEqual(await refused({ areas: [{ area: 'X', count: 1 }] }), [422, 'validation_failed']);
    assert.deepEqual(await refused({}), [422, 'validation_failed']);
    assert.deepEqual(await refused({ seats: ['S-A-2', 'S-A-2'] }), [422, 'validation_failed']);
    assert.deepEqual(await refused({ bestAvailable: { count: 11 } }), [422, 'validation_failed']);
    assert.deepEqual(await refused({ seats: ['S-A-2'] }, 'shw_01890000-0000-7000-8000-000000000001'), [
      404,
      'not_found',
    ]);
  });
});
