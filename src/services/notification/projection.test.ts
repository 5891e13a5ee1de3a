import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Applied } from '../../runtime/service.ts';
import { type BookingDoc, bookings } from './projection.ts';

const about = { bookingId: 'bkg_1', showId: 'shw_1', userId: 'usr_1' };

function folded(...events: readonly (readonly [type: string, data: object])[]): BookingDoc | undefined {
  return events.reduce<BookingDoc | undefined>(
    (doc, [type, data]) =>
      bookings.fold(doc, { envelope: { type, data: { ...about, ...data } } } as unknown as Applied<never>) as
        | BookingDoc
        | undefined,
    undefined,
  );
}
const confirmed = ['BookingConfirmed', { seats: ['A-1-1', 'A-1-2'], areas: [] }] as const;
const given = (ticketId: string, toUserId: string) => ['TicketTransferred', { ticketId, toUserId }] as const;
const voided = (ticketId: string) => ['TicketVoided', { ticketId }] as const;

test('a booking knows who was given its tickets, until they are given on or back, or are void', () => {
  assert.equal(folded(confirmed)?.receivers, undefined);
  assert.deepEqual(folded(confirmed, given('tkt_1', 'usr_2'), given('tkt_2', 'usr_3'))?.receivers, {
    tkt_1: 'usr_2',
    tkt_2: 'usr_3',
  });
  assert.deepEqual(folded(confirmed, given('tkt_1', 'usr_2'), given('tkt_1', 'usr_3'))?.receivers, { tkt_1: 'usr_3' });
  assert.deepEqual(folded(confirmed, given('tkt_1', 'usr_2'), given('tkt_1', 'usr_1'))?.receivers, {});
  assert.deepEqual(folded(confirmed, given('tkt_1', 'usr_2'), voided('tkt_1'), voided('tkt_2'))?.receivers, {});
});

test('a booking whose confirmation is read after its tickets were given away is the same', () => {
  const first = folded(given('tkt_1', 'usr_2'));
  assert.deepEqual([first?.confirmed, first?.receivers], [false, { tkt_1: 'usr_2' }]);
  assert.deepEqual(folded(given('tkt_1', 'usr_2'), confirmed), folded(confirmed, given('tkt_1', 'usr_2')));
  assert.equal(folded(voided('tkt_1')), undefined);
});
