import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import type { BookingLine, MoneyLine } from '../src/contracts/reports.ts';
import { type Booking, type Client, declined, type Page, visa } from './support/client.ts';
import { bookingOnce, ledgerOf } from './support/operations.ts';
import { newPerson } from './support/people.ts';
import { assertRefused } from './support/refusals.ts';
import { type RunningApp, runApp } from './support/servers.ts';
import { buildVenue, openShow } from './support/venue.ts';

let running: RunningApp;
let organizer: Client;
let showIds: readonly string[];
/** In the order they were asked for. */
const booked: Booking[] = [];
const began = new Date().toISOString();
let ended: string;

before(async () => {
  running = await runApp();
  ({ client: organizer } = await newPerson(running, { roles: ['organizer'] }));
  const venue = await buildVenue(running.admin);
  // Shows of different partitions.
  showIds = await Promise.all(Array.from({ length: 6 }, () => openShow(running.admin, venue)));
  const ada = await running.anyone.register();
  for (const showId of showIds) {
    const { body } = await ada.book({ showId, bestAvailable: { count: 2 }, payment: visa });
    booked.push(await bookingOnce(ada, body.bookingId, ({ tickets }) => tickets.length === 2));
  }
  const [showId = ''] = showIds;
  const { body: unpaid } = await ada.book({ showId, areas: [{ area: 'FLOOR', count: 3 }], payment: declined });
  const { body: refused } = await ada.book({ showId, seats: booked[0]?.seats ?? [] });
  booked.push(unpaid, refused);
  const { bookingId } = booked[1] as Booking;
  await ada.post(`/v1/bookings/${bookingId}/cancellation`, {}, { key: randomUUID() });
  booked[1] = await bookingOnce(ada, bookingId, ({ refund }) => refund?.status === 'succeeded');
  ended = new Date(Date.now() + 1).toISOString();
});
after(() => running.stop());

function pathOf(report: string, query: Readonly<Record<string, string | number>>): string {
  const fields = Object.entries({ from: began, to: ended, ...query });
  const asked = new URLSearchParams(fields.map(([name, value]): [string, string] => [name, String(value)]));
  return `/v1/ops/reports/${report}?${asked}`;
}

/** All lines of a report, read in pages of so many. */
async function lines<Line>(
  report: string,
  limit = 1_000,
  query: Readonly<Record<string, string>> = {},
): Promise<Line[]> {
  const found: Line[] = [];
  for (let cursor: string | null = ''; cursor !== null; ) {
    const path = pathOf(report, { ...query, limit, ...(cursor === '' ? {} : { cursor }) });
    const { status, body }: { status: number; body: Page<Line> } = await organizer.get<Page<Line>>(path);
    assert.equal(status, 200, JSON.stringify(body));
    assert.ok(body.items.length <= limit);
    found.push(...body.items);
    cursor = body.nextCursor;
  }
  return found;
}

describe('the report of bookings', () => {
  it('has a line for each booking of the period in their order, with what became of it', async () => {
    const told = await lines<BookingLine>('bookings');
    assert.deepEqual(
      told.map(({ bookingId, showId, status, reason, places, total, paid, refunded }) => [
        ...[bookingId, showId, status, reason, places, total?.amount, paid, refunded?.amount],
      ]),
      booked.map((each, index) => [
        ...[each.bookingId, each.showId, each.status, each.reason, index === 6 ? 3 : 2],
        ...[each.total?.amount, index < 6, index === 1 ? each.total?.amount : undefined],
      ]),
    );
    const [first] = told;
    assert.deepEqual(
      [first?.movie, first?.theatre, first?.seats, first?.fees?.amount],
      ['The Third Man', 'Riverside', booked[0]?.seats, 150],
    );
  });

  it('is the same in pages of one, and of one show', async () => {
    const all = await lines<BookingLine>('bookings');
    assert.deepEqual(await lines('bookings', 1), all);
    const [showId = ''] = showIds;
    assert.deepEqual(
      await lines('bookings', 2, { showId }),
      all.filter((line) => line.showId === showId),
    );
  });

  it('has what was asked for from the beginning of the period to before its end', async () => {
    const all = await lines<BookingLine>('bookings');
    const { bookedAt = '' } = all[3] ?? {};
    const from = new Date(Date.parse(bookedAt) + 1).toISOString();
    const parts = [await lines('bookings', 1_000, { to: from }), await lines('bookings', 1_000, { from })];
    assert.deepEqual(parts.flat(), all);
    assert.deepEqual(await lines('bookings', 1_000, { from: '1960-01-01T00:00:00Z', to: '1971-01-01T00:00:00Z' }), []);
  });
});

describe('the journal of money', () => {
  it('has what the provider has in its books, in order of time', async () => {
    const told = await lines<MoneyLine>('money');
    const ledger = (await Promise.all(booked.map(({ bookingId }) => ledgerOf(running.admin, bookingId)))).flat();
    const inOrder = (rows: readonly (readonly [string, string, number])[]) =>
      rows.map((row) => row.join(' ')).toSorted();
    assert.deepEqual(
      inOrder(told.map(({ kind, bookingId, amount }) => [kind, bookingId, amount.amount])),
      inOrder(ledger.map(({ type, bookingId, amount }) => [type, bookingId, amount.amount])),
    );
    assert.equal(told.length, 7);
    assert.deepEqual(
      told.map(({ at }) => at),
      told.map(({ at }) => at).toSorted(),
    );
    const refund = told.at(-1);
    assert.deepEqual(
      [refund?.kind, refund?.bookingId, refund?.movie],
      ['refund', booked[1]?.bookingId, 'The Third Man'],
    );
    assert.deepEqual([...new Set(told.map(({ provider }) => provider))], ['sandbox'], 'also of what went back');
  });

  it('is the same in pages of any length, and in periods that follow one another', async () => {
    const all = await lines<MoneyLine>('money');
    for (const limit of [1, 2, 3]) assert.deepEqual(await lines('money', limit), all, `${limit}`);
    for (const { at } of all) {
      const parts = [await lines('money', 1_000, { to: at }), await lines('money', 1_000, { from: at })];
      assert.deepEqual(parts.flat(), all);
    }
  });

  it('has nothing in a time when nothing was paid', async () => {
    assert.deepEqual(await lines('money', 1, { from: '2000-01-01T00:00:00Z', to: '2001-01-01T00:00:00Z' }), []);
    assert.deepEqual(await lines('money', 1, { from: ended, to: '2999-01-01T00:00:00Z' }), []);
  });
});

describe('a report', () => {
  it('is for organizers', async () => {
    const { client: staff } = await newPerson(running, { roles: ['staff'] });
    for (const report of ['bookings', 'money'])
      assertRefused(await staff.get(pathOf(report, {})), { status: 403, code: 'forbidden' });
  });

  it('says what is wrong with a period or a cursor', async () => {
    const refused = (pointer: string) => ({ status: 422, code: 'validation_failed', pointer });
    const foreign = Buffer.from('["x"]').toString('base64url');
    for (const report of ['bookings', 'money']) {
      assertRefused(await organizer.get(pathOf(report, { to: began })), refused('/query/to'));
      assertRefused(await organizer.get(pathOf(report, { from: 'yesterday' })), refused('/query/from'));
      assertRefused(await organizer.get(pathOf(report, { limit: 1_001 })), refused('/query/limit'));
      assertRefused(await organizer.get(pathOf(report, { cursor: foreign })), refused('/query/cursor'));
    }
  });
});
