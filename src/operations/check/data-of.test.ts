import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { dataOf } from './data-of.ts';

/** What is read of a fact is what its JSON says, whatever stands in it: the short way never sees something else. */

interface Sample {
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
}

const id = fc.uuid({ version: 7 });
const money = fc.record({ amount: fc.nat(), currency: fc.constantFrom('EUR', 'USD') });
const seat = fc.constantFrom('S-A-1', 'S-R0-12', 'C-A-8');
const of = {
  bookingId: id.map((each) => `bkg_${each}`),
  showId: id.map((each) => `shw_${each}`),
  userId: id.map((each) => `usr_${each}`),
};
const attempt = fc.integer({ min: 1, max: 3 });
const message = {
  messageId: id.map((each) => `msg_${each}`),
  ...of,
  kind: fc.constantFrom('payment_received', 'tickets_issued'),
  channel: fc.constantFrom('email', 'sms'),
  causeId: fc.tuple(id, fc.nat({ max: 40 })).map(([each, version]) => `bkg_${each}/${version}`),
};
const paymentId = id.map((each) => `pay_${each}`);
const token = fc.constantFrom('tok_visa', 'tok_slow_3');

/** Facts as the services write them: the order of fields is theirs. */
const written: Readonly<Record<string, fc.Arbitrary<Readonly<Record<string, unknown>>>>> = {
  MessagePlanned: fc.record({
    ...message,
    details: fc.record({ kind: fc.constant('payment_received'), amount: money }),
    round: attempt,
  }),
  NotificationSent: fc.record({ ...message, status: fc.constantFrom('delivered', 'skipped', 'failed') }),
  SeatsReserved: fc.uniqueArray(seat).chain((seats) =>
    fc.record({
      ...of,
      seats: fc.constant(seats),
      indexes: fc.constant(seats.map((_, index) => index)),
      areas: fc.constant([]),
      seatPlanId: id.map((each) => `pln_${each}`),
      holdExpiresAt: fc.constant('2026-11-28T15:58:33.092Z'),
      acceptedAt: fc.constant('2026-11-28T15:53:32.925Z'),
    }),
  ),
  HoldMoved: fc.record({
    ...{ bookingId: of.bookingId, showId: of.showId },
    heldUntil: fc.constant('2026-11-28T15:59:33.092Z'),
  }),
  ChargeRequested: fc.record({
    ...{ ...of, attempt, paymentId, amount: money, payment: fc.record({ method: fc.constant('card'), token }) },
    unsettledAt: fc.nat(),
  }),
  PaymentSucceeded: fc.record({
    ...{ ...of, paymentId, attempt, amount: money, provider: fc.constantFrom('sandbox', 'cash') },
    providerReference: id.map((each) => `led_${each}`),
  }),
};

/** The fields that were read say what the JSON says of them, and no other field that rules look at is in it. */
function agrees(type: string, json: string): void {
  const read: Readonly<Record<string, unknown>> = { ...dataOf(type, json) };
  const said = JSON.parse(json) as Readonly<Record<string, unknown>>;
  assert.deepEqual(read, Object.fromEntries(Object.keys(read).map((name) => [name, said[name]])));
  const unread = Object.keys(said).filter((name) => !(name in read));
  assert.deepEqual(
    unread.filter((name) => !unlooked.has(name)),
    [],
  );
}

/** Fields of these types that no rule looks at. */
const unlooked = new Set([
  ...['bookingId', 'showId', 'userId', 'attempt', 'payment', 'unsettledAt', 'details', 'seatPlanId', 'acceptedAt'],
]);

/** Changes that make another fact of it, or the same one written in another way. */
const altered = fc.constantFrom<(data: Readonly<Record<string, unknown>>) => string>(
  (data) => JSON.stringify(data),
  (data) => JSON.stringify(data, null, 1),
  (data) => JSON.stringify(Object.fromEntries(Object.entries(data).reverse())),
  (data) => JSON.stringify({ ...data, kept: { amount: 1, currency: 'EUR' } }),
  (data) => JSON.stringify({ kept: { amount: 1, currency: 'EUR' }, ...data }),
  (data) => JSON.stringify({ ...data, areas: [{ area: 'FLOOR', count: 2 }] }),
  (data) => JSON.stringify(Object.fromEntries(Object.entries(data).slice(0, -1))),
  (data) => JSON.stringify({ ...data, kind: 'a "quoted} kind' }),
  (data) => JSON.stringify({ ...data, details: { text: '"},"round":9}', deep: { deeper: { deepest: '}' } } } }),
  // The last of two fields of one name is the one that counts.
  (data) => `${JSON.stringify(data).slice(0, -1)},"messageId":"msg_x","paymentId":"pay_x","heldUntil":"x"}`,
  (data) => JSON.stringify({ ...data, round: 1.5, amount: { amount: -3, currency: 'EUR' } }),
);

describe('what is read of a fact', () => {
  for (const [type, data] of Object.entries(written)) {
    it(`is what its JSON says: ${type}`, () => {
      fc.assert(fc.property(data, altered, (made, alter) => agrees(type, alter(made))));
    });

    it(`is read the short way as it is written: ${type}`, () => {
      fc.assert(
        fc.property(data, (made) => {
          assert.equal('bookingId' in dataOf(type, JSON.stringify(made)), false);
        }),
      );
    });
  }

  it('is what every event says that was ever published', () => {
    for (const file of globSync('src/contracts/samples/*.json')) {
      const { type, data } = sampleIn(file);
      const read = dataOf(type, JSON.stringify(data));
      assert.deepEqual({ ...data, ...read }, data, file);
    }
  });
});

function sampleIn(file: string): Sample {
  const { headers, value } = JSON.parse(readFileSync(file, 'utf8')) as {
    readonly headers: Readonly<Record<string, string>>;
    readonly value: Sample['data'];
  };
  return { type: headers['ce_type'] ?? '', data: value };
}
