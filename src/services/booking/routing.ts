import type { Setting, Show } from '../../contracts/catalog.ts';
import type { InputContext } from '../../contracts/decider.ts';
import { type SettingKey, settingFrom } from '../../contracts/settings.ts';
import {
  type Addressed,
  askingItself,
  effect,
  type Lookup,
  type Message,
  type ReferenceKey,
  type Route,
  route,
} from '../../runtime/service.ts';
import type { Input, Terms } from './inputs.ts';
import { openBookingsOf } from './projection.ts';
import type { BookingsFound, Page } from './show-cancellation.ts';

/** Which message reaches which stream, and with what beside it. */

interface AboutBooking {
  readonly bookingId: string;
  readonly showId: string;
}

type Beside = (message: Message<AboutBooking>, lookup: Lookup) => object;

/** Brings a published fact to its booking, with what the decision wants to see beside it. */
function toBooking(beside?: Beside, needs?: (message: Message<AboutBooking>) => readonly ReferenceKey[]): Route {
  return route<AboutBooking>({
    ...(needs === undefined ? {} : { needs }),
    to: (message, lookup) => {
      const { id, type, data } = message.envelope;
      if (data === null) return [];
      const input = { id, at: message.at, type, data, ...beside?.(message, lookup) } as unknown as Input;
      return [{ stream: 'booking', id: data.bookingId, input }];
    },
  });
}

function termsNow(_message: Message<AboutBooking>, lookup: Lookup): { readonly terms: Terms } {
  const get = (key: SettingKey) => lookup.get<Setting>('settings', key);
  return {
    terms: {
      requestTtlMs: settingFrom(get, 'requestTtlMs'),
      paymentGraceMs: settingFrom(get, 'paymentGraceMs'),
      paymentAttemptsMax: settingFrom(get, 'paymentAttemptsMax'),
    },
  };
}

const showNow: Beside = (message, lookup) => ({ show: lookup.get<Show>('catalog', message.key) });
const withShowAndTerms: Beside = (message, lookup) => ({ ...showNow(message, lookup), ...termsNow(message, lookup) });
const needsShow = (message: Message<AboutBooking>): readonly ReferenceKey[] => [{ topic: 'catalog', key: message.key }];

const context = (message: Message): InputContext => ({ id: message.envelope.id, at: message.at });

/** Takes its bookings along: the cancelled show, and the withdrawn one that somebody has booked in the same moment. */
const showIsOff = route({
  to: (message): readonly Addressed[] => [
    {
      stream: 'show-cancellation',
      id: message.key,
      input: { ...context(message), type: 'ShowCancelled', showId: message.key },
    },
  ],
});

export const routes: Readonly<Record<string, Route>> = {
  BookingRequested: toBooking(withShowAndTerms, needsShow),
  PaymentSubmitted: toBooking(termsNow),
  BookingCancellationRequested: toBooking(showNow, needsShow),
  SeatsReserved: toBooking(),
  SeatsRefused: toBooking(),
  SeatsAwaited: toBooking(),
  SeatsSold: toBooking(),
  SeatsReleased: toBooking(),
  SeatsLost: toBooking(),
  PriceCalculated: toBooking(termsNow),
  PaymentSucceeded: toBooking(),
  PaymentFailed: toBooking(termsNow),
  PaymentUnsettled: toBooking(),
  PaymentRefunded: toBooking(),
  RefundFailed: toBooking(),
  // TicketIssued and TicketVoided follow the booking and tell it nothing new.
  TicketAdmitted: toBooking(),
  TicketsReturned: toBooking(),
  TicketsKept: toBooking(),
  WaitEndDue: route<AboutBooking>({
    needs: ({ envelope: { data } }) => (data === null ? [] : [{ topic: 'catalog', key: data.showId }]),
    to: (message, lookup): readonly Addressed[] => {
      const { data } = message.envelope;
      if (data === null) return [];
      const show = lookup.get<Show>('catalog', data.showId);
      return [{ stream: 'booking', id: data.bookingId, input: { ...context(message), type: 'WaitEndDue', show } }];
    },
  }),
  ShowCancelled: showIsOff,
  ShowWithdrawn: showIsOff,
  // An answer with a route of its own: it concerns the bookings of the page as well as the stream that asked.
  ShowBookingsFound: route<BookingsFound>({
    to: (message): readonly Addressed[] => {
      const found = message.envelope.data;
      if (found === null) return [];
      const bookings = found.bookingIds.map((id) => ({
        stream: 'booking',
        id,
        input: { ...context(message), type: 'ShowCancelled' },
      }));
      const turned = { ...found, ...context(message), type: 'ShowBookingsFound' };
      return [...bookings, { stream: 'show-cancellation', id: found.showId, input: turned }];
    },
  }),
};

/** A booking whose timer fires has no show at hand: the answer comes with the show as it is now. */
export const waitRanOut = askingItself('WaitEndDue');

/** A show that is cancelled or closed was on sale when it was booked. */
export function onSaleOnce(show: Show): Show {
  return { ...show, state: 'scheduled', sales: { opensAt: new Date(0).toISOString(), closesAt: show.startsAt } };
}

/** Reading a page of our own table: tried until it works, since a cancelled show must reach every booking. */
export const showBookingsSought = effect<Page>({
  policy: {
    timeoutMs: 5_000,
    attemptsMax: 5,
    backoffMs: 100,
    backoffMaxMs: 5_000,
    concurrencyMax: 4,
    breakerFailures: 1_000_000,
    breakerOpenMs: 1_000,
  },
  run: async (intent, service) => ({
    type: 'ShowBookingsFound',
    data: { ...(await openBookingsOf(service, intent.data)) },
  }),
  // Nothing found, and the same page comes next: the round goes on from where it was.
  unanswered: ({ data }) => ({ type: 'ShowBookingsFound', data: { ...data, bookingIds: [], next: data.after } }),
});
