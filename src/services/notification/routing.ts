import type { BookingConfirmed } from '../../contracts/booking.ts';
import type { Setting, Show } from '../../contracts/catalog.ts';
import type { DataOf } from '../../contracts/event.ts';
import type { MessageChannel } from '../../contracts/notification.ts';
import { type SettingKey, settingFrom } from '../../contracts/settings.ts';
import type { TicketTransferred, TicketVoided } from '../../contracts/ticket.ts';
import type { Profile } from '../../contracts/user.ts';
import { type Addressed, type Lookup, type Message, type Route, route } from '../../runtime/service.ts';
import type { Reach } from './messages.ts';
import type { BookingsFound } from './show-changes.ts';

/** Which message reaches the messages of which booking, with where its customer can be reached. */

interface About {
  readonly bookingId: string;
  readonly showId: string;
  readonly userId: string;
}

const context = (message: Message) => ({ id: message.envelope.id, at: message.at });
const profileOf = (userId: string) => ({ topic: 'user-profiles', key: userId }) as const;

const channelsIn = (lookup: Lookup) =>
  settingFrom((key: SettingKey) => lookup.get<Setting>('settings', key), 'notificationChannels');

/** Only whether there is an address, never the address: what a decider sees may end in a fact. */
function reachOf(userId: string, lookup: Lookup): Reach {
  const channels = channelsIn(lookup);
  const profile = lookup.get<Profile>('user-profiles', userId);
  const addresses: Readonly<Record<MessageChannel, string | undefined>> = {
    email: profile?.email,
    sms: profile?.phone,
  };
  return { channels, addressed: channels.filter((channel) => addresses[channel] !== undefined) };
}

/** When the show was moved, if that was after a booking of it was asked for. */
function movedSince(acceptedAt: string | undefined, showId: string, lookup: Lookup): string | undefined {
  const movedAt = lookup.get<Show>('catalog', showId)?.movedAt;
  if (movedAt === undefined || acceptedAt === undefined) return undefined;
  return Date.parse(acceptedAt) < Date.parse(movedAt) ? movedAt : undefined;
}

const cause: Route = route<About>({
  needs: ({ envelope: { data } }) => (data === null ? [] : [profileOf(data.userId)]),
  to: (message, lookup) => {
    const { id, type, data } = message.envelope;
    if (data === null) return [];
    const { bookingId, showId, userId } = data;
    const input = {
      ...context(message),
      type,
      data,
      bookingId,
      showId,
      userId,
      causeId: id,
      reach: reachOf(userId, lookup),
    };
    return [{ stream: 'messages', id: bookingId, input }];
  },
});

export const routes: Readonly<Record<string, Route>> = {
  BookingHeld: cause,
  PaymentDeclined: cause,
  BookingRejected: cause,
  BookingExpired: cause,
  BookingCancelled: cause,
  PaymentSucceeded: cause,
  PaymentRefunded: cause,
  TicketIssued: cause,
  TicketTransferred: route<DataOf<typeof TicketTransferred>>({
    needs: ({ envelope: { data } }) => (data === null ? [] : [profileOf(data.fromUserId), profileOf(data.toUserId)]),
    to: (message, lookup): readonly Addressed[] => {
      const { id, data } = message.envelope;
      if (data === null) return [];
      const { bookingId, showId, fromUserId, toUserId, bookedUnder: _, code: __, ...ticket } = data;
      const people = [
        ['TicketGivenAway', fromUserId],
        ['TicketReceived', toUserId],
      ] as const;
      return people.map(([type, userId]) => {
        const about = { bookingId, showId, userId, causeId: id, reach: reachOf(userId, lookup) };
        const told = { ...ticket, bookingId, showId, fromUserId, toUserId };
        return { stream: 'messages', id: bookingId, input: { ...context(message), type, data: told, ...about } };
      });
    },
  }),
  TicketVoided: route<DataOf<typeof TicketVoided>>({
    to: (message, lookup): readonly Addressed[] => {
      const { id, data } = message.envelope;
      if (data === null) return [];
      const input = { ...context(message), type: 'TicketVoided', data, causeId: id, channels: channelsIn(lookup) };
      return [{ stream: 'messages', id: data.bookingId, input }];
    },
  }),
  ShowMoved: route<Show>({
    to: (message): readonly Addressed[] => [
      {
        stream: 'show-changes',
        id: message.key,
        input: {
          ...context(message),
          type: 'ShowMoved',
          showId: message.key,
          movedAt: message.envelope.data?.movedAt,
        },
      },
    ],
  }),
  // A show that moved while a booking of it was under way was not told to it: only confirmed ones are found then.
  BookingConfirmed: route<DataOf<typeof BookingConfirmed>>({
    needs: ({ key, envelope: { data } }, lookup) => {
      const show = { topic: 'catalog', key } as const;
      return data === null || movedSince(data.acceptedAt, key, lookup) === undefined
        ? [show]
        : [show, profileOf(data.userId)];
    },
    to: (message, lookup): readonly Addressed[] => {
      const { id, data } = message.envelope;
      const movedAt = data === null ? undefined : movedSince(data.acceptedAt, message.key, lookup);
      if (data === null || movedAt === undefined) return [];
      const { bookingId, showId, userId } = data;
      const about = { bookingId, showId, userId, causeId: id, data: { movedAt }, reach: reachOf(userId, lookup) };
      return [{ stream: 'messages', id: bookingId, input: { ...context(message), type: 'ShowMoved', ...about } }];
    },
  }),
  // An answer with a route of its own: it concerns the bookings of the page as well as the stream that asked.
  ShowBookingsFound: route<BookingsFound>({
    needs: ({ envelope: { data } }) => (data === null ? [] : data.bookings.map((booking) => profileOf(booking.userId))),
    to: (message, lookup): readonly Addressed[] => {
      const found = message.envelope.data;
      if (found === null) return [];
      const { showId, causeId } = found;
      const told = found.bookings.map(({ bookingId, userId, toReceiver }) => {
        const data = { movedAt: found.movedAt, toReceiver };
        const about = { bookingId, showId, userId, causeId, data, reach: reachOf(userId, lookup) };
        return { stream: 'messages', id: bookingId, input: { ...context(message), type: 'ShowMoved', ...about } };
      });
      const turned = { ...found, ...context(message), type: 'ShowBookingsFound' };
      return [...told, { stream: 'show-changes', id: showId, input: turned }];
    },
  }),
  ResendRequested: route<{ readonly bookingId: string }>({
    to: (message): readonly Addressed[] => {
      const { type, data } = message.envelope;
      return data === null
        ? []
        : [{ stream: 'messages', id: data.bookingId, input: { ...data, ...context(message), type } }];
    },
  }),
};
