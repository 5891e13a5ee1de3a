import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { newId } from '../src/contracts/ids.ts';
import { topicNames } from '../src/contracts/topics.ts';
import type { OutgoingRecord } from '../src/runtime/log/log.ts';
import type { ServiceHost } from '../src/runtime/service-host.ts';
import type { ParkedRow } from '../src/runtime/store/store.ts';
import { type Client, eventually, visa } from './support/client.ts';
import { faultsOf, foreign, samples, streamingTopics } from './support/hostile-records.ts';
import { bookingOnce, changeSetting, ledgerOf, messagesAbout } from './support/operations.ts';
import { newPerson, type Person } from './support/people.ts';
import { quiet } from './support/refusals.ts';
import { type RunningApp, runApp } from './support/servers.ts';
import { buildVenue, openShow } from './support/venue.ts';

let running: RunningApp;
let buyer: Client;
let person: Person;
let showId: string;

before(async () => {
  running = await runApp({ LOG_LEVEL: 'silent' });
  person = await newPerson(running);
  buyer = person.client;
  showId = await openShow(running.admin, await buildVenue(running.admin, { rows: 20, seats: 10 }));
});
after(() => running.stop());

const partitionsOf = (topic: string) => running.app.log.topics.find(({ name }) => name === topic)?.partitions ?? 0;
const readers = (topic: string) =>
  running.app.hosts.filter(({ definition: { inputs, references, mainInput } }) =>
    [...inputs, ...references, mainInput].some((each) => each === topic),
  );

let seat = 0;
/** The next booking goes all the way, whatever lies about in the topics. */
async function assertSells(): Promise<void> {
  const id = `S-${String.fromCharCode(65 + Math.floor(seat / 10))}-${(seat % 10) + 1}`;
  seat += 1;
  const { body } = await buyer.book({ showId, seats: [id], payment: visa });
  assert.equal(body.status, 'confirmed', JSON.stringify(body));
  const { tickets } = await bookingOnce(buyer, body.bookingId, (each) => each.tickets.length > 0);
  assert.equal(tickets.length, 1);
}

type Broken = Pick<ParkedRow, 'parkedId' | 'reason'> & { readonly arrival: { readonly record?: OutgoingRecord } };

/** What a service has parked of those that break something, by the name of the fault. */
async function parkedBy(host: ServiceHost): Promise<ReadonlyMap<string, Broken>> {
  const rows = await host.query<Broken>('select parked_id as "parkedId", reason, arrival from parked');
  return new Map(
    rows.flatMap((row) => {
      const fault = row.arrival.record?.headers['x-fault'];
      return fault === undefined ? [] : [[fault, row] as const];
    }),
  );
}

/** Every fault of a topic, about this show and bookings that nobody made. */
function brokenRecords(topic: string) {
  const partitions = partitionsOf(topic);
  const sample = samples.find((each) => each.topic === topic);
  assert.ok(sample !== undefined, `there is no sample for ${topic}`);
  return faultsOf(topic, partitions).map((fault) => {
    const record = foreign(topic, {
      ...{ key: showId, partitions, type: sample.headers['ce_type'] ?? '', value: sample.value },
      ...{ subject: newId('booking'), headers: { 'x-fault': fault.name } },
    });
    return { fault, record: fault.break(record, partitions) };
  });
}

describe('records that cannot be read', async () => {
  await it('of a foreign count, before the first of the owner, push nobody aside', async () => {
    for (const topic of streamingTopics) {
      const headers = { ce_sequence: String(Number.MAX_SAFE_INTEGER), ce_timeline: '999' };
      const about = { key: showId, partitions: partitionsOf(topic), type: 'Nothing', subject: newId('booking') };
      await running.app.log.append([foreign(topic, { ...about, value: {}, headers })]);
    }
    await assertSells();
  });

  for (const topic of topicNames) {
    await it(`are parked by every reader of ${topic}, each with its reason, and bookings go on`, async () => {
      const broken = brokenRecords(topic);
      await running.app.log.append(broken.map(({ record }) => record));
      await assertSells();
      await quiet(running);
      for (const host of readers(topic)) {
        const parked = await parkedBy(host);
        for (const { fault } of broken) {
          const { reason } = parked.get(fault.name) ?? {};
          assert.equal(reason, fault.reason, `${host.definition.name}: ${topic} with ${fault.name}`);
        }
        for (const { parkedId } of parked.values()) host.loop.discard(parkedId);
        await eventually(
          () => parkedBy(host),
          (left) => left.size === 0,
        );
      }
    });
  }
});

describe('settings that are none', async () => {
  await it('change nothing, and do not stand in the way of real ones', async () => {
    const key = 'holdTtlMs';
    const values = ['broken', 'null', '[]', '{"version":1e300,"value":1}', '{"version":"9","value":1}', '{"value":1}'];
    const about = { key, partitions: 1, type: 'SettingChanged', subject: newId('booking') };
    await running.app.log.append(values.map((value) => foreign('settings', { ...about, value })));
    await changeSetting(running, key, 250_000);
    const { body } = await buyer.book({ showId, seats: ['S-S-1'] });
    const heldMs = Date.parse(body.holdExpiresAt ?? '') - Date.now();
    assert.ok(heldMs > 200_000 && heldMs <= 250_000, `held for ${heldMs} ms`);
  });
});

describe('events that cannot be true', async () => {
  const told = samples.filter(
    ({ topic, headers }) =>
      streamingTopics.some((each) => each === topic) &&
      !['BookingRequested', 'BookingValidated'].includes(headers['ce_type'] ?? ''),
  );

  await it('about bookings that nobody made move no money, issue no ticket and hold no seat', async () => {
    const bookings: string[] = [];
    for (const { topic, headers, value } of told) {
      const bookingId = newId('booking');
      const aboutShow = typeof value['bookingId'] !== 'string';
      bookings.push(bookingId);
      const text = JSON.stringify({ ...value, showId, ...(aboutShow ? {} : { bookingId, userId: person.userId }) });
      const about = { key: showId, partitions: partitionsOf(topic), subject: aboutShow ? showId : bookingId };
      await running.app.log.append([foreign(topic, { ...about, type: headers['ce_type'] ?? '', value: text })]);
    }
    await quiet(running);
    await assertSells();
    await quiet(running);
    for (const bookingId of bookings) {
      assert.deepEqual(await ledgerOf(running.admin, bookingId), [], bookingId);
      for (const [service, query] of [
        ['ticket', 'select id from tickets where booking_id = $1'],
        ['seat-inventory', 'select seat_index as id from allocations where booking_id = $1'],
        ['payment', 'select payment_id as id from captures where booking_id = $1'],
      ] as const) {
        const host = running.app.hosts.find(({ definition }) => definition.name === service);
        assert.deepEqual(await host?.query(query, [bookingId]), [], `${service} believed in ${bookingId}`);
      }
    }
  });

  await it('about a real booking neither sell its seats for nothing nor take its ticket away', async () => {
    const { body: held } = await buyer.book({ showId, seats: ['S-T-1'] });
    const { body: sold } = await buyer.book({ showId, seats: ['S-T-2'], payment: visa });
    await bookingOnce(buyer, sold.bookingId, ({ tickets }) => tickets.length > 0);
    for (const { bookingId } of [held, sold]) {
      for (const { topic, headers, value } of told.filter(({ topic: name }) => name === 'payment-topic')) {
        const about = { key: showId, partitions: partitionsOf(topic), subject: bookingId };
        const lie = { ...value, showId, bookingId, userId: person.userId };
        await running.app.log.append([foreign(topic, { ...about, type: headers['ce_type'] ?? '', value: lie })]);
      }
    }
    await quiet(running);
    assert.equal((await buyer.booking(sold.bookingId)).body.status, 'confirmed');
    assert.equal((await buyer.booking(held.bookingId)).body.status, 'awaiting_payment');
    assert.deepEqual(await ledgerOf(running.admin, held.bookingId), []);
    await assertSells();
  });
});

interface Parked {
  readonly parkedId: string;
  readonly service: string;
  readonly subject: string;
  readonly reason: string;
  readonly waiting: number;
}
const parkedAbout = async (subject: string) =>
  (await running.admin.get<{ items: Parked[] }>('/v1/ops/parked')).body.items.filter(
    (each) => each.subject === subject,
  );

describe('a booking with a broken record', async () => {
  await it('waits as a whole, is listed, goes on in order when that is thrown away, and nobody else waits', async () => {
    const { body } = await buyer.book({ showId, seats: ['S-T-5'] });
    const { bookingId } = body;
    await quiet(running);
    const about = { key: showId, partitions: partitionsOf('payment-topic'), type: 'PaymentSucceeded' };
    await running.app.log.append([foreign('payment-topic', { ...about, subject: bookingId, value: 'broken' })]);
    const broken = await eventually(
      async () => (await parkedAbout(bookingId)).filter(({ reason }) => reason === 'undecodable'),
      (all) => all.length === readers('payment-topic').length,
    );
    const paid = await buyer.post(`/v1/bookings/${bookingId}/payments`, visa, { key: 'pay' });
    assert.equal(paid.status, 202);
    await assertSells();
    const behind = await eventually(
      () => parkedAbout(bookingId),
      (all) => all.some(({ service, waiting }) => service === 'booking' && waiting > 1),
    );
    assert.equal((await buyer.booking(bookingId)).body.status === 'confirmed', false);

    // A redrive decides again; what is still broken waits again, and the others behind it.
    const first = behind.find(({ service, reason }) => service === 'booking' && reason === 'undecodable');
    const redriven = await running.admin.post(`/v1/ops/parked/${first?.parkedId}/redrive`, undefined, {
      key: 'redrive',
    });
    assert.equal(redriven.status, 202);
    await quiet(running);
    const again = (await parkedAbout(bookingId)).filter(({ service }) => service === 'booking');
    assert.deepEqual(
      again.map(({ reason }) => reason),
      ['undecodable', 'behind'],
    );

    for (const { parkedId } of broken) {
      const { status } = await running.admin.post(`/v1/ops/parked/${parkedId}/discard`, undefined, { key: parkedId });
      assert.equal(status, 202);
    }
    const booking = await bookingOnce(buyer, bookingId, ({ tickets }) => tickets.length > 0);
    assert.equal(booking.status, 'confirmed');
    assert.deepEqual(await parkedAbout(bookingId), []);
  });
});

describe('a foreign producer', async () => {
  await it('that asks for a booking without a count gets its ticket, once', async () => {
    const bookingId = newId('booking');
    const value = {
      ...{ bookingId, showId, userId: person.userId, payment: visa, acceptedAt: new Date().toISOString() },
      wanted: { kind: 'seats', seats: ['S-T-9'] },
    };
    const about = { key: showId, partitions: partitionsOf('booking-movie'), subject: bookingId, value };
    const record = foreign('booking-movie', { ...about, type: 'BookingRequested' });
    await running.app.log.append([record, record]);
    await running.app.log.append([record]);
    const ticketHost = running.app.hosts.find(({ definition }) => definition.name === 'ticket');
    const tickets = await eventually(
      async () =>
        (await ticketHost?.query<{ seat: string }>('select seat from tickets where booking_id = $1', [bookingId])) ??
        [],
      (rows) => rows.length > 0,
    );
    assert.deepEqual(tickets, [{ seat: 'S-T-9' }]);
    await quiet(running);
    const entries = await ledgerOf(running.admin, bookingId);
    assert.deepEqual(
      entries.map(({ type }) => type),
      ['charge'],
    );
    const answer = await buyer.get<{ items: { bookedUnder: string }[] }>(`/v1/bookings/${bookingId}/tickets`);
    assert.deepEqual(
      answer.body.items.map(({ bookedUnder }) => bookedUnder),
      [person.name],
    );
    assert.equal((await bookingOnce(buyer, bookingId, ({ status }) => status === 'confirmed')).tickets.length, 1);
    const messages = await messagesAbout(running.admin, bookingId);
    assert.equal(messages.filter(({ kind, channel }) => kind === 'payment_received' && channel === 'email').length, 1);
  });
});
