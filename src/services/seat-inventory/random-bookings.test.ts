import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { planIndex } from '../../contracts/rules/plan-order.ts';
import { seatState } from '../../contracts/rules/seat-map.ts';
import type { Applied, Statement } from '../../runtime/service.ts';
import { decodeRoot, encodeRoot } from './codec.ts';
import {
  areas,
  asksFor,
  at,
  best,
  blocking,
  booking,
  cancelled,
  created,
  deadlineReached,
  declined,
  ended,
  given,
  paid,
  paymentStarted,
  plan,
  seats,
  showId,
  waitsUntil,
} from './decider.fixtures.ts';
import { decider } from './decider.ts';
import { allocationWalls } from './projection.ts';
import { type Event, type Input, initialState, type ShowSeats } from './state.ts';
import { everybodyIn, isWaiting } from './waiting-line.ts';
import { findWaiting } from './waiting-list.ts';

/** Whatever inputs come in whatever order: no seat has two owners, and everything that counts seats agrees. */
const ids = ['S-A-1', 'S-A-2', 'S-A-3', 'S-B-1'];
const sold = ['A', 'B']
  .flatMap((row) => [1, 2, 3, 4, 5, 6].map((number) => `S-${row}-${number}`))
  .filter((seat) => !ids.includes(seat));
const step = fc.record({
  booking: fc.integer({ min: 1, max: 5 }),
  what: fc.constantFrom(
    'seats',
    'best',
    'wait',
    'go on',
    'areas',
    'start',
    'decline',
    'pay',
    'reject',
    'cancel',
    'some',
    'deadline',
    'block',
    'unblock',
  ),
  some: fc.subarray(ids, { minLength: 1, maxLength: 3 }),
  minutes: fc.nat(20),
  endsBatch: fc.boolean(),
});
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

function inputOf({
  booking: number,
  what,
  some,
  minutes,
}: Step & { readonly what: Exclude<Step['what'], 'go on'> }): Input {
  const about = booking(number);
  const limited = number === 1 ? { seatsPerCustomerMax: 3 } : {};
  switch (what) {
    case 'seats':
      return created(about, seats(...some), limited);
    case 'best':
      return created(about, best(some.length), limited);
    case 'wait':
      return created(about, minutes > 10 ? areas(['pit', some.length + 2]) : best(some.length), {
        ...limited,
        waitsUntil,
      });
    case 'areas':
      return created(about, areas(['pit', some.length + 2]), limited);
    case 'start':
      return paymentStarted(about, new Date(at + minutes * 60_000).toISOString());
    case 'decline':
      return declined(about);
    case 'pay':
      return paid(about, some);
    case 'reject':
      return ended('BookingRejected', about);
    case 'cancel':
      return cancelled(about, { whole: true });
    case 'some':
      return cancelled(about, { whole: false, seats: some, areas: [{ area: 'pit', count: 1 }] });
    case 'deadline':
      return deadlineReached(about, at + minutes * 60_000);
    case 'block':
      return blocking('BlockRequested', ...some);
    default:
      return blocking('UnblockRequested', ...some);
  }
}

/** The tables as PostgreSQL would keep them. */
class Walls {
  readonly owners = new Map<string, string>();
  readonly places = new Map<string, { taken: number; capacity: number }>();

  apply(events: readonly Event[]): void {
    for (const statement of allocationWalls({ applied: events.map(applied) })) this.#run(statement);
  }

  #run({ name, values }: Statement): void {
    const [shows = [], keys = [], last = []] = values.map((column) => (Array.isArray(column) ? column : []));
    shows.forEach((show, row) => {
      const key = `${show} ${keys[row]}`;
      const value = last[row];
      if (name === 'release-allocations' && this.owners.get(key) === value) this.owners.delete(key);
      if (name === 'insert-allocations') {
        assert.equal(this.owners.has(key), false, `${key} has two owners`);
        this.owners.set(key, String(value));
      }
      if (name === 'open-areas')
        this.places.set(key, { taken: this.places.get(key)?.taken ?? 0, capacity: Number(value) });
      const area = this.places.get(key);
      if (name !== 'move-places') return;
      assert.ok(area !== undefined);
      area.taken += Number(value);
      assert.ok(area.taken >= 0 && area.taken <= area.capacity, `${key} has ${area.taken} of ${area.capacity}`);
    });
  }
}

function applied({ type, data }: Event): Applied {
  const rest = { id: 'x/1', version: 1, source: 'seat-inventory', time: at, subject: showId, streamVersion: 1 };
  const trace = { causationId: 'x', correlationId: 'x', traceparent: undefined, sequence: undefined, timeline: 1 };
  return { kind: 'fact', key: showId, partition: 0, envelope: { ...rest, ...trace, type, data } };
}

test('two bookings never own one seat, and the wall agrees with the decider after every batch', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const show = given();
      const walls = new Walls();
      let batch: Event[] = [];
      const all: Event[] = [];
      /** What facts have asked for, and what comes back of itself some time later. */
      const asked: Input[] = [];
      const take = (input: Input) => {
        const isOffered = new Set(show.root.offered?.indexes);
        const waited = show.root.waiting;
        const events = show.take(input);
        for (const event of events) {
          asked.push(...asksFor(event));
          if (event.type === 'SeatsReserved' && !isWaiting(waited, event.data.bookingId))
            assert.deepEqual(
              event.data.indexes.filter((index) => isOffered.has(index)),
              [],
              'what is offered to others',
            );
        }
        batch.push(...events);
        all.push(...events);
      };
      // In a hall that is nearly sold out.
      take(created(booking(9), seats(...sold)));
      for (const { what, ...each } of steps) {
        const next = what === 'go on' ? asked.shift() : inputOf({ what, ...each });
        if (next !== undefined) take(next);
        if (!each.endsBatch) continue;
        walls.apply(batch);
        batch = [];
        checkOwners(
          show.root,
          [...show.parts.values()].flatMap((part) =>
            'indexes' in part && part.status !== 'released' ? part.indexes : [],
          ),
          walls,
        );
      }
      for (let next = asked.shift(); next !== undefined; next = asked.shift()) take(next);
      assert.deepEqual(findWaiting(show.root, planIndex(plan)), [], 'nobody waits for what is free');
      assert.equal(show.root.offered, undefined);
      const waiting = [...show.parts].filter(([, { status }]) => status === 'waiting').map(([bookingId]) => bookingId);
      assert.deepEqual([...everybodyIn(show.root.waiting)].map(([bookingId]) => bookingId).sort(), waiting.sort());
      checkFolds(show.root, show.parts, all);
    }),
    { numRuns: 400 },
  );
});

function checkOwners(root: ShowSeats, owned: readonly number[], walls: Walls): void {
  assert.equal(new Set(owned).size, owned.length, 'a seat has two owners');
  const taken = Array.from({ length: 12 }, (_, index) => index).filter((index) =>
    ['held', 'sold'].includes(seatState(root.map, index)),
  );
  assert.deepEqual(
    [...owned].sort((a, b) => a - b),
    taken,
  );
  assert.deepEqual([...walls.owners.keys()].sort(), taken.map((index) => `${showId} ${index}`).sort());
  const { held = 0, sold = 0 } = root.areas.get('pit') ?? {};
  assert.equal(walls.places.get(`${showId} pit`)?.taken ?? 0, held + sold);
}

/** A root and its parts come back from snapshot and facts as they were. */
function checkFolds(root: ShowSeats, parts: ReadonlyMap<string, unknown>, all: readonly Event[]): void {
  let again = initialState.root;
  all.forEach((event, at) => {
    if (at === Math.floor(all.length / 2)) again = decodeRoot(JSON.parse(JSON.stringify(encodeRoot(again))));
    again = decider.evolve({ root: again, part: initialState.part }, event).root;
  });
  assert.deepEqual(encodeRoot(again), encodeRoot(root));
  for (const [bookingId, part] of parts) {
    let folded = initialState.part;
    for (const event of all) {
      if (!('bookingId' in event.data) || event.data.bookingId !== bookingId) continue;
      folded = decider.evolve({ root: initialState.root, part: folded }, event).part;
    }
    assert.deepEqual(folded, part);
  }
}

test('the wall falls on a seat that is reserved twice, in one batch as in two', () => {
  const first = given().when(created(booking(1), seats('S-A-1')));
  const second = given().when(created(booking(2), seats('S-A-1')));
  assert.throws(() => new Walls().apply([...first, ...second]), /two owners/);
  const walls = new Walls();
  walls.apply(first);
  assert.throws(() => walls.apply(second), /two owners/);
});

test('a seat that changes hands within a batch is one row before and one after', () => {
  const show = given(created(booking(1), seats('S-A-1')));
  const events = [
    ...show.take(ended('BookingRejected', booking(1))),
    ...show.take(created(booking(2), seats('S-A-1'))),
    ...show.take(ended('BookingRejected', booking(2))),
    ...show.take(created(booking(3), seats('S-A-1'))),
  ];
  const [gone, come, ...rest] = allocationWalls({ applied: events.map(applied) });
  assert.deepEqual(gone?.values, [[showId], [0], [booking(1).bookingId]]);
  assert.deepEqual(come?.values, [[showId], [0], [booking(3).bookingId]]);
  assert.equal(rest.length, 0);
});
