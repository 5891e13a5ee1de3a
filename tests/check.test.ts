import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import pg from 'pg';
import { databaseOf, definitions } from '../src/composition/services.ts';
import { examinations } from '../src/operations/check/examinations.ts';
import { type CheckedInvariant, check } from '../src/operations/check.ts';
import { type DatabaseName, type Installation, openInstallation } from '../src/operations/installation.ts';
import type { CheckOutcome } from '../src/operations/regular-check.ts';
import type { Log, LogRecord } from '../src/runtime/log/log.ts';
import { Client, declined, eventually, visa } from './support/client.ts';
import { type RunningApp, runApp } from './support/servers.ts';
import { logWith } from './support/toy-service.ts';
import { buildVenue, openShow } from './support/venue.ts';

/** The auditor on databases that are right, and on databases in which each promise was broken by hand. */

let running: RunningApp;
let installation: Installation;
/** A booking that is confirmed, one that was rejected, one that was cancelled with a fee kept. */
const booked = { confirmed: '', rejected: '', cancelled: '' };

const urlOf = (name: string) => running.app.postgres.url(databaseOf(name));

/** Of the confirmed booking, the type of event that its topic seems never to have got. */
let lostFromLog = '';
/** Of this topic retention has left nothing. */
let emptied = '';

/** The log as the auditor sees it. */
function losing(log: Log): Log {
  const isLost = ({ topic, headers }: LogRecord) =>
    topic === emptied || (headers['ce_type'] === lostFromLog && headers['ce_subject'] === booked.confirmed);
  return logWith(log, {
    read: async (from, recordsMax) => (await log.read(from, recordsMax)).filter((record) => !isLost(record)),
  });
}

/**
 * Runs SQL as somebody who may do anything; `$confirmed` and the like stand for the bookings. Of the log, names the type of
 * event that is lost.
 */
async function sql(database: DatabaseName | 'log', text: string): Promise<void> {
  if (database === 'log') {
    lostFromLog = text;
    return;
  }
  const client = new pg.Client({ connectionString: urlOf(database) });
  await client.connect();
  const named = text.replace(
    /\$(confirmed|rejected|cancelled)/g,
    (_, name: keyof typeof booked) => `'${booked[name]}'`,
  );
  await client.query(named).finally(() => client.end());
}

async function checkNow(seen = installation): Promise<readonly CheckedInvariant[]> {
  const checked: CheckedInvariant[] = [];
  for await (const line of check(seen, { looksAfterMs: [] })) if ('checked' in line) checked.push(line.checked);
  return checked;
}

async function brokenNow(): Promise<readonly string[]> {
  return (await checkNow()).filter(({ holds }) => !holds).map(({ name }) => name);
}

interface Plant {
  readonly invariant: string;
  readonly how: string;
  readonly database: DatabaseName | 'log';
  readonly plant: string;
  readonly undo: string;
}

const unknown = 'bkg_01900000-0000-7000-8000-000000000001';
/** An event that nobody decided, far behind the last one. */
const event = (stream: string, type: string, data: string, subject = stream) =>
  `insert into events select '', 0, 1000000, 1, ${stream}, 1000000, '${type}', 1, ${subject}, 'key', 0, 'x', 'x', null, ${data}`;
const noEvent = 'delete from events where sequence = 1000000';

const plants: readonly Plant[] = [
  {
    invariant: 'seat-has-one-owner',
    how: 'a second owner of a seat',
    database: 'seat-inventory',
    plant: `alter table allocations drop constraint allocations_pkey;
      insert into allocations select show_id, seat_index, $rejected from allocations where booking_id = $confirmed limit 1`,
    undo: `delete from allocations where booking_id = $rejected;
      alter table allocations add primary key (show_id, seat_index)`,
  },
  {
    invariant: 'owners-agree',
    how: 'a seat without its owner',
    database: 'seat-inventory',
    plant: `update allocations set booking_id = '${unknown}' where booking_id = $confirmed`,
    undo: `update allocations set booking_id = $confirmed where booking_id = '${unknown}'`,
  },
  {
    invariant: 'owners-agree',
    how: 'a seat index in a fact that is otherwise as all are',
    database: 'seat-inventory',
    plant: `update events set data = replace(data::text, '"indexes":[', '"indexes":[9')::json where subject = $confirmed and type = 'SeatsReserved'`,
    undo: `update events set data = replace(data::text, '"indexes":[9', '"indexes":[')::json where subject = $confirmed and type = 'SeatsReserved'`,
  },
  {
    invariant: 'exchanged-is-given-back',
    how: 'a booking that was exchanged for one of which nothing has come',
    database: 'booking',
    plant: `update events set data = replace(data::text, '{"bookingId"', '{"replaces":{"bookingId":"${unknown}","showId":"shw"},"bookingId"')::json,
      time = time - 60000 where stream = $confirmed and type = 'BookingConfirmed'`,
    undo: `update events set data = replace(data::text, '"replaces":{"bookingId":"${unknown}","showId":"shw"},', '')::json,
      time = time + 60000 where stream = $confirmed and type = 'BookingConfirmed'`,
  },
  {
    invariant: 'payments-are-answered',
    how: 'a payment that was accepted, and the charge of another one that nobody has sent',
    database: 'booking',
    plant: `update events set data = replace(data::text, '"submittedAt":"2', '"submittedAt":"3')::json where stream = $confirmed and type = 'BookingPaymentStarted'`,
    undo: `update events set data = replace(data::text, '"submittedAt":"3', '"submittedAt":"2')::json where stream = $confirmed and type = 'BookingPaymentStarted'`,
  },
  {
    invariant: 'confirmed-is-sold',
    how: 'a confirmed booking whose seats were never sold',
    database: 'seat-inventory',
    plant: `update events set type = 'Nothing' where subject = $confirmed and type = 'SeatsSold'`,
    undo: `update events set type = 'SeatsSold' where type = 'Nothing'`,
  },
  {
    invariant: 'tickets-match-seats',
    how: 'a sold seat whose ticket is void',
    database: 'ticket',
    plant: `update tickets set status = 'void' where id = (select min(id) from tickets where booking_id = $confirmed)`,
    undo: `update tickets set status = 'valid' where booking_id = $confirmed`,
  },
  {
    invariant: 'tickets-match-seats',
    how: 'a ticket for another seat',
    database: 'ticket',
    plant: `update tickets set seat = seat || '0' where id = (select min(id) from tickets where booking_id = $confirmed)`,
    undo: `update tickets set seat = left(seat, -1) where booking_id = $confirmed and seat like '%0'`,
  },
  ...['one-ticket-per-seat', 'one-ticket-per-show-seat'].map((invariant) => ({
    invariant,
    how: 'a second ticket for a seat',
    database: 'ticket' as const,
    plant: `alter index tickets_one_per_seat rename to put_away; drop index put_away;
      insert into tickets select id || 'x', partition, body, booking_id, show_id, seat, status from tickets
      where booking_id = $confirmed and seat is not null limit 1`,
    undo: `delete from tickets where id like '%x';
      create unique index tickets_one_per_seat on tickets (show_id, seat) where seat is not null and status <> 'void'`,
  })),
  {
    invariant: 'ended-owns-nothing',
    how: 'a rejected booking with a seat',
    database: 'seat-inventory',
    plant: `insert into allocations values ('shw_x', 1, $rejected)`,
    undo: `delete from allocations where booking_id = $rejected`,
  },
  {
    invariant: 'area-capacity',
    how: 'an area with more places taken than it holds',
    database: 'seat-inventory',
    plant: `alter table area_allocations drop constraint places_left; insert into area_allocations values ('shw_x', 'FLOOR', 11, 10)`,
    undo: `delete from area_allocations where show_id = 'shw_x';
      alter table area_allocations add constraint places_left check (held_or_sold between 0 and capacity)`,
  },
  {
    invariant: 'history-allowed',
    how: 'a rejected booking that is confirmed later',
    database: 'booking',
    plant: event('$rejected', 'BookingConfirmed', `'{"seats": [], "areas": []}'`),
    undo: noEvent,
  },
  {
    invariant: 'ends-in-time',
    how: 'a booking that is requested for ever',
    database: 'booking',
    plant: event(`'${unknown}'`, 'BookingCreated', `'{}'`),
    undo: noEvent,
  },
  {
    invariant: 'the-list-is-true',
    how: 'a booking that has ended and still waits for seats',
    database: 'seat-inventory',
    plant: event('(select stream from events where subject = $rejected limit 1)', 'SeatsAwaited', `'{}'`, '$rejected'),
    undo: noEvent,
  },
  {
    invariant: 'customer-reads-it',
    how: 'a confirmed booking whose customer reads expired',
    database: 'user',
    plant: `update bookings set status = 'expired' where id = $confirmed`,
    undo: `update bookings set status = 'confirmed' where id = $confirmed`,
  },
  {
    invariant: 'answer-has-booking',
    how: 'an acknowledged booking that was lost',
    database: 'user',
    plant: `insert into idempotency_keys values ('planted', 'x', 'x', 202, null, '${unknown}', 0)`,
    undo: `delete from idempotency_keys where scope = 'planted'`,
  },
  {
    invariant: 'keys-are-kept',
    how: 'a booking whose request could be sent again',
    database: 'user',
    plant: `update idempotency_keys set resource = resource || 'x' where resource = $cancelled`,
    undo: `update idempotency_keys set resource = $cancelled where resource = $cancelled || 'x'`,
  },
  {
    invariant: 'accounts-are-kept',
    how: 'accounts without their passwords',
    database: 'user',
    plant: `alter table users add column put_away text; update users set put_away = password_hash, password_hash = null`,
    undo: `update users set password_hash = put_away; alter table users drop column put_away`,
  },
  {
    invariant: 'accounts-are-kept',
    how: 'a profile without its account',
    database: 'user',
    plant: `update events set subject = subject || 'x' where sequence = 1 and channel = 'user-profiles'`,
    undo: `update events set subject = rtrim(subject, 'x') where sequence = 1 and channel = 'user-profiles'`,
  },
  {
    invariant: 'shows-are-kept',
    how: 'a show that is older than what was told of it',
    database: 'catalog',
    plant: `update shows set version = version - 1`,
    undo: `update shows set version = version + 1`,
  },
  {
    invariant: 'money-adds-up',
    how: 'a cent kept that nobody captured',
    database: 'booking',
    plant: event('$cancelled', 'BookingCancellationRefused', `'{"kept": {"amount": 1, "currency": "EUR"}}'`),
    undo: noEvent,
  },
  {
    invariant: 'money-adds-up',
    how: 'a charge of another amount than was shown',
    database: 'payment',
    plant: `update events set data = jsonb_set(data::jsonb, '{amount,amount}', '1')::json where stream = $confirmed and type = 'PaymentSucceeded'`,
    undo: `update events set data = jsonb_set(data::jsonb, '{amount}',
        (select other.data::jsonb -> 'amount' from events other where other.stream = $confirmed and other.type = 'ChargeRequested'))::json
      where stream = $confirmed and type = 'PaymentSucceeded'`,
  },
  {
    invariant: 'ends-in-time',
    how: 'a cancellation that nobody answers',
    database: 'booking',
    plant: `${event('$confirmed', 'CancellationBegun', `'{}'`)};
      update events set time = 0 where subject = $confirmed and type = 'CancellationBegun'`,
    undo: noEvent,
  },
  {
    invariant: 'the-door-remembers',
    how: 'an entry that the door has forgotten',
    database: 'ticket',
    plant: `create table kept as select * from admissions; delete from admissions`,
    undo: `insert into admissions select * from kept; drop table kept`,
  },
  {
    invariant: 'newest-code-only',
    how: 'a ticket that was given away, and the door does not know it',
    database: 'ticket',
    plant: event(
      '$confirmed',
      'TicketTransferred',
      `(select json_build_object('ticketId', min(id), 'issue', 2) from tickets where booking_id = $confirmed)`,
    ),
    undo: noEvent,
  },
  {
    invariant: 'given-is-not-refunded',
    how: 'a ticket that was given away before its money went back',
    database: 'ticket',
    plant: event(
      '$cancelled',
      'TicketTransferred',
      `'{"ticketId": "tkt_x", "userId": "usr_x", "toUserId": "usr_y", "issue": 2}'`,
    ),
    undo: noEvent,
  },
  {
    invariant: 'cancelled-show-has-no-bookings',
    how: 'a show that was cancelled long ago',
    database: 'catalog',
    plant: `update events set type = 'ShowCancelled', time = 0 where type = 'ShowScheduled'`,
    undo: `update events set type = 'ShowScheduled' where type = 'ShowCancelled'`,
  },
  {
    invariant: 'used-is-not-refunded',
    how: 'somebody let in with a ticket whose money went back',
    database: 'ticket',
    plant: event('$cancelled', 'TicketAdmitted', `'{"ticketId": "tkt_x"}'`),
    undo: noEvent,
  },
  {
    invariant: 'provider-agrees',
    how: 'an amount in a fact that is otherwise as all are',
    database: 'payment',
    plant: `update events set data = regexp_replace(data::text, '("amount": ?)(\\d)', '\\19\\2')::json where stream = $confirmed and type = 'PaymentSucceeded'`,
    undo: `update events set data = regexp_replace(data::text, '("amount": ?)9', '\\1')::json where stream = $confirmed and type = 'PaymentSucceeded'`,
  },
  {
    invariant: 'provider-agrees',
    how: 'a charge that the provider has another amount for',
    database: 'sandbox_provider',
    plant: `update ledger set amount = amount + 1 where booking_id = $confirmed`,
    undo: `update ledger set amount = amount - 1 where booking_id = $confirmed`,
  },
  {
    invariant: 'ledger-known',
    how: 'a charge that was never asked for',
    database: 'sandbox_provider',
    plant: `insert into ledger select 'led_x', 'pay_x', 'charge', $confirmed, 1, 'EUR', 'succeeded', null, null, 0, 0, 'none'`,
    undo: `delete from ledger where entry_id = 'led_x'`,
  },
  {
    invariant: 'ledger-known',
    how: 'a charge that the provider captured and we call failed',
    database: 'sandbox_provider',
    plant: `update ledger set outcome = 'succeeded' where booking_id = $rejected`,
    undo: `update ledger set outcome = 'declined' where booking_id = $rejected`,
  },
  {
    invariant: 'one-capture',
    how: 'a second capture of a booking',
    database: 'payment',
    plant: event(
      '$confirmed',
      'PaymentSucceeded',
      `'{"paymentId": "pay_x", "provider": "cash", "amount": {"amount": 1, "currency": "EUR"}}'`,
    ),
    undo: noEvent,
  },
  {
    invariant: 'one-message',
    how: 'a second message about the same cause',
    database: 'notification',
    plant: `insert into events select '', partition, 1000000, 1, stream, 1000000, type, 1, subject, key, 0, 'x', 'x', null,
        jsonb_set(data::jsonb, '{messageId}', '"msg_x"')::json
      from events where stream = $confirmed and type = 'NotificationSent' limit 1`,
    undo: noEvent,
  },
  {
    invariant: 'holds-end-in-time',
    how: 'a hold that was taken away early',
    database: 'seat-inventory',
    plant: `update events set data = jsonb_set(data::jsonb, '{cause}', '"hold_expired"')::json where subject = $rejected and type = 'SeatsReleased'`,
    undo: `update events set data = jsonb_set(data::jsonb, '{cause}', '"booking_ended"')::json where subject = $rejected and type = 'SeatsReleased'`,
  },
  {
    invariant: 'versions-without-gaps',
    how: 'a version that is missing',
    database: 'booking',
    plant: `update events set stream_version = 1000 where stream = $confirmed and type = 'BookingPaid'`,
    undo: `update events set stream_version = (select count(*) - 1 from events where stream = $confirmed) where stream_version = 1000`,
  },
  {
    invariant: 'sequences-without-gaps',
    how: 'a sequence that is missing',
    database: 'booking',
    plant: `update events set sequence = sequence + 1000 where stream = $confirmed and type = 'BookingConfirmed'`,
    undo: `update events set sequence = sequence - 1000 where stream = $confirmed and type = 'BookingConfirmed'`,
  },
  {
    invariant: 'no-ticket-unconfirmed',
    how: 'a ticket of a booking that was never confirmed',
    database: 'ticket',
    plant: `insert into events select '', 0, 1000000, 1, 'tkt_x', 1, 'TicketIssued', 1, $rejected, 'key', 0, 'x', 'x', null, '{}'`,
    undo: noEvent,
  },
  {
    invariant: 'parts-make-the-total',
    how: 'a total that is more than its items and fees',
    database: 'booking',
    plant: `update events set data = jsonb_set(data::jsonb, '{total,amount}', ((data #>> '{total,amount}')::int + 1)::text::jsonb)::json
      where stream = $rejected and type = 'BookingHeld'`,
    undo: `update events set data = jsonb_set(data::jsonb, '{total,amount}', ((data #>> '{total,amount}')::int - 1)::text::jsonb)::json
      where stream = $rejected and type = 'BookingHeld'`,
  },
  {
    invariant: 'refunded-is-captured',
    how: 'a refund of what was never captured',
    database: 'payment',
    plant: event('$rejected', 'PaymentRefunded', `'{"refundId": "rfd_x", "amount": {"amount": 1, "currency": "EUR"}}'`),
    undo: noEvent,
  },
  {
    invariant: 'one-refund',
    how: 'a refund that was made twice',
    database: 'payment',
    plant: `insert into events select '', partition, 1000000, 1, stream, 1000000, type, 1, subject, key, 0, 'x', 'x', null, data
      from events where stream = $cancelled and type = 'PaymentRefunded'`,
    undo: noEvent,
  },
  {
    invariant: 'messages-have-outcomes',
    how: 'a message that was planned and never heard of again',
    database: 'notification',
    plant: event(
      '$confirmed',
      'MessagePlanned',
      `'{"messageId": "msg_x", "kind": "payment_received", "channel": "sms"}'`,
    ),
    undo: noEvent,
  },
  {
    invariant: 'holds-within-limits',
    how: 'a hold of an hour',
    database: 'seat-inventory',
    plant: `update events set time = time - 3600000 where subject = $confirmed and type = 'SeatsReserved'`,
    undo: `update events set time = time + 3600000 where subject = $confirmed and type = 'SeatsReserved'`,
  },
  {
    invariant: 'ids-only',
    how: 'an address in a fact',
    database: 'ticket',
    plant: event('$confirmed', 'Nothing', `'{"to": "ada@example.org"}'`),
    undo: noEvent,
  },
  {
    invariant: 'admitted-once',
    how: 'an entry that no fact tells of',
    database: 'ticket',
    plant: `insert into admissions select min(id), now(), 'planted', 'usr_x' from tickets where booking_id = $confirmed`,
    undo: `delete from admissions where gate = 'planted'`,
  },
  {
    invariant: 'admitted-once',
    how: 'an entry with a ticket that was never issued',
    database: 'ticket',
    plant: `insert into admissions values ('tkt_x', now(), 'planted', 'usr_x')`,
    undo: `delete from admissions where gate = 'planted'`,
  },
  {
    invariant: 'one-booking-per-key',
    how: 'a booking that answers a second key',
    database: 'user',
    plant: `insert into idempotency_keys values ('planted POST /v1/bookings', 'x', 'x', 202, null, $confirmed, 0)`,
    undo: `delete from idempotency_keys where scope like 'planted%'`,
  },
  {
    invariant: 'positions-reachable',
    how: 'a position beyond the end of its topic',
    database: 'booking',
    plant: `update tasks set positions = jsonb_set(positions::jsonb, '{booking-movie,offset}',
        ((positions #>> '{booking-movie,offset}')::bigint + 1000)::text::jsonb)::json where positions #> '{booking-movie}' is not null`,
    undo: `update tasks set positions = jsonb_set(positions::jsonb, '{booking-movie,offset}',
        ((positions #>> '{booking-movie,offset}')::bigint - 1000)::text::jsonb)::json where positions #> '{booking-movie}' is not null`,
  },
  {
    invariant: 'counts-were-given',
    how: 'an event applied that its owner never stored',
    database: 'booking',
    plant: `update tasks set heads = jsonb_set(heads::jsonb, '{booking-movie,sequence}',
        ((heads #>> '{booking-movie,sequence}')::bigint + 1000)::text::jsonb)::json where heads #> '{booking-movie}' is not null`,
    undo: `update tasks set heads = jsonb_set(heads::jsonb, '{booking-movie,sequence}',
        ((heads #>> '{booking-movie,sequence}')::bigint - 1000)::text::jsonb)::json where heads #> '{booking-movie}' is not null`,
  },
  {
    invariant: 'marks-were-stored',
    how: 'a mark ahead of what was stored',
    database: 'booking',
    plant: `update tasks set published = jsonb_set(published::jsonb, '{booking-events,sequence}',
        ((published #>> '{booking-events,sequence}')::bigint + 1000)::text::jsonb)::json where published #> '{booking-events}' is not null`,
    undo: `update tasks set published = jsonb_set(published::jsonb, '{booking-events,sequence}',
        ((published #>> '{booking-events,sequence}')::bigint - 1000)::text::jsonb)::json where published #> '{booking-events}' is not null`,
  },
  {
    invariant: 'timers-go-off',
    how: 'a timer that nobody minds',
    database: 'booking',
    plant: `insert into deadlines values ('bkg_x', '', 0, 'booking', 'key', 0)`,
    undo: `delete from deadlines where stream = 'bkg_x'`,
  },
  {
    invariant: 'offers-end',
    how: 'places that are offered for ever',
    database: 'seat-inventory',
    plant: event(`'shw_x'`, 'PlacesOffered', `'{"showId": "shw_x", "indexes": [1], "areas": []}'`),
    undo: noEvent,
  },
  {
    invariant: 'requests-are-taken',
    how: 'a request that nobody takes',
    database: 'booking',
    plant: `insert into requests values ('req_x', 0, 'decide', 'x', 'key', 'x', null, null, null, 0, '{}')`,
    undo: `delete from requests where request_id = 'req_x'`,
  },
  {
    invariant: 'events-on-topics',
    how: 'an event that never reached its topic',
    database: 'log',
    plant: 'BookingConfirmed',
    undo: '',
  },
];

before(async () => {
  running = await runApp();
  const { admin, anyone, app } = running;
  installation = openInstallation({ definitions, log: losing(app.log), hosts: app.hosts, urlOf });
  const venue = await buildVenue(admin);
  const showId = await openShow(admin, venue, { refundPolicy: { untilMinutesBefore: 0, feePercent: 10 } });
  const customer = await anyone.register();
  const { body: confirmed } = await customer.book({ showId, seats: ['S-A-1', 'S-A-2'], payment: visa });
  booked.confirmed = confirmed.bookingId;
  const { body: standing } = await customer.book({ showId, areas: [{ area: 'FLOOR', count: 3 }], payment: visa });
  const { body: undone } = await customer.book({ showId, bestAvailable: { count: 2 }, payment: visa });
  booked.cancelled = undone.bookingId;
  const { body: refused } = await customer.book({ showId, seats: ['C-A-5'], payment: declined });
  booked.rejected = refused.bookingId;
  for (let attempt = 2; attempt <= 3; attempt += 1) {
    await customer.post(`/v1/bookings/${booked.rejected}/payments`, declined, { key: randomUUID(), waitSeconds: 20 });
  }
  for (const { bookingId } of [confirmed, standing, undone]) {
    await eventually(
      () => customer.booking(bookingId),
      ({ body }) => body.tickets.length >= 2,
    );
  }
  const { body: tickets } = await customer.get<{ readonly items: readonly { readonly code: string }[] }>(
    `/v1/bookings/${standing.bookingId}/tickets`,
  );
  await admin.post('/v1/check-ins', { code: tickets.items[0]?.code, gate: 'north' });
  await customer.post(`/v1/bookings/${booked.cancelled}/cancellation`, {}, { key: randomUUID(), waitSeconds: 20 });
  await eventually(
    () => customer.booking(booked.cancelled),
    ({ body }) => body.refund?.status === 'succeeded',
  );
  await eventually(brokenNow, (broken) => broken.length === 0);
});
after(async () => {
  await installation?.close();
  await running?.stop();
});

describe('the auditor', () => {
  it('finds nothing wrong where nothing is, and says how much it has looked at', async () => {
    const checked = await checkNow();
    assert.deepEqual(
      checked.filter(({ holds }) => !holds),
      [],
    );
    assert.deepEqual(
      checked.filter(({ looked }) => looked === 0),
      [],
    );
  });

  it('calls nothing late where nothing runs: it is done at the next start', async () => {
    const late = ['timers-go-off', 'requests-are-taken', 'ends-in-time', 'offers-end'];
    for (const { database, plant, undo } of plants.filter(({ invariant }) => late.includes(invariant))) {
      await sql(database, plant);
      const broken = (await checkNow({ ...installation, isStopped: true })).filter(({ holds }) => !holds);
      await sql(database, undo);
      assert.ok(!broken.some(({ name }) => late.includes(name)), String(broken.map(({ name }) => name)));
    }
  });

  for (const { invariant, how, database, plant, undo } of plants) {
    it(`finds ${how} (${invariant})`, async () => {
      await sql(database, plant);
      const broken = await brokenNow();
      await sql(database, undo);
      assert.ok(broken.includes(invariant), `found only ${broken.join(', ') || 'nothing'}`);
      assert.deepEqual(await brokenNow(), []);
    });
  }

  it('has a planted violation for every invariant', () => {
    const all = examinations.flatMap(({ invariants }) => invariants.map(({ name }) => name));
    assert.deepEqual(new Set(plants.map(({ invariant }) => invariant)), new Set(all));
  });

  it('misses nothing on a topic that retention has emptied, and whatever is younger', async () => {
    const age = (days: number) =>
      sql('booking', `update events set time = time - ${days} * 86400000::bigint where channel = 'movie-found'`);
    emptied = 'movie-found';
    const [broken, ...others] = (await checkNow()).filter(({ holds }) => !holds);
    assert.deepEqual([broken?.name, others], ['events-on-topics', []]);
    assert.match(broken?.rows[0] ?? '', /^movie-found\/\d+ has none of its events; the last one stored is \d+$/);
    await age(31);
    assert.deepEqual(await brokenNow(), []);
    await age(-31);
    emptied = '';
  });

  it('is not put off by a parked record of somebody who was let in that has a NUL in it', async () => {
    const record = `'{"kind":"record","record":{"topic":"payment-topic","offset":1,"value":"\\u0000"}}'`;
    await sql(
      'ticket',
      `insert into parked select 'prk_nul', 0, booking_id, 1, 'undecodable', '', ${record}, 0, null
       from tickets join admissions on ticket_id = id`,
    );
    const broken = await brokenNow().finally(() => sql('ticket', `delete from parked where parked_id = 'prk_nul'`));
    assert.deepEqual(broken, []);
  });

  it('forgives what is put right before the next look', async () => {
    await sql('user', `update bookings set status = 'expired' where id = $confirmed`);
    const checked: CheckedInvariant[] = [];
    for await (const line of check(installation, { looksAfterMs: [0] })) {
      if ('checked' in line) checked.push(line.checked);
      else await sql('user', `update bookings set status = 'confirmed' where id = $confirmed`);
    }
    assert.deepEqual(
      checked.filter(({ holds }) => !holds),
      [],
    );
  });

  it('ends without a verdict where it has to stop before it has looked again', async () => {
    const stopping = new AbortController();
    await sql('user', `update bookings set status = 'expired' where id = $confirmed`);
    const told: string[] = [];
    for await (const line of check(installation, { looksAfterMs: [60_000] }, stopping.signal)) {
      if ('checked' in line) told.push(line.checked.name);
      else stopping.abort();
    }
    await sql('user', `update bookings set status = 'confirmed' where id = $confirmed`);
    assert.ok(!told.includes('customer-reads-it'), told.join());
  });

  it('runs when staff ask for it, and tells them, the log of alarms and whoever asks later', async () => {
    const { admin } = running;
    const operator = new Client(running.app.adminUrl);
    const asked = () => admin.get<{ last: CheckOutcome | null }>('/v1/ops/check');
    const checkedAfter = async (before: string) => {
      assert.equal((await admin.post('/v1/ops/check', undefined)).status, 202);
      const { body } = await eventually(asked, ({ body: { last } }) => (last?.endedAt ?? '') > before);
      assert.ok(body.last);
      return body.last;
    };
    assert.equal((await asked()).body.last, null);
    const clean = await checkedAfter('');
    assert.deepEqual([clean.holds, clean.invariants.length > 40], [true, true]);
    await sql('user', `update bookings set status = 'expired' where id = $confirmed`);
    const broken = await checkedAfter(clean.endedAt);
    await sql('user', `update bookings set status = 'confirmed' where id = $confirmed`);
    assert.deepEqual(
      broken.invariants.filter(({ holds }) => !holds).map(({ name }) => name),
      ['customer-reads-it'],
    );
    const { body: metrics } = await operator.get<string>('/metrics');
    assert.match(String(metrics), /fullhouse_invariants_broken\{invariant="customer-reads-it"\} 1/);
    assert.match(String(metrics), /fullhouse_invariants_broken\{invariant="one-capture"\} 0/);
  });
});
