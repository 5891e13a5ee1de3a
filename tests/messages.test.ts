import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { bookingNumber } from '../src/contracts/rules/booking-number.ts';
import { type Booking, type Client, declined, eventually, visa } from './support/client.ts';
import { bookingOnce, changeSetting, hasStatus, messagesAbout, type SentMessage } from './support/operations.ts';
import { newPerson, type Person } from './support/people.ts';
import { type RunningApp, runApp } from './support/servers.ts';
import { buildVenue, openShow, type Venue } from './support/venue.ts';

describe('what customers are told', () => {
  let running: RunningApp;
  let admin: Client;
  let ada: Person;
  let venue: Venue;
  let showId: string;

  before(async () => {
    running = await runApp();
    ({ admin } = running);
    ada = await newPerson(running, { name: 'Ada Lovelace', phone: '+15551234567' });
    venue = await buildVenue(admin);
    showId = await openShow(admin, venue);
  });
  after(() => running.stop());

  const book = async (request: object, { client }: Person = ada) => (await client.book({ showId, ...request })).body;

  /** Waits for the messages of these kinds about a booking, and for no other: each once by e-mail and once by SMS. */
  async function told(
    { bookingId }: Booking,
    kinds: readonly string[],
  ): Promise<Readonly<Record<string, SentMessage>>> {
    const messages = await eventually(
      () => messagesAbout(admin, bookingId),
      (all) => all.length >= 2 * kinds.length,
    );
    const pairs = messages.map(({ kind, channel }) => `${kind} ${channel}`).sort();
    assert.deepEqual(pairs, kinds.flatMap((kind) => [`${kind} email`, `${kind} sms`]).sort());
    const mails = messages.filter(({ channel }) => channel === 'email');
    return Object.fromEntries(mails.map((mail) => [mail.kind, mail]));
  }
  const textOf = (messages: Readonly<Record<string, SentMessage>>, kind: string) => messages[kind]?.text ?? '';

  it('that seats are held, until when, and what is to be paid', async () => {
    const held = await book({ seats: ['S-A-1', 'S-A-2'] });
    const { booking_held: mail } = await told(held, ['booking_held']);
    assert.ok(mail !== undefined);
    assert.equal(mail.subject, 'Your seats for The Third Man are held');
    const number = bookingNumber(held.bookingId);
    for (const part of ['Hello Ada Lovelace', 'Stalls, row 1, seats 1, 2', '€21.50', 'Riverside', number]) {
      assert.ok(mail.text.includes(part), `"${part}" is not in: ${mail.text}`);
    }
  });

  it('in the shape that programs read', async () => {
    const { bookingId } = await book({ seats: ['S-A-3'] });
    const messages = await eventually(
      () => messagesAbout(admin, bookingId),
      (all) => all.length === 2,
    );
    const keys = ['at', 'bookingId', 'channel', 'kind', 'messageId', 'subject', 'text', 'to', 'userId'];
    for (const message of messages) {
      assert.deepEqual(Object.keys(message).sort(), keys);
      assert.deepEqual([message.bookingId, message.userId, message.kind], [bookingId, ada.userId, 'booking_held']);
      assert.equal(message.to, message.channel === 'email' ? ada.email : '+15551234567');
      assert.ok(Date.parse(message.at) <= Date.now());
    }
    assert.equal(new Set(messages.map(({ messageId }) => messageId)).size, 2);
    const everything = await admin.get<{ items: SentMessage[]; nextCursor: string | null }>('/v1/dev/messages');
    assert.ok(everything.body.items.length >= 2);
    assert.equal(everything.body.nextCursor, null, 'programs do not turn pages');
    assert.equal((await ada.client.get('/v1/dev/messages')).status, 403);
    assert.equal((await ada.client.get('/v1/dev/ledger')).status, 403);
  });

  it('and what the inbox holds of a person goes with the person', async () => {
    const { client, userId } = await newPerson(running);
    await client.book({ showId: await openShow(admin, venue), seats: ['S-A-9'] });
    const messages = () => admin.get<{ items: SentMessage[] }>(`/v1/dev/messages?userId=${userId}`);
    await eventually(
      async () => (await messages()).body.items,
      (all) => all.length > 0,
    );
    assert.equal((await client.call('DELETE', '/v1/me')).status, 204);
    const left = await eventually(
      async () => (await messages()).body.items,
      (all) => all.every(({ to, subject, text }) => to === '' && subject === '' && text === ''),
    );
    assert.ok(left.length > 0);
  });

  it('that the money has come and the tickets are ready, and nothing of a hold that was paid at once', async () => {
    const paid = await book({ seats: ['S-A-4', 'S-A-5'], payment: visa });
    const messages = await told(paid, ['payment_received', 'tickets_issued']);
    assert.match(textOf(messages, 'payment_received'), /€21\.50 has arrived/);
    assert.equal(messages['tickets_issued']?.subject, 'Your tickets for The Third Man');
    assert.match(textOf(messages, 'tickets_issued'), /2 tickets are ready/);
  });

  it('that a card was declined, how many tries are left, and that the last one has failed', async () => {
    const first = await book({ seats: ['S-A-6'], payment: declined });
    const { payment_declined: mail } = await told(first, ['payment_declined']);
    assert.match(mail?.text ?? '', /The card was declined\. Nothing was charged\./);
    assert.match(mail?.text ?? '', /2 tries left/);
    const pay = () =>
      ada.client.post(`/v1/bookings/${first.bookingId}/payments`, declined, { key: randomUUID(), waitSeconds: 20 });
    await pay();
    await pay();
    const all = await eventually(
      () => messagesAbout(admin, first.bookingId),
      (messages) => messages.some(({ kind }) => kind === 'booking_rejected'),
    );
    const mails = all.filter(({ channel }) => channel === 'email');
    assert.equal(mails.filter(({ kind }) => kind === 'booking_rejected').length, 1);
    assert.match(mails.find(({ kind }) => kind === 'booking_rejected')?.text ?? '', /declined too often/);
  });

  it('why a booking was rejected', async () => {
    const taken = await book({ seats: ['S-A-4'] });
    assert.equal(taken.reason, 'seats_unavailable');
    assert.match(textOf(await told(taken, ['booking_rejected']), 'booking_rejected'), /Somebody else was quicker/);
    const dearer = await book({ seats: ['S-A-7'], maxTotal: { amount: 1, currency: 'EUR' } });
    assert.match(textOf(await told(dearer, ['booking_rejected']), 'booking_rejected'), /changed to €11\.50/);
  });

  it('that a hold has ended', async () => {
    await changeSetting(running, 'holdTtlMs', 1_000);
    const held = await book({ seats: ['S-A-8'] });
    await changeSetting(running, 'holdTtlMs', 300_000);
    await bookingOnce(ada.client, held.bookingId, hasStatus('expired'));
    const messages = await told(held, ['booking_held', 'booking_expired']);
    assert.match(textOf(messages, 'booking_expired'), /time to pay for Stalls, row 1, seat 8 is over/);
  });

  it('that a booking was cancelled and what comes back', async () => {
    const dear = await openShow(admin, venue, { refundPolicy: { untilMinutesBefore: 0, feePercent: 20 } });
    const paid = await book({ showId: dear, seats: ['S-A-1'], payment: visa });
    await bookingOnce(ada.client, paid.bookingId, ({ tickets }) => tickets.length === 1);
    await told(paid, ['payment_received', 'tickets_issued']);
    await ada.client.post(`/v1/bookings/${paid.bookingId}/cancellation`, {}, { key: randomUUID() });
    const kinds = ['payment_received', 'tickets_issued', 'booking_cancelled', 'refund_made'];
    const messages = await told(paid, kinds);
    assert.match(textOf(messages, 'booking_cancelled'), /€9\.20 is on its way back/);
    assert.match(textOf(messages, 'booking_cancelled'), /€2\.30 was kept/);
    assert.match(textOf(messages, 'refund_made'), /€9\.20/);
  });

  it('in the customer’s own notation, only on channels they have an address for', async () => {
    const german = await newPerson(running, { name: 'Emmy Noether', locale: 'de-DE' });
    const held = await book({ seats: ['S-B-1'] }, german);
    const messages = await eventually(
      () => messagesAbout(admin, held.bookingId),
      (all) => all.length > 0,
    );
    assert.deepEqual(
      messages.map(({ channel }) => channel),
      ['email'],
    );
    assert.match(messages[0]?.text ?? '', /11,50\s€/);
  });

  it('nothing once they are erased', async () => {
    const person = await newPerson(running);
    const held = await book({ seats: ['S-B-2'] }, person);
    await eventually(
      () => messagesAbout(admin, held.bookingId),
      (all) => all.length === 1,
    );
    await person.client.call('DELETE', '/v1/me');
    await changeSetting(running, 'referenceWaitMs', 200);
    const cancelled = await admin.post(
      `/v1/bookings/${held.bookingId}/cancellation`,
      {},
      { key: 'x', waitSeconds: 20 },
    );
    assert.equal(cancelled.status, 200);
    // A later booking of somebody else whose message has come: by then this one's would have come, too.
    const other = await book({ seats: ['S-B-3'] });
    await told(other, ['booking_held']);
    assert.equal((await messagesAbout(admin, held.bookingId)).length, 1);
  });
});
