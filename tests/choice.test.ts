import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type Answer, type Booking, type Client, eventually, visa } from './support/client.ts';
import { bookingOnce, changeSetting, hasStatus, moneyKept, seatStates } from './support/operations.ts';
import { newPerson } from './support/people.ts';
import { type RunningApp, runApp } from './support/servers.ts';
import { buildVenue, openShow, type Venue } from './support/venue.ts';

interface Unsettled {
  readonly kind: string;
  readonly id: string;
  readonly bookingId?: string;
  readonly amount?: unknown;
}
interface Areas {
  readonly areas: readonly { area: string; capacity: number; held: number; sold: number; blocked: number }[];
}
interface Refused {
  readonly code: string;
  readonly errors?: readonly { pointer: string; code: string; message: string }[];
}
interface Listed {
  readonly items: readonly { readonly seat?: string; readonly area?: string; readonly bookedUnder: string }[];
}

const somewhere = 'shw_01890000-0000-7000-8000-000000000001';

describe('which places a booking gets', () => {
  let running: RunningApp;
  let admin: Client;
  let ada: Client;
  let venue: Venue;

  before(async () => {
    running = await runApp();
    ({ admin } = running);
    ada = await running.anyone.register();
    venue = await buildVenue(admin);
  });
  after(() => running.stop());

  const outcome = ({ status, body }: Answer<Booking>) => [status, body.status, body.reason];
  const floorOf = async (showId: string) =>
    (await ada.get<Areas>(`/v1/shows/${showId}/availability`)).body.areas.find(({ area }) => area === 'FLOOR');

  it('sells places of an area by their number, up to its capacity', async () => {
    const showId = await openShow(admin, venue);
    await changeSetting(running, 'seatsPerBookingMax', 50);
    const first = await ada.book({ showId, areas: [{ area: 'FLOOR', count: 45 }], payment: visa });
    assert.deepEqual([...outcome(first), first.body.seats], [200, 'confirmed', undefined, []]);
    assert.deepEqual((first.body as Booking & { areas: unknown }).areas, [{ area: 'FLOOR', count: 45 }]);
    assert.equal(first.body.total?.amount, 45 * 500 + 150);
    const held = await ada.book({ showId, areas: [{ area: 'FLOOR', count: 3 }] });
    assert.equal(held.body.status, 'awaiting_payment');
    assert.deepEqual(await floorOf(showId), { area: 'FLOOR', capacity: 50, held: 3, sold: 45, blocked: 0 });
    const tooMany = await ada.book({ showId, areas: [{ area: 'FLOOR', count: 3 }] });
    assert.deepEqual(outcome(tooMany), [200, 'rejected', 'seats_unavailable']);
    const last = await ada.book({ showId, areas: [{ area: 'FLOOR', count: 2 }] });
    assert.equal(last.body.status, 'awaiting_payment');
    await bookingOnce(ada, first.body.bookingId, ({ tickets }) => tickets.length === 45);
    await changeSetting(running, 'seatsPerBookingMax', 10);
  });

  it('gives the best seats from the one on that the house says is best, as they were quoted', async () => {
    const showId = await openShow(admin, await buildVenue(admin, { bestSeat: 'S-D-5' }));
    const bestAvailable = { count: 2 };
    const quote = await ada.post<{ quote: string; seats: string[] }>(`/v1/shows/${showId}/quotes`, { bestAvailable });
    assert.deepEqual([quote.status, quote.body.seats], [200, ['S-D-4', 'S-D-5']]);
    const first = await ada.book({ showId, bestAvailable });
    const second = await ada.book({ showId, bestAvailable });
    assert.deepEqual(
      [first.body.seats, second.body.seats],
      [
        ['S-D-4', 'S-D-5'],
        ['S-C-4', 'S-C-5'],
      ],
    );
    const dear = await ada.book({ showId, bestAvailable: { ...bestAvailable, priceCategory: 'premium' } });
    assert.deepEqual(dear.body.seats, ['C-A-3', 'C-A-4']);
  });

  it('never sells an area twice, however many ask at once', async () => {
    const showId = await openShow(admin, venue);
    const request = { showId, areas: [{ area: 'FLOOR', count: 4 }] };
    const answers = await Promise.all(Array.from({ length: 20 }, () => ada.book(request)));
    const held = answers.filter(({ body }) => body.status === 'awaiting_payment');
    assert.equal(held.length, 12, '12 times 4 places fit into 50');
    assert.equal((await floorOf(showId))?.held, 48);
  });

  it('picks the best seats side by side, by category where one is named', async () => {
    const showId = await openShow(admin, venue);
    const { body } = await ada.book({ showId, bestAvailable: { count: 4 } });
    assert.equal(body.status, 'awaiting_payment');
    assert.equal(new Set(body.seats.map((seat) => seat.slice(0, 4))).size, 1, `in one row: ${body.seats}`);
    const numbers = body.seats.map((seat) => Number(seat.slice(4))).sort((a, b) => a - b);
    assert.deepEqual(
      numbers,
      [0, 1, 2, 3].map((step) => (numbers[0] ?? 0) + step),
    );
    const premium = await ada.book({ showId, bestAvailable: { count: 2, priceCategory: 'premium' } });
    assert.ok(premium.body.seats.every((seat) => seat.startsWith('C-')));
    assert.equal(premium.body.total?.amount, 4_150);
  });

  it('gives accessible seats to who asks for them, with the companion beside', async () => {
    const showId = await openShow(admin, venue);
    const { body } = await ada.book({ showId, bestAvailable: { count: 2, accessible: true } });
    assert.deepEqual([body.status, [...body.seats].sort()], ['awaiting_payment', ['C-A-1', 'C-A-2']]);
    const none = await ada.book({ showId, bestAvailable: { count: 1, accessible: true } });
    assert.deepEqual(outcome(none), [200, 'rejected', 'seats_unavailable']);
  });

  it('does not sell what the organizer has blocked, and sells it once it is not', async () => {
    const showId = await openShow(admin, venue);
    const seats = ['S-A-1', 'S-A-2'];
    const blocked = await admin.post(`/v1/shows/${showId}/blocks`, { seats });
    assert.equal(blocked.status, 200);
    assert.deepEqual((await seatStates(ada, showId)).slice(0, 3), [3, 3, 0]);
    assert.deepEqual(outcome(await ada.book({ showId, seats: ['S-A-1'] })), [200, 'rejected', 'seats_unavailable']);
    const unblocked = await admin.call('DELETE', `/v1/shows/${showId}/blocks`, { body: { seats } });
    assert.equal(unblocked.status, 200);
    assert.equal((await ada.book({ showId, seats: ['S-A-1'] })).body.status, 'awaiting_payment');
    const twice = await admin.post<Refused>(`/v1/shows/${showId}/blocks`, { seats: [seats[0], seats[0]] });
    assert.equal(twice.status, 422);
    const taken = await admin.post<Refused>(`/v1/shows/${showId}/blocks`, { seats });
    assert.deepEqual([taken.status, taken.body.code], [409, 'seats_unavailable']);
    assert.deepEqual((await seatStates(ada, showId)).slice(0, 2), [1, 0], 'all of them or none');
    const notYours = await ada.post<Refused>(`/v1/shows/${showId}/blocks`, { seats });
    assert.deepEqual([notYours.status, notYours.body.code], [403, 'forbidden']);
  });

  it('limits the seats of one customer where the show does, and gives cancelled ones back to the count', async () => {
    const showId = await openShow(admin, venue, { seatsPerCustomerMax: 3 });
    const first = await ada.book({ showId, seats: ['S-A-1', 'S-A-2'], payment: visa });
    assert.equal(first.body.status, 'confirmed');
    assert.deepEqual(outcome(await ada.book({ showId, seats: ['S-A-3', 'S-A-4'] })), [
      200,
      'rejected',
      'limit_exceeded',
    ]);
    assert.equal((await ada.book({ showId, seats: ['S-A-3'] })).body.status, 'awaiting_payment');
    assert.deepEqual(outcome(await ada.book({ showId, seats: ['S-A-4'] })), [200, 'rejected', 'limit_exceeded']);
    const grace = await running.anyone.register('Grace Hopper');
    assert.equal((await grace.book({ showId, seats: ['S-A-4'] })).body.status, 'awaiting_payment');
    await ada.post(`/v1/bookings/${first.body.bookingId}/cancellation`, {}, { key: 'undo', waitSeconds: 20 });
    await eventually(
      () => ada.book({ showId, seats: ['S-A-1', 'S-A-2'] }),
      ({ body }) => body.status === 'awaiting_payment',
    );
  });

  it('sells within the sales window only', async () => {
    const inAnHour = new Date(Date.now() + 3_600_000).toISOString();
    const early = await openShow(admin, venue, { sales: { opensAt: inAnHour } });
    assert.deepEqual(outcome(await ada.book({ showId: early, seats: ['S-A-1'] })), [200, 'rejected', 'sales_closed']);
    const opensAt = new Date(Date.now() - 3_600_000).toISOString();
    const soon = Date.now() + 1_500;
    const late = await openShow(admin, venue, { sales: { opensAt, closesAt: new Date(soon).toISOString() } });
    assert.equal((await ada.book({ showId: late, seats: ['S-A-1'] })).body.status, 'awaiting_payment');
    const show = () => ada.get<{ status: string }>(`/v1/shows/${late}`);
    await eventually(show, ({ body }) => body.status === 'closed');
    assert.deepEqual(outcome(await ada.book({ showId: late, seats: ['S-A-2'] })), [200, 'rejected', 'sales_closed']);
  });

  it('rejects an unknown show once it has waited for it', async () => {
    await changeSetting(running, 'referenceWaitMs', 200);
    const answer = await ada.book({ showId: somewhere, seats: ['S-A-1'] });
    assert.deepEqual(outcome(answer), [200, 'rejected', 'show_not_found']);
    await changeSetting(running, 'referenceWaitMs', 5_000);
  });

  it('rejects seats and areas of another hall', async () => {
    const showId = await openShow(admin, venue);
    const seats = await ada.book({ showId, seats: ['S-A-1', 'B-1-7'] });
    assert.deepEqual(outcome(seats), [200, 'rejected', 'seat_unknown']);
    assert.deepEqual((seats.body as Booking & { offending: unknown }).offending, ['B-1-7']);
    const area = await ada.book({ showId, areas: [{ area: 'BALCONY', count: 1 }] });
    assert.deepEqual(outcome(area), [200, 'rejected', 'seat_unknown']);
    assert.equal((await seatStates(ada, showId))[0], 0, 'all or nothing');
  });

  it('refuses at once what a request can be judged by alone', async () => {
    const showId = await openShow(admin, venue);
    const seats = (count: number) => Array.from({ length: count }, (_, index) => `S-A-${index + 1}`);
    const wrong: readonly (readonly [string, object])[] = [
      ['/seats/1', { seats: ['S-A-1', 'S-A-1'] }],
      ['/seats', { seats: seats(11) }],
      ['/seats/0', { seats: ['S A 1'] }],
      ['/bestAvailable/count', { bestAvailable: { count: 0 } }],
      ['/bestAvailable/count', { bestAvailable: { count: 11 } }],
      ['/areas', { areas: [{ area: 'FLOOR', count: 11 }] }],
      ['/seats', {}],
      ['/seats', { seats: seats(1), bestAvailable: { count: 1 } }],
      ['/showId', { showId: 'the show', seats: seats(1) }],
      ['/payment/token', { seats: seats(1), payment: { method: 'card', token: 'tok_unknown' } }],
      ['/quote', { quote: 'forged' }],
      ['/colour', { seats: seats(1), colour: 'red' }],
      ['/maxTotal/amount', { seats: seats(1), maxTotal: { amount: 1.5, currency: 'EUR' } }],
    ];
    for (const [pointer, request] of wrong) {
      const answer = await ada.post<Refused>('/v1/bookings', { showId, ...request }, { key: pointer });
      const errors = answer.body.errors?.map((each) => each.pointer);
      assert.deepEqual([answer.status, answer.body.code], [422, 'validation_failed'], pointer);
      assert.ok(errors?.includes(pointer), `${pointer} is not among ${errors}`);
    }
    const keyless = await ada.post<Refused>('/v1/bookings', { showId, seats: seats(1) });
    assert.deepEqual([keyless.status, keyless.body.code], [400, 'idempotency_key_missing']);
    const nobody = await running.anyone.post<Refused>('/v1/bookings', { showId, seats: seats(1) }, { key: 'any' });
    assert.deepEqual([nobody.status, nobody.body.code], [401, 'unauthenticated']);
  });

  it('sells at the counter for cash, under the customer’s name', async () => {
    const showId = await openShow(admin, venue, { seatsPerCustomerMax: 1 });
    const { client: clerk } = await newPerson(running, { roles: ['customer', 'staff'] });
    const cash = { method: 'cash', token: 'till-1' };
    const sale = { showId, seats: ['S-A-1', 'S-A-2'], payment: cash, customerName: 'Katherine Johnson' };
    const { status, body } = await clerk.book(sale);
    assert.deepEqual([status, body.status, body.payment.status], [200, 'confirmed', 'succeeded']);
    assert.equal(await moneyKept(admin, body.bookingId), 0, 'cash is in the till, not at the provider');
    await bookingOnce(clerk, body.bookingId, ({ tickets }) => tickets.length === 2);
    const tickets = await clerk.get<Listed>(`/v1/bookings/${body.bookingId}/tickets`);
    assert.deepEqual([...new Set(tickets.body.items.map(({ bookedUnder }) => bookedUnder))], ['Katherine Johnson']);
    const held = await clerk.book({ showId, seats: ['S-A-3'], customerName: 'Mary Jackson' });
    const paid = await clerk.post<Booking>(`/v1/bookings/${held.body.bookingId}/payments`, cash, {
      key: 'k',
      waitSeconds: 20,
    });
    assert.deepEqual([paid.status, paid.body.status], [200, 'confirmed']);
    const customersCash = await ada.book({ showId, seats: ['S-A-4'], payment: cash });
    assert.deepEqual([customersCash.status, customersCash.body.code], [403, 'forbidden']);
    const forAnother = await ada.book({ showId, seats: ['S-A-4'], customerName: 'Somebody Else' });
    assert.deepEqual([forAnother.status, forAnother.body.code], [403, 'forbidden']);
    await clerk.post(`/v1/bookings/${body.bookingId}/cancellation`, {}, { key: 'c', waitSeconds: 20 });
    assert.equal((await bookingOnce(clerk, body.bookingId, hasStatus('cancelled'))).refund?.status, 'pending');
  });

  it('gives cash back when somebody has handed it out, once, and lists it until then', async () => {
    const showId = await openShow(admin, venue);
    const { client: clerk } = await newPerson(running, { roles: ['customer', 'staff'] });
    const { body } = await clerk.book({ showId, seats: ['S-A-1'], payment: { method: 'cash' }, customerName: 'Ann' });
    const { bookingId } = await bookingOnce(clerk, body.bookingId, ({ tickets }) => tickets.length === 1);
    await clerk.post(`/v1/bookings/${bookingId}/cancellation`, {}, { key: 'back' });
    const listed = async () => {
      const { body: all } = await clerk.get<{ items: Unsettled[] }>('/v1/ops/unsettled?limit=100');
      return all.items.filter((item) => item.bookingId === bookingId);
    };
    const [due, ...others] = await eventually(listed, ({ length }) => length > 0);
    assert.ok(due !== undefined && others.length === 0);
    assert.deepEqual([due.kind, due.amount], ['cash', body.total]);
    const path = `/v1/ops/refunds/${due.id}`;
    const retried = await clerk.post<Refused>(`${path}/retry`, undefined, { key: 'retry' });
    assert.deepEqual([retried.status, retried.body.code], [409, 'conflict']);
    const hand = (key: string) => clerk.post<Refused>(`${path}/settlement`, { why: 'to Ann, till 1' }, { key });
    assert.equal((await hand('first')).status, 202);
    await bookingOnce(clerk, bookingId, ({ refund }) => refund?.status === 'succeeded');
    assert.equal((await hand('first')).status, 202, 'the same again');
    assert.deepEqual([(await hand('second')).status, await listed()], [409, []]);
  });

  it('lets staff read and pay for others, by e-mail, and keeps others out', async () => {
    const showId = await openShow(admin, venue);
    const customer = await newPerson(running);
    const { client: clerk } = await newPerson(running, { roles: ['customer', 'staff'] });
    const { body } = await customer.client.book({ showId, seats: ['S-A-1'] });
    const found = await clerk.get<{ items: Booking[] }>(`/v1/bookings?email=${customer.email}`);
    assert.deepEqual(
      found.body.items.map(({ bookingId }) => bookingId),
      [body.bookingId],
    );
    assert.equal((await clerk.booking(body.bookingId)).status, 200);
    const paid = await clerk.post<Booking>(`/v1/bookings/${body.bookingId}/payments`, visa, {
      key: 'k',
      waitSeconds: 20,
    });
    assert.equal(paid.body.status, 'confirmed');
    for (const path of ['', '/tickets', '/stream']) {
      const theirs = await ada.get<Refused>(`/v1/bookings/${body.bookingId}${path}`);
      assert.deepEqual([theirs.status, theirs.body.code], [404, 'not_found'], path);
    }
    for (const [what, request] of [['payments', visa] as const, ['cancellation', {}] as const]) {
      const theirs = await ada.post<Refused>(`/v1/bookings/${body.bookingId}/${what}`, request, { key: 'k' });
      assert.deepEqual([theirs.status, theirs.body.code], [404, 'not_found'], what);
    }
    const { number } = body;
    assert.match(number ?? '', /^FH-[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}$/);
    const numbered = await clerk.get<{ items: Booking[] }>(`/v1/bookings?number=${number?.toLowerCase()}`);
    assert.deepEqual(
      numbered.body.items.map(({ bookingId }) => bookingId),
      [body.bookingId],
    );
    for (const query of [`email=${customer.email}`, `number=${number}`]) {
      const asked = await ada.get<Refused>(`/v1/bookings?${query}`);
      assert.deepEqual([asked.status, asked.body.code], [403, 'forbidden']);
    }
    for (const query of ['number=FH-1', `number=${number}&email=${customer.email}`])
      assert.equal((await clerk.get(`/v1/bookings?${query}`)).status, 422);
  });
});
