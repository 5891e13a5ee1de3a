import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { type CallOptions, type Client, visa } from './support/client.ts';
import { newPerson } from './support/people.ts';
import { assertRefused, quiet, type Refusal, rawRequest, rowCounts } from './support/refusals.ts';
import { type RunningApp, runApp } from './support/servers.ts';
import { buildVenue, openShow } from './support/venue.ts';

let running: RunningApp;
let buyer: Client;
let showId: string;
let counts: Readonly<Record<string, number>>;

before(async () => {
  running = await runApp();
  buyer = (await newPerson(running)).client;
  showId = await openShow(running.admin, await buildVenue(running.admin));
  await quiet(running);
  counts = await rowCounts(running);
});
after(() => running.stop());

const malformed: Refusal = { status: 400, code: 'malformed_json' };
const wrong = (pointer: string): Refusal => ({ status: 422, code: 'validation_failed', pointer });

/** One request that must be refused; `as` overrides what is usual for it. */
type Row = readonly [name: string, body: unknown, refusal: Refusal, as?: CallOptions];

async function refuses(method: string, path: () => string, [name, body, refusal, as]: Row): Promise<void> {
  await it(`refuses ${name}`, async () => {
    const answer = await buyer.call(method, path(), { key: randomUUID(), body, ...as });
    assertRefused(answer, refusal);
    assert.deepEqual(await rowCounts(running), counts);
  });
}

/** A booking of one good seat with some fields replaced. */
const booking = (fields: Record<string, unknown>) => ({ toJSON: () => ({ showId, seats: ['S-A-1'], ...fields }) });
const deep = (depth: number) => `{"showId":${'['.repeat(depth)}${']'.repeat(depth)}}`;

describe('a body that is no JSON object', async () => {
  const rows: readonly Row[] = [
    ['no body at all', undefined, malformed, { headers: { 'content-type': 'application/json' } }],
    ['words', 'hello', malformed],
    ['a truncated object', '{"showId": "shw_', malformed],
    ['two objects', '{}{}', malformed],
    ['a trailing comma', '{"seats": ["S-A-1"],}', malformed],
    ['single quotes', "{'seats': []}", malformed],
    ['NaN', '{"bestAvailable": {"count": NaN}}', malformed],
    ['an array', '[]', wrong('')],
    ['null', 'null', wrong('')],
    ['a string', '"seats"', wrong('')],
    ['a number', '1', wrong('')],
    ['10,000 brackets inside each other', deep(10_000), wrong('/showId')],
    ['a form', 'showId=1', { status: 415, code: 'unsupported_media_type' }, form('application/x-www-form-urlencoded')],
    ['XML', '<booking/>', { status: 415, code: 'unsupported_media_type' }, form('text/xml')],
    ['plain text', '{}', { status: 415, code: 'unsupported_media_type' }, form('text/plain')],
  ];
  for (const row of rows) await refuses('POST', () => '/v1/bookings', row);

  await it('refuses bytes that are not UTF-8', async () => {
    const bytes = Buffer.concat([Buffer.from('{"showId":"'), Buffer.from([0xc3, 0x28]), Buffer.from('"}')]);
    const { status, json } = await sendBytes(bytes);
    assert.equal(status, 400);
    assert.equal(json.code, 'malformed_json');
    assert.deepEqual(await rowCounts(running), counts);
  });

  await it('refuses 70,000 bytes that were announced, and 70,000 that were not', async () => {
    const large = JSON.stringify({ showId, quote: 'x'.repeat(70_000) });
    assertRefused(await buyer.post('/v1/bookings', large, { key: randomUUID() }), {
      status: 413,
      code: 'payload_too_large',
    });
    const chunked = await rawRequest(
      running.anyone.url,
      `${head('POST')}transfer-encoding: chunked\r\n\r\n${large.length.toString(16)}\r\n${large}\r\n0\r\n\r\n`,
      /"code":"[a-z_]+"/,
    );
    assert.match(chunked, /^HTTP\/1.1 413 /);
    assert.match(chunked, /"code":"payload_too_large"/);
    assert.deepEqual(await rowCounts(running), counts);
  });

  await it('tells why also whoever is still sending ten million bytes', async () => {
    for (let times = 0; times < 10; times += 1) {
      const answer = await buyer.post('/v1/bookings', 'x'.repeat(10_000_000), { key: randomUUID() });
      assertRefused(answer, { status: 413, code: 'payload_too_large' });
    }
  });
});

function form(type: string): CallOptions {
  return { headers: { 'content-type': type } };
}

const head = (method: string, path = '/v1/bookings') =>
  `${method} ${path} HTTP/1.1\r\nhost: fullhouse\r\nauthorization: Bearer ${buyer.token}\r\nidempotency-key: ${randomUUID()}\r\n` +
  'content-type: application/json\r\nconnection: close\r\n';

async function sendBytes(bytes: Buffer): Promise<{ status: number; json: { code?: string } }> {
  const answer = await rawRequest(
    running.anyone.url,
    Buffer.concat([Buffer.from(`${head('POST')}content-length: ${bytes.length}\r\n\r\n`), bytes]),
  );
  return { status: Number(answer.split(' ')[1]), json: JSON.parse(answer.slice(answer.indexOf('\r\n\r\n') + 4)) };
}

describe('a booking with wrong fields', async () => {
  const eleven = Array.from({ length: 11 }, (_, index) => `S-${index < 10 ? 'A' : 'B'}-${(index % 10) + 1}`);
  const rows: readonly Row[] = [
    ['an unknown field', booking({ discount: 5 }), wrong('/discount')],
    ['a price', booking({ price: 1 }), wrong('/price')],
    ['a total', booking({ totalAmount: 1 }), wrong('/totalAmount')],
    ['a currency', booking({ currency: 'EUR' }), wrong('/currency')],
    ['a status', booking({ status: 'confirmed' }), wrong('/status')],
    ['a user', booking({ userId: 'usr_00000000-0000-7000-8000-000000000000' }), wrong('/userId')],
    ['a booking id', booking({ bookingId: 'bkg_00000000-0000-7000-8000-000000000000' }), wrong('/bookingId')],
    ['a constructor', booking({ constructor: { prototype: { admin: true } } }), wrong('/constructor')],
    ['a prototype', '{"__proto__": {"roles": ["admin"]}}', wrong('/__proto__')],
    ['a field with a slash in its name', booking({ 'a/b~c': 1 }), wrong('/a~1b~0c')],
    ['no show', { seats: ['S-A-1'] }, wrong('/showId')],
    ['a show that is a number', booking({ showId: 7 }), wrong('/showId')],
    ['a show that is no id', booking({ showId: 'tonight' }), wrong('/showId')],
    ['the id of something else', booking({ showId: 'bkg_00000000-0000-7000-8000-000000000000' }), wrong('/showId')],
    ['SQL for a show', booking({ showId: "' or 1=1 --" }), wrong('/showId')],
    ['no seats', booking({ seats: undefined }), wrong('/seats')],
    ['an empty list of seats', booking({ seats: [] }), wrong('/seats')],
    ['seats as text', booking({ seats: 'S-A-1' }), wrong('/seats')],
    ['seats as numbers', booking({ seats: [1, 2] }), wrong('/seats/0')],
    ['no seat', booking({ seats: [null] }), wrong('/seats/0')],
    ['an empty seat', booking({ seats: [''] }), wrong('/seats/0')],
    ['SQL for a seat', booking({ seats: ["'; drop table bookings; --"] }), wrong('/seats/0')],
    ['an emoji for a seat', booking({ seats: ['💺'] }), wrong('/seats/0')],
    ['a seat of 10,000 letters', booking({ seats: ['S'.repeat(10_000)] }), wrong('/seats/0')],
    ['a NUL in a seat', booking({ seats: ['S-A-\u0000'] }), wrong('/seats/0')],
    ['the same seat twice', booking({ seats: ['S-A-1', 'S-A-2', 'S-A-1'] }), wrong('/seats/2')],
    ['eleven seats', booking({ seats: eleven }), wrong('/seats')],
    ['a thousand seats', booking({ seats: Array.from({ length: 1_000 }, (_, n) => `S-A-${n}`) }), wrong('/seats')],
    ['seats and the best available', booking({ bestAvailable: { count: 1 } }), wrong('/seats')],
    ['seats and areas', booking({ areas: [{ area: 'FLOOR', count: 1 }] }), wrong('/seats')],
    ['areas and the best available', best(1, { areas: [{ area: 'FLOOR', count: 1 }] }), wrong('/areas')],
    ['no best', best(0), wrong('/bestAvailable/count')],
    ['fewer than none', best(-1), wrong('/bestAvailable/count')],
    ['half a seat', best(1.5), wrong('/bestAvailable/count')],
    ['a count as text', best('2'), wrong('/bestAvailable/count')],
    ['a count beyond numbers', '{"bestAvailable":{"count":1e309}}', wrong('/bestAvailable/count')],
    ['a count beyond whole numbers', best(2 ** 53 + 2), wrong('/bestAvailable/count')],
    ['the eleven best', best(11), wrong('/bestAvailable/count')],
    ['the best of a wrong type', booking({ seats: undefined, bestAvailable: 2 }), wrong('/bestAvailable')],
    ['an unknown wish', best({}, { bestAvailable: { count: 1, row: 'A' } }), wrong('/bestAvailable/row')],
    ['an area twice', areas(['FLOOR', 1], ['FLOOR', 2]), wrong('/areas/1')],
    ['no places in an area', areas(['FLOOR', 0]), wrong('/areas/0/count')],
    ['eleven places in an area', areas(['FLOOR', 11]), wrong('/areas')],
    ['an area without a name', areas(['', 1]), wrong('/areas/0/area')],
    ['a quote that nobody made', booking({ quote: 'abc.def' }), wrong('/quote')],
    ['a quote as an object', booking({ quote: {} }), wrong('/quote')],
    ['a limit below zero', booking({ maxTotal: { amount: -1, currency: 'EUR' } }), wrong('/maxTotal/amount')],
    ['a limit with cents', booking({ maxTotal: { amount: 1.5, currency: 'EUR' } }), wrong('/maxTotal/amount')],
    ['a limit in no currency', booking({ maxTotal: { amount: 1, currency: 'euro' } }), wrong('/maxTotal/currency')],
    ['an unknown method', booking({ payment: { method: 'gold', token: 'x' } }), wrong('/payment/method')],
    ['a card without a token', booking({ payment: { method: 'card' } }), wrong('/payment/token')],
    ['an unknown token', booking({ payment: { ...visa, token: 'tok_free' } }), wrong('/payment/token')],
    ['an amount in the payment', booking({ payment: { ...visa, amount: 1 } }), wrong('/payment/amount')],
    ['a forbidden name', booking({ customerName: 'Bob' }), { status: 403, code: 'forbidden' }],
    ['cash from a customer', booking({ payment: { method: 'cash' } }), { status: 403, code: 'forbidden' }],
  ];
  for (const row of rows) await refuses('POST', () => '/v1/bookings', row);
});

function best(count: unknown, fields: Record<string, unknown> = {}) {
  return booking({ seats: undefined, bestAvailable: { count }, ...fields });
}

function areas(...wanted: readonly (readonly [string, number])[]) {
  return booking({ seats: undefined, areas: wanted.map(([area, count]) => ({ area, count })) });
}

describe('an idempotency key', async () => {
  const invalid: Refusal = { status: 400, code: 'idempotency_key_invalid' };
  const good = booking({});
  const rows: readonly Row[] = [
    ['none', good, { status: 400, code: 'idempotency_key_missing' }, { key: undefined } as unknown as CallOptions],
    ['an empty one', good, { status: 400, code: 'idempotency_key_missing' }, { key: '' }],
    ['one of 300 characters', good, invalid, { key: 'k'.repeat(300) }],
    ['one with letters beyond ASCII', good, invalid, { key: 'sch\u00f6n' }],
    ['one with a tab', good, invalid, { key: 'a\tb' }],
  ];
  for (const row of rows) await refuses('POST', () => '/v1/bookings', row);

  await it('refuses two of them', async () => {
    const body = JSON.stringify(good);
    const answer = await rawRequest(
      running.anyone.url,
      `${head('POST')}idempotency-key: another\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    );
    assert.match(answer, /^HTTP\/1.1 400 /);
    assert.match(answer, /"code":"idempotency_key_invalid"/);
    assert.deepEqual(await rowCounts(running), counts);
  });

  await it('refuses one that came with another body before, and tells the first answer again to the first body', async () => {
    const key = randomUUID();
    const first = await buyer.book({ showId, seats: ['S-E-1'] }, { key });
    assert.equal(first.status, 200);
    assertRefused(await buyer.book({ showId, seats: ['S-E-2'] }, { key }), {
      status: 422,
      code: 'idempotency_key_reused',
    });
    const again = await buyer.book({ showId, seats: ['S-E-1'] }, { key });
    assert.equal(again.body.bookingId, first.body.bookingId);
    const other = (await newPerson(running)).client;
    const theirs = await other.book({ showId, seats: ['S-E-3'] }, { key });
    assert.notEqual(theirs.body.bookingId, first.body.bookingId);
  });
});
