import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { seatState } from '../../contracts/rules/seat-map.ts';
import { decodeRoot, encodeRoot } from './codec.ts';
import {
  at,
  blocks,
  eur,
  given,
  lost,
  only,
  plan,
  quoteFor,
  released,
  reserved,
  rules,
  show,
  showId,
  sold,
  terms,
  types,
} from './decider.fixtures.ts';
import type { Input, Priced } from './state.ts';

const twoSeats = { seats: ['S-A-1', 'C-A-1'] };

test('given a price list, when seats are reserved, then each costs its category, and one fee is added', () => {
  const price = only(given().when(reserved(1, twoSeats)), 'PriceCalculated');
  assert.deepEqual(price.items, [
    { seat: 'S-A-1', priceCategory: 'stalls', price: eur(1_000) },
    { seat: 'C-A-1', priceCategory: 'circle', price: eur(2_000) },
  ]);
  assert.deepEqual(price.fees, [{ name: 'Booking fee', price: eur(150) }]);
  assert.deepEqual(price.total, eur(3_150));
  assert.equal(price.rulesVersion, 3);
  assert.deepEqual(
    price.rules.map(({ rule, priceCategory }) => `${rule} ${priceCategory}`),
    ['list_price stalls', 'list_price circle'],
  );
});

test('given a price, when the same seats are reserved again, then nothing happens', () => {
  assert.deepEqual(given(reserved(1, twoSeats)).when(reserved(1, twoSeats)), []);
});

test('given places that cost nothing, when they are reserved, then the booking is free of fees too', () => {
  const price = only(given().when(reserved(1, { areas: [{ area: 'pit', count: 2 }] })), 'PriceCalculated');
  assert.deepEqual(price.total, eur(0));
  assert.deepEqual(price.fees, []);
  assert.deepEqual(
    price.items.map(({ area }) => area),
    ['pit', 'pit'],
  );
});

test('given no booking fee, when seats are reserved, then there is no fee', () => {
  const price = only(given().when(reserved(1, twoSeats, { terms: { bookingFeeMinor: 0 } })), 'PriceCalculated');
  assert.deepEqual(price.fees, []);
});

test('given a quote that was valid when the request was accepted, then it is the price, whatever the list says', () => {
  const quote = quoteFor(['S-A-1'], 777, at - 50);
  const price = only(given().when(reserved(1, { seats: ['S-A-1'] }, { quote })), 'PriceCalculated');
  assert.deepEqual(price.total, eur(777));
  assert.equal(price.quoteId, 'quo_1');
  assert.equal(price.rulesVersion, 2);
  assert.deepEqual(price.quote, quote);
});

test('given a quote that had expired when the request was accepted, then the list is the price and the quote is told', () => {
  const quote = quoteFor(['S-A-1'], 777, at - 51);
  const price = only(given().when(reserved(1, { seats: ['S-A-1'] }, { quote })), 'PriceCalculated');
  assert.deepEqual(price.total, eur(1_150));
  assert.equal(price.quoteId, undefined);
  assert.deepEqual(price.quote, quote);
});

test('given a quote for other seats, then the list is the price', () => {
  const quote = quoteFor(['S-A-2'], 777);
  const price = only(given().when(reserved(1, { seats: ['S-A-1'] }, { quote })), 'PriceCalculated');
  assert.deepEqual(price.total, eur(1_150));
});

test('given nobody told of the show, when seats are reserved, then the price is unknown but the demand is not', () => {
  const unknown = reserved(1, twoSeats, { terms: { show: undefined } });
  assert.equal(only(given().when(unknown), 'PriceUnknown').reason, 'show_not_found');
  const show = given(unknown);
  assert.equal(show.root.categories.get('stalls')?.held, 1);
  assert.equal(seatState(show.root.map, 0), 'held');
});

test('given a category without a price, when its seats are reserved, then the price is unknown', () => {
  const show = terms.show && { ...terms.show, priceCategories: [{ name: 'stalls', price: eur(1) }] };
  const answer = given().when(reserved(1, twoSeats, { terms: { show } }));
  assert.equal(only(answer, 'PriceUnknown').reason, 'category_without_price');
});

test('given nobody told of the show, a valid quote is the price all the same', () => {
  const quote = quoteFor(['S-A-1'], 777);
  const answer = given().when(
    reserved(1, { seats: ['S-A-1'] }, { quote, terms: { show: undefined, plan: undefined } }),
  );
  assert.deepEqual(only(answer, 'PriceCalculated').total, eur(777));
});

test('given a show that sells in another currency by now, a quote in the old one is no price', () => {
  const yen = terms.show && {
    ...terms.show,
    priceCategories: terms.show.priceCategories.map((each) => ({ ...each, price: { amount: 1_000, currency: 'JPY' } })),
  };
  const quote = quoteFor(['S-A-1'], 777);
  const answer = given().when(reserved(1, { seats: ['S-A-1'] }, { quote, terms: { show: yen } }));
  const { total, quoteId } = only(answer, 'PriceCalculated');
  assert.deepEqual([total.currency, quoteId], ['JPY', undefined]);
});

test('given half a category taken, when the next booking comes, then the list moves by one step and that is its price', () => {
  const show = given(reserved(1, { seats: ['S-A-1', 'S-A-2'] }));
  const answer = show.when(reserved(2, { seats: ['S-A-3'] }));
  assert.deepEqual(types(answer), ['PriceListChanged', 'DemandMoved', 'PriceCalculated']);
  const list = only(answer, 'PriceListChanged');
  assert.deepEqual(list.priceCategories[0], { name: 'stalls', price: eur(1_100), listPrice: eur(1_000) });
  assert.deepEqual(list.priceCategories[1], { name: 'circle', price: eur(2_000), listPrice: eur(2_000) });
  const price = only(answer, 'PriceCalculated');
  assert.deepEqual(price.total, eur(1_250));
  assert.deepEqual(
    price.rules.map(({ rule }) => rule),
    ['list_price', 'occupancy', 'largest_step'],
  );
});

test('given a list that has reached what the rules say, when seats are sold, then it stays', () => {
  const show = given(
    reserved(1, { seats: ['S-A-1', 'S-A-2'] }),
    sold(1, { seats: ['S-A-1', 'S-A-2'] }),
    reserved(2, { seats: ['S-A-3'] }),
  );
  assert.equal(show.root.prices.get('stalls')?.amount, 1_200);
  assert.deepEqual(types(show.when(sold(2, { seats: ['S-A-3'] }))), ['DemandMoved']);
});

test('given another list price, the price in force keeps its share of it', () => {
  const show = given(reserved(1, { seats: ['S-A-1', 'S-A-2'] }), sold(1, { seats: ['S-A-1', 'S-A-2'] }));
  const dearer = terms.show && { ...terms.show, priceCategories: [{ name: 'stalls', price: eur(3_000) }] };
  const answer = show.when(reserved(2, { seats: ['S-A-3'] }, { terms: { show: dearer } }));
  assert.deepEqual(only(answer, 'PriceListChanged').priceCategories[0]?.price, eur(3_600));
});

test('given a sale, then revenue and sold seats are counted by category, without the fee', () => {
  const show = given(reserved(1, twoSeats), sold(1, twoSeats));
  assert.deepEqual(show.root.categories.get('stalls'), { held: 0, sold: 1, revenue: 1_000 });
  assert.deepEqual(show.root.categories.get('circle'), { held: 0, sold: 1, revenue: 2_000 });
  assert.equal(seatState(show.root.map, 0), 'sold');
});

test('given a sale, when some of it is given back, then just that is taken off', () => {
  const show = given(reserved(1, twoSeats), sold(1, twoSeats), released(1, 'sold', { seats: ['C-A-1'] }, false));
  assert.deepEqual(show.root.categories.get('circle'), { held: 0, sold: 0, revenue: 0 });
  assert.deepEqual(show.root.categories.get('stalls'), { held: 0, sold: 1, revenue: 1_000 });
  show.take(released(1, 'sold', { seats: ['S-A-1'] }));
  assert.deepEqual(show.root.categories.get('stalls'), { held: 0, sold: 0, revenue: 0 });
});

test('given a hold that ended, when its seats are sold after all, then at the price they had', () => {
  const show = given(reserved(1, twoSeats), released(1, 'held', twoSeats), sold(1, twoSeats));
  assert.deepEqual(show.root.categories.get('circle'), { held: 0, sold: 1, revenue: 2_000 });
});

test('given places of an area, when some are given back, then so many are', () => {
  const three = { areas: [{ area: 'pit', count: 3 }] };
  const show = given(
    reserved(1, three),
    sold(1, three),
    released(1, 'sold', { areas: [{ area: 'pit', count: 2 }] }, false),
  );
  assert.deepEqual(show.root.areas.get('pit'), { held: 0, sold: 1 });
  assert.equal(show.root.categories.get('free')?.sold, 1);
});

test('given blocked seats, then they are not free, and free again when they are unblocked', () => {
  const show = given(blocks('SeatsBlocked', 'S-A-1', 'S-A-2'), blocks('SeatsUnblocked', 'S-A-2'));
  assert.equal(seatState(show.root.map, 0), 'blocked');
  assert.equal(seatState(show.root.map, 1), 'free');
});

test('a root survives its snapshot', () => {
  const { root } = given(reserved(1, twoSeats), sold(1, twoSeats), blocks('SeatsBlocked', 'S-A-4'));
  assert.deepEqual(encodeRoot(decodeRoot(JSON.parse(JSON.stringify(encodeRoot(root))))), encodeRoot(root));
});

for (const name of ['constructor', '__proto__', 'toString']) {
  test(`a price category and an area may be called ${name}: they have prices and are counted like any other`, () => {
    const odd = {
      plan: { ...plan, areas: [{ area: name, name: 'Pit', capacity: 10, priceCategory: name }] },
      show: { ...show, priceCategories: [...show.priceCategories, { name, price: eur(700) }] },
    };
    const two = { areas: [{ area: name, count: 2 }] };
    const price = only(given().when(reserved(1, two, { terms: odd })), 'PriceCalculated');
    assert.deepEqual(price.total, eur(2 * 700 + 150));
    const { root } = given(reserved(1, two, { terms: odd }), sold(1, two));
    const kept = decodeRoot(JSON.parse(JSON.stringify(encodeRoot(root))));
    assert.deepEqual(kept, root);
    assert.deepEqual(kept.areas.get(name), { held: 0, sold: 2 });
    assert.deepEqual(kept.categories.get(name), { held: 0, sold: 2, revenue: 2 * 700 });
  });
}

/** Every state × input, decided on purpose. */
const histories: Readonly<Record<Priced['status'], readonly Input[]>> = {
  none: [],
  held: [reserved(1, twoSeats)],
  sold: [reserved(1, twoSeats), sold(1, twoSeats)],
  released: [reserved(1, twoSeats), released(1, 'held', twoSeats)],
};
const inputs: Readonly<Record<Exclude<Input['type'], 'SeatsBlocked' | 'SeatsUnblocked'>, Input>> = {
  SeatsReserved: reserved(1, twoSeats),
  SeatsSold: sold(1, twoSeats),
  SeatsReleased: released(1, 'held', twoSeats),
  SeatsLost: lost(1, twoSeats),
};
const answers: Readonly<Record<keyof typeof inputs, Partial<Record<Priced['status'], string>>>> = {
  SeatsReserved: { none: 'DemandMoved,PriceCalculated' },
  SeatsSold: { none: 'DemandMoved', held: 'DemandMoved', released: 'DemandMoved' },
  SeatsReleased: { none: 'DemandMoved', held: 'DemandMoved', sold: 'DemandMoved' },
  SeatsLost: {},
};
for (const [status, history] of Object.entries(histories) as [Priced['status'], readonly Input[]][]) {
  for (const [type, input] of Object.entries(inputs) as [keyof typeof inputs, Input][]) {
    const expected = answers[type][status] ?? '';
    test(`given a booking that is ${status}, when ${type} comes, then ${expected || 'nothing happens'}`, () => {
      const show = given(...history);
      assert.equal(show.state(input).part.status, status);
      assert.equal(types(show.when(input)).join(), expected);
    });
  }
}

test('whatever happens, a change of the list stays within floor, ceiling and one step', () => {
  const seats = ['S-A-1', 'S-A-2', 'S-A-3', 'S-A-4'];
  const step = fc.record({ booking: fc.nat(3), what: fc.constantFrom('reserve', 'sell', 'release') });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const show = given();
      let before = 1_000;
      for (const { booking, what } of steps) {
        const named = { seats: [seats[booking] ?? ''] };
        const input =
          what === 'reserve'
            ? reserved(booking, named)
            : what === 'sell'
              ? sold(booking, named)
              : released(booking, 'held', named);
        for (const event of show.when(input)) {
          if (event.type !== 'PriceListChanged') continue;
          const amount = event.data.priceCategories[0]?.price.amount ?? 0;
          assert.equal(event.data.showId, showId);
          assert.ok(Math.abs(amount - before) <= (1_000 * rules.largestStepPercent) / 100);
          assert.ok(amount >= 500 && amount <= 1_500);
          before = amount;
        }
        show.take(input);
      }
    }),
    { numRuns: 200 },
  );
});
