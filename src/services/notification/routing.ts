import type { Setting } from '../../contracts/catalog.ts';
import type { MessageChannel } from '../../contracts/notification.ts';
import { type SettingKey, settingFrom } from '../../contracts/settings.ts';
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

/** Only whether there is an address, never the address: what a decider sees may end in a fact. */
function reachOf(userId: string, lookup: Lookup): Reach {
  const channels = settingFrom((key: SettingKey) => lookup.get<Setting>('settings', key), 'notificationChannels');
  const profile = lookup.get<Profile>('user-profiles', userId);
  const addresses: Readonly<Record<MessageChannel, string | undefined>> = {
    email: profile?.email,
    sms: profile?.phone,
  };
  return { channels, addressed: channels.filter((channel) => addresses[channel] !== undefined) };
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
  ShowMoved: route({
    to: (message): readonly Addressed[] => [
      {
        stream: 'show-changes',
        id: message.key,
        input: { ...context(message), type: 'ShowMoved', showId: message.key },
      },
    ],
  }),
  // An answer with a route of its own: it concerns the bookings of the page as well as the stream that asked.
  ShowBookingsFound: route<BookingsFound>({
    needs: ({ envelope: { data } }) => (data === null ? [] : data.bookings.map((booking) => profileOf(booking.userId))),
    to: (message, lookup): readonly Addressed[] => {
      const found = message.envelope.data;
      if (found === null) return [];
      const { showId, causeId } = found;
      const told = found.bookings.map(({ bookingId, userId }) => {
        const about = { bookingId, showId, userId, causeId, data: null, reach: reachOf(userId, lookup) };
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
