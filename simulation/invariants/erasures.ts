import type { BookingFacts } from '../../src/operations/check/booking-facts.ts';
import type { Fact } from '../../src/operations/check/fact.ts';
import type { LogRecord } from '../../src/runtime/log/log.ts';
import type { Contents } from '../../src/runtime/store/memory-store.ts';
import { eventId } from '../../src/runtime/task/publisher.ts';
import type { Situation } from '../situations.ts';
import type { Person } from '../venue.ts';
import { type Evidence, eventsOf, type SimulatedInvariant } from './evidence.ts';

/** Those who have erased their accounts: nothing of them is left but their bookings, and nobody writes to them. */

/** Whoever was erased, with the commit of the whole system that told it. */
function erasedOrder({ stored, order }: Pick<Evidence, 'stored' | 'order'>): ReadonlyMap<string, number> {
  const profiles = eventsOf({ stored }, 'user').filter(({ channel }) => channel === 'user-profiles');
  // What was told of them before is a tombstone as well by then, so the last one is that of the erasure.
  const last = new Map(
    profiles.toSorted((a, b) => a.streamVersion - b.streamVersion).map((event) => [event.subject, event]),
  );
  return new Map(
    [...last].flatMap(([userId, event]) =>
      event.data === null ? [[userId, order.get(`user ${eventId(event)}`) ?? 0] as const] : [],
    ),
  );
}

const erasedPeople = (evidence: Evidence): readonly Person[] => {
  const erased = erasedOrder(evidence);
  return evidence.people.filter(({ userId }) => erased.has(userId));
};

/** Where a personal datum of one of several people stands in a text. */
type Finder = (text: string) => string | undefined;

function finderOf(people: readonly Person[]): Finder {
  const data = people.flatMap(({ profile: { name, email, phone } }) => [name, email, phone].filter((each) => each));
  if (data.length === 0) return () => undefined;
  // Not within another one: the first of twenty people is not the eleventh.
  const pattern = new RegExp(`(?<!\\w)(?:${data.map((each) => escaped(each ?? '')).join('|')})(?!\\w)`);
  return (text) => pattern.exec(text)?.[0];
}

const escaped = (text: string) => text.replace(/[.+]/g, String.raw`\$&`);

export const erasedLeaveNothing: SimulatedInvariant = {
  name: 'erased-leave-nothing',
  says: 'of whoever was erased nothing personal is left, in no database and on no topic, but the name on tickets that were issued before',
  *examine(evidence) {
    const find = finderOf(erasedPeople(evidence));
    for (const [service, contents] of evidence.stored)
      for (const [place, text] of textsIn(contents)) {
        const datum = find(text);
        if (datum !== undefined) yield `${service} keeps ${datum} in ${place}`;
      }
    for (const { service, userId, data } of evidence.profiles) {
      const datum = find(JSON.stringify(data));
      if (datum !== undefined) yield `${service} keeps ${datum} in the profile of ${userId}`;
    }
    for (const [place, records] of evidence.records) {
      const kept = keptOn(place, records);
      for (const { value, key } of kept) {
        const datum = find(value ?? '');
        if (datum !== undefined) yield `${place} keeps ${datum} in a record of ${key}`;
      }
    }
    yield* namedLater(evidence);
  },
};

function* textsIn({ events, documents, requests, parked }: Contents): Generator<readonly [string, string]> {
  for (const { stream, streamVersion, json } of events) yield [`the fact ${stream}/${streamVersion}`, json];
  for (const [view, all] of documents)
    for (const [id, doc] of all) yield [`the document ${view} ${id}`, JSON.stringify(doc)];
  for (const { type, subject, data } of requests) yield [`the request ${type} of ${subject}`, JSON.stringify(data)];
  for (const row of parked) yield [`a parked input of ${row.subject}`, JSON.stringify(row)];
}

/** Records that stay: of a compacted topic the last of each key, of the topic with names on it none. */
function keptOn(place: string, records: readonly LogRecord[]): Iterable<LogRecord> {
  if (place.startsWith('ticket-details/')) return [];
  if (!place.startsWith('user-profiles/')) return records;
  return new Map(records.map((record) => [record.key, record])).values();
}

/** By then nothing is on its way any more that was begun before, whatever the clocks did. */
const onItsWayMs = 240_000;

function* namedLater(evidence: Evidence): Generator<string> {
  for (const person of erasedPeople(evidence)) {
    const known = evidence.forgotten.get(`ticket ${person.userId}`)?.time;
    if (known === undefined) continue;
    const find = finderOf([person]);
    for (const [place, records] of evidence.records) {
      if (!place.startsWith('ticket-details/')) continue;
      const named = records.find(({ timestamp, value }) => timestamp > known + onItsWayMs && find(value ?? ''));
      if (named !== undefined) yield `${named.headers['ce_id']} on ${place} names ${person.profile.name}, long erased`;
    }
  }
}

export const erasedStayErased: SimulatedInvariant = {
  name: 'erased-stay-erased',
  says: 'whoever was told that they are erased is, for good and to everybody, and no more than they is',
  *examine(evidence) {
    const { journal, accounts, profiles, records, stored } = evidence;
    const erased = erasedOrder(evidence);
    for (const [userId, { toldAt }] of journal.erasures)
      if (toldAt !== undefined && !erased.has(userId)) yield `${userId} was told to be erased, and no fact says so`;
    for (const userId of erased.keys())
      if (!journal.erasures.has(userId)) yield `${userId} was erased, and did not ask for it`;
    for (const { subject, data } of eventsOf({ stored }, 'user'))
      if (data !== null && subject !== undefined && erased.has(subject)) yield `${subject} was told of once more`;
    for (const { userId, erased: isErased, email, name, phone } of accounts)
      if (erased.has(userId) && (!isErased || [email, name, phone].some((each) => each !== null)))
        yield `${userId} still has an account`;
    for (const { service, userId, data } of profiles)
      if (erased.has(userId) && data !== null) yield `${service} still knows ${userId}`;
    const topic = new Map(records.get('user-profiles/0')?.map(({ key, value }) => [key, value]));
    for (const userId of erased.keys())
      if (topic.get(userId) !== null) yield `${userId} comes last on the topic with a profile`;
  },
};

/** What was looked up just before may still be sent: a try ends after twelve seconds. */
const lookedUpBeforeMs = 15_000;

export const erasedHearNothing: SimulatedInvariant = {
  name: 'erased-hear-nothing',
  says: 'nobody is written to once it is known that they were erased',
  *examine({ received, forgotten }) {
    for (const { userId, kind, channel, at, bookingId } of received) {
      const known = forgotten.get(`notification ${userId}`)?.at;
      if (known !== undefined && at > known + lookedUpBeforeMs)
        yield `${userId} was told by ${channel} of ${kind} (${bookingId}) ${Math.round(at - known)} ms after they were erased`;
    }
  },
};

/** As long as one instance may not have heard of an erasure at another one, and the time that a request takes. */
const knownWithinMs = 1_500;

export const erasedAreRefused: SimulatedInvariant = {
  name: 'erased-are-refused',
  says: 'whoever was told that they are erased books nothing any more',
  *examine({ journal }) {
    for (const { bookingId, userId, sentAt } of journal.acknowledged) {
      const toldAt = journal.erasures.get(userId)?.toldAt;
      if (toldAt !== undefined && sentAt > toldAt + knownWithinMs)
        yield `${bookingId} was asked for by ${userId}, ${Math.round(sentAt - toldAt)} ms after they were told to be erased`;
    }
  },
};

const waitEnds = ['BookingHeld', 'BookingRejected', 'BookingCancelled', 'BookingExpired'];

export const erasedWaitForNothing: SimulatedInvariant = {
  name: 'erased-wait-for-nothing',
  says: 'whoever was erased is taken off the waiting lists, and what was found for them is offered on unless they are paying',
  *examine(evidence) {
    const { bookings, order, stored } = evidence;
    const erased = erasedOrder(evidence);
    const cancelled = new Set(
      eventsOf({ stored }, 'user').flatMap(({ type, stream }) =>
        type === 'BookingCancellationRequested' ? [stream] : [],
      ),
    );
    for (const { bookingId, booking, document } of bookings) {
      const erasedAt = erased.get(userOf(document));
      const began = booking.find(({ type }) => type === 'BookingWaits');
      if (erasedAt === undefined || began === undefined || cancelled.has(bookingId)) continue;
      const ended = booking.find(({ type, version }) => version > began.version && waitEnds.includes(type));
      const endedAt = ended && order.get(`booking ${bookingId}/${ended.version}`);
      if (endedAt === undefined || endedAt > erasedAt)
        yield `${bookingId} waited until ${ended?.type ?? 'ever'} for ${userOf(document)}, who was erased`;
    }
  },
};

function userOf(document: BookingFacts['document']): string {
  return (document as { readonly userId?: string } | undefined)?.userId ?? '';
}

/** By the last fact before the erasure: what somebody was at. */
const atThat: Readonly<Record<string, Situation>> = {
  BookingWaits: 'erased while waiting for seats',
  BookingHeld: 'erased with a hold',
  BookingPaymentStarted: 'erased while paying',
  BookingConfirmed: 'erased with tickets',
};

/** How often accounts were erased in the middle of what. */
export function erasedIn(evidence: Evidence): ReadonlyMap<Situation, number> {
  const met = new Map<Situation, number>();
  const note = (situation: Situation | undefined) => {
    if (situation !== undefined) met.set(situation, (met.get(situation) ?? 0) + 1);
  };
  const erased = erasedOrder(evidence);
  for (const facts of evidence.bookings) {
    const erasedAt = erased.get(userOf(facts.document));
    if (erasedAt === undefined) continue;
    const isBefore = (service: string, { version }: Fact) =>
      (evidence.order.get(`${service} ${facts.bookingId}/${version}`) ?? 0) < erasedAt;
    const before = facts.booking.filter((fact) => isBefore('booking', fact));
    const last = before.findLast(({ type }) => atThat[type] !== undefined || waitEnds.includes(type));
    note(before.length === 0 ? 'booked while being erased' : atThat[last?.type ?? '']);
    if ('replaces' in (facts.document ?? {}) && last?.type !== 'BookingConfirmed') note('erased while exchanging');
    if (facts.tickets.some((fact) => fact.type === 'TicketTransferred' && isBefore('ticket', fact)))
      note('erased after giving a ticket');
    for (const message of facts.messages) {
      const isDue = message.type === 'NotificationSent' && !isBefore('notification', message);
      const planned = facts.messages.find(
        ({ type, data }) => type === 'MessagePlanned' && data.messageId === message.data.messageId,
      );
      if (isDue && planned !== undefined && isBefore('notification', planned)) note('erased while a message was due');
      if (isDue && planned !== undefined && message.data.status === 'skipped') note('not told any more');
    }
  }
  return met;
}
