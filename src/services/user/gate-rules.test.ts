import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Quote } from '../../contracts/rules/quote.ts';
import { type Asked, type Choice, gateRefusal, wantedOf } from './gate-rules.ts';

const showId = 'shw_01890000-0000-7000-8000-000000000001';
const otherShow = 'shw_01890000-0000-7000-8000-000000000002';

const quoteFor = (places: Partial<Pick<Quote, 'seats' | 'areas' | 'showId'>>): Quote => ({
  ...{ quoteId: 'quo', showId, seats: [], areas: [], items: [], fees: [], rules: [], rulesVersion: 0 },
  ...{ total: { amount: 2_000, currency: 'USD' }, expiresAt: '2026-01-01T00:00:00.000Z' },
  ...places,
});
const asked = (choice: Omit<Choice, 'showId'>, quote?: Asked['quote']): Asked => ({
  choice: { showId, ...choice },
  quote,
  seatsPerBookingMax: 4,
  now: Date.UTC(2026, 0, 1),
});
const seats = ['A-1-1', 'A-1-2'];
const areas = [{ area: 'standing', count: 2 }];

const allowed: readonly [string, Asked, ReturnType<typeof wantedOf>][] = [
  ['seats', asked({ seats }), { kind: 'seats', seats }],
  ['the best that are free', asked({ bestAvailable: { count: 4 } }), { kind: 'bestAvailable', count: 4 }],
  [
    'the best accessible ones of a category',
    asked({ bestAvailable: { count: 1, priceCategory: 'stalls', accessible: true } }),
    { kind: 'bestAvailable', count: 1, priceCategory: 'stalls', accessible: true },
  ],
  [
    'the best, or to wait for them',
    asked({ bestAvailable: { count: 4 }, waitForSeats: {} }),
    { kind: 'bestAvailable', count: 4 },
  ],
  [
    'places in an area, or to wait for them until then',
    asked({ areas, waitForSeats: { until: '2026-01-01T00:00:01.000Z' } }),
    { kind: 'areas', areas },
  ],
  ['places in an area', asked({ areas }), { kind: 'areas', areas }],
  ['places in exchange for a booking', asked({ areas, replaces: 'bkg_1' }), { kind: 'areas', areas }],
  ['a quote of seats alone', asked({}, quoteFor({ seats })), { kind: 'seats', seats }],
  ['a quote of places alone', asked({}, quoteFor({ areas })), { kind: 'areas', areas }],
  [
    'the quoted seats in another order',
    asked({ seats: [...seats].reverse() }, quoteFor({ seats })),
    { kind: 'seats', seats: [...seats].reverse() },
  ],
  ['the quoted places', asked({ areas }, quoteFor({ areas })), { kind: 'areas', areas }],
];

for (const [what, request, wanted] of allowed) {
  test(`${what} may be asked for`, () => {
    assert.equal(gateRefusal(request), undefined);
    assert.deepEqual(wantedOf(request), wanted);
  });
}

const refused: readonly [string, Asked, string, string][] = [
  ['nothing', asked({}), '/seats', 'required'],
  ['two ways at once', asked({ seats, areas }), '/seats', 'ambiguous'],
  ['two other ways at once', asked({ bestAvailable: { count: 1 }, areas }), '/areas', 'ambiguous'],
  ['a seat twice', asked({ seats: ['A-1-1', 'A-1-1'] }), '/seats/1', 'duplicate'],
  ['an area twice', asked({ areas: [...areas, ...areas] }), '/areas/1', 'duplicate'],
  ['too many seats', asked({ seats: ['1', '2', '3', '4', '5'] }), '/seats', 'too_many'],
  ['too many of the best', asked({ bestAvailable: { count: 5 } }), '/bestAvailable/count', 'too_many'],
  [
    'too many places',
    asked({
      areas: [
        { area: 'a', count: 3 },
        { area: 'b', count: 2 },
      ],
    }),
    '/areas',
    'too_many',
  ],
  ['a quote of too many', asked({}, quoteFor({ seats: ['1', '2', '3', '4', '5'] })), '/quote', 'too_many'],
  ['a forged quote', asked({ seats }, 'forged'), '/quote', 'quote_invalid'],
  ['a quote for another show', asked({}, quoteFor({ seats, showId: otherShow })), '/quote', 'quote_mismatch'],
  ['other seats than quoted', asked({ seats: ['A-1-1', 'A-1-3'] }, quoteFor({ seats })), '/seats', 'quote_mismatch'],
  ['fewer seats than quoted', asked({ seats: ['A-1-1'] }, quoteFor({ seats })), '/seats', 'quote_mismatch'],
  ['seats where places were quoted', asked({ seats }, quoteFor({ areas })), '/seats', 'quote_mismatch'],
  [
    'other places than quoted',
    asked({ areas: [{ area: 'standing', count: 3 }] }, quoteFor({ areas })),
    '/areas',
    'quote_mismatch',
  ],
  [
    'the best beside a quote',
    asked({ bestAvailable: { count: 2 } }, quoteFor({ seats })),
    '/bestAvailable',
    'quote_mismatch',
  ],
  [
    'to wait in exchange for something',
    asked({ areas, waitForSeats: {}, replaces: 'bkg_1' }),
    '/replaces',
    'ambiguous',
  ],
  ['to wait for seats by name', asked({ seats, waitForSeats: {} }), '/waitForSeats', 'conflict'],
  ['to wait for what was quoted', asked({ waitForSeats: {} }, quoteFor({ areas })), '/waitForSeats', 'conflict'],
  [
    'to wait until now',
    asked({ areas, waitForSeats: { until: '2026-01-01T00:00:00.000Z' } }),
    '/waitForSeats/until',
    'past',
  ],
];

for (const [what, request, pointer, code] of refused) {
  test(`${what} is refused at ${pointer}`, () => {
    const refusal = gateRefusal(request);
    assert.equal(refusal?.pointer, pointer);
    assert.equal(refusal?.code, code);
  });
}
