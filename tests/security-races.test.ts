import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { brokenPromises } from './support/audit.ts';
import { type Client, eventually, visa } from './support/client.ts';
import { rawRequest } from './support/refusals.ts';
import { type RunningApp, runApp } from './support/servers.ts';
import { buildVenue, openShow } from './support/venue.ts';

/** What somebody might gain by doing a thing many times at once. Seats, sign-ins, sessions and entries have theirs elsewhere. */

const times = 20;
let running: RunningApp;
let customer: Client;
let showId: string;

before(async () => {
  running = await runApp();
  customer = await running.anyone.register();
  showId = await openShow(running.admin, await buildVenue(running.admin));
});
after(async () => {
  assert.deepEqual(await brokenPromises(running.app), []);
  await running.stop();
});

async function movedFor(bookingId: string, type: 'charge' | 'refund'): Promise<number> {
  const ledger = await running.admin.all<{ type: string; bookingId: string }>('/v1/dev/ledger');
  return ledger.filter((entry) => entry.bookingId === bookingId && entry.type === type).length;
}

const atOnce = <Result>(work: (index: number) => Promise<Result>) =>
  Promise.all(Array.from({ length: times }, (_, index) => work(index)));

describe(`${times} times at once`, () => {
  it('a booking is paid for: it is charged once', async () => {
    const { body } = await customer.book({ showId, seats: ['S-A-1'] });
    assert.equal(body.status, 'awaiting_payment');
    const answers = await atOnce(() =>
      customer.post(`/v1/bookings/${body.bookingId}/payments`, visa, { key: randomUUID(), waitSeconds: 20 }),
    );
    assert.ok(answers.every(({ status }) => [200, 202, 409].includes(status)));
    const paid = await eventually(
      () => customer.booking(body.bookingId),
      (answer) => answer.body.tickets.length === 1,
    );
    assert.equal(paid.body.status, 'confirmed');
    assert.equal(await movedFor(body.bookingId, 'charge'), 1);
    const accepted = answers.filter(({ status }) => status !== 409);
    await eventually(
      () => customer.booking(body.bookingId),
      (answer) => (answer.body.payment.passedOver?.length ?? 0) === accepted.length - 1,
    );
  });

  it('a booking is paid by card while somebody takes cash for it: whose payment it was not is told so', async () => {
    const show = await openShow(running.admin, await buildVenue(running.admin, { rows: 1, seats: times }));
    await atOnce(async (index) => {
      const { body } = await customer.book({ showId: show, seats: [`S-A-${index + 1}`] });
      const path = `/v1/bookings/${body.bookingId}/payments`;
      const key = randomUUID();
      const cash = () => running.admin.post(path, { method: 'cash' }, { key, waitSeconds: 20 });
      const [, taken] = await Promise.all([customer.post(path, visa, { key: randomUUID() }), cash()]);
      const paid = await eventually(
        () => customer.booking(body.bookingId),
        (answer) => answer.body.status === 'confirmed',
      );
      assert.equal(paid.body.payment.attempts, 1);
      const byCard = (await movedFor(body.bookingId, 'charge')) === 1;
      for (const { status } of [taken, await cash()])
        assert.ok(byCard ? status === 409 : [200, 202].includes(status), `${status}, by card: ${byCard}`);
    });
  });

  it('a booking that comes with a card is paid in cash before it has seats: the cash is not taken', async () => {
    const show = await openShow(running.admin, await buildVenue(running.admin, { rows: 1, seats: times }));
    await atOnce(async (index) => {
      const asked = { showId: show, seats: [`S-A-${index + 1}`], payment: visa };
      const { body } = await customer.post<{ bookingId: string }>('/v1/bookings', asked, { key: randomUUID() });
      const path = `/v1/bookings/${body.bookingId}/payments`;
      const { status } = await running.admin.post(path, { method: 'cash' }, { key: randomUUID(), waitSeconds: 20 });
      assert.equal(status, 409);
    });
  });

  it('a booking is cancelled, with keys of their own and with one: the money goes back once', async () => {
    const { body } = await customer.book({ showId, seats: ['S-A-2'], payment: visa });
    assert.equal(body.status, 'confirmed');
    const shared = randomUUID();
    const answers = await atOnce((index) =>
      customer.post(
        `/v1/bookings/${body.bookingId}/cancellation`,
        {},
        { key: index % 2 === 0 ? shared : randomUUID(), waitSeconds: 20 },
      ),
    );
    assert.ok(answers.every(({ status }) => [200, 202, 409].includes(status)));
    await eventually(
      () => customer.booking(body.bookingId),
      (answer) => answer.body.refund?.status === 'succeeded',
    );
    assert.equal(await movedFor(body.bookingId, 'refund'), 1);
  });

  it('a booking is paid for and cancelled: whichever was first, it ends cancelled, and no money is kept for nothing', async () => {
    const { body } = await customer.book({ showId, seats: ['S-A-3'] });
    await atOnce((index) =>
      index % 2 === 0
        ? customer.post(`/v1/bookings/${body.bookingId}/payments`, visa, { key: randomUUID() })
        : customer.post(`/v1/bookings/${body.bookingId}/cancellation`, {}, { key: randomUUID() }),
    );
    // It may be confirmed on its way there, while its tickets are asked back.
    const { body: ended } = await eventually(
      () => customer.booking(body.bookingId),
      (answer) => answer.body.status === 'cancelled' && answer.body.refund?.status !== 'pending',
    );
    const kept = (await movedFor(body.bookingId, 'charge')) - (await movedFor(body.bookingId, 'refund'));
    assert.equal(kept, 0, JSON.stringify(ended));
  });
});

describe('what would end a line', () => {
  const rows: readonly (readonly [what: string, head: string])[] = [
    ['a path', 'GET /v1/movies%0d%0aX-Injected:%20yes HTTP/1.1'],
    ['a query', 'GET /v1/movies?cursor=%0d%0aX-Injected:%20yes HTTP/1.1'],
    ['an id', 'GET /v1/bookings/bkg_%0d%0aX-Injected:%20yes HTTP/1.1'],
    ['a file of the documentation', 'GET /docs/assets/%0d%0aX-Injected:%20yes HTTP/1.1'],
    ['a trace', 'GET /v1/movies HTTP/1.1\r\ntraceparent: 00-%0d%0aX-Injected:%20yes'],
    ['a folded header', 'GET /v1/movies HTTP/1.1\r\nprefer: wait=1\r\n X-Injected: yes'],
    ['a bare carriage return', 'GET /v1/movies HTTP/1.1\r\nprefer: wait=1\rX-Injected: yes'],
    ['a bare line feed', 'GET /v1/movies HTTP/1.1\r\nprefer: wait=1\n\nX-Injected: yes'],
    ['a key', 'POST /v1/bookings HTTP/1.1\r\nidempotency-key: x%0d%0aX-Injected: yes\r\ncontent-length: 0'],
    ['a host', 'GET /v1/movies HTTP/1.1\r\nx-forwarded-host: evil.example%0d%0aX-Injected: yes'],
  ];
  for (const [what, head] of rows) {
    it(`in ${what} is no header of the answer`, async () => {
      const answer = await rawRequest(
        running.app.url,
        `${head}\r\nhost: localhost\r\nauthorization: Bearer ${customer.token}\r\nconnection: close\r\n\r\n`,
      );
      const [headers = ''] = answer.split('\r\n\r\n');
      assert.match(headers, /^HTTP\/1\.1 \d{3} /);
      assert.doesNotMatch(headers, /^HTTP\/1\.1 5/);
      assert.doesNotMatch(headers, /^x-injected/im);
      assert.doesNotMatch(headers, /evil\.example/);
      // One request, one answer.
      assert.equal(answer.match(/HTTP\/1\.1 \d{3}/g)?.length, 1);
    });
  }
});
