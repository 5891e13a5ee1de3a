import type { Setting, Show } from '../../contracts/catalog.ts';
import type { DataOf } from '../../contracts/event.ts';
import type { NotificationSent } from '../../contracts/notification.ts';
import { type SettingKey, settingFrom } from '../../contracts/settings.ts';
import type { TicketIssued, TicketTransferred } from '../../contracts/ticket.ts';
import type { Profile } from '../../contracts/user.ts';
import { enrichment, type Message, type Route, route } from '../../runtime/service.ts';
import type { TicketCodes } from './code.ts';
import type { About, Input } from './decider.ts';

/** Which message reaches the tickets of which booking, and what is filled in when a ticket is published. */

export const codesPart = 'ticket-codes';
export const pagesPart = 'pages-url';

const context = (message: Message) => ({ id: message.envelope.id, at: message.at });
const addressed = (bookingId: string, input: object) => [{ stream: 'tickets', id: bookingId, input }];

type ConfirmedData = Extract<Input, { readonly type: 'BookingConfirmed' }>['data'];
type CancelledData = Extract<Input, { readonly type: 'BookingCancelled' }>['data'];

export const routes: Readonly<Record<string, Route>> = {
  BookingConfirmed: route<ConfirmedData>({
    needs: (message) => [{ topic: 'catalog', key: message.key }],
    to: (message, lookup) => {
      const { data } = message.envelope;
      if (data === null) return [];
      const show = lookup.get<Show>('catalog', message.key);
      const graceMs = settingFrom((key: SettingKey) => lookup.get<Setting>('settings', key), 'notificationGraceMs');
      const input: Input = { ...context(message), type: 'BookingConfirmed', data, show, graceMs };
      return addressed(data.bookingId, input);
    },
  }),
  BookingCancelled: route<CancelledData>({
    to: (message) => {
      const { data } = message.envelope;
      if (data === null) return [];
      const input: Input = { ...context(message), type: 'BookingCancelled', data };
      return addressed(data.bookingId, input);
    },
  }),
  TicketsAskedBack: route<About>({
    to: (message) => {
      const { data } = message.envelope;
      if (data === null) return [];
      const input: Input = { ...context(message), type: 'TicketsAskedBack', data };
      return addressed(data.bookingId, input);
    },
  }),
  // Whatever became of it on whichever channel: the message is no reason to keep a ticket back any longer.
  NotificationSent: route<DataOf<typeof NotificationSent>>({
    to: (message) => {
      const { data } = message.envelope;
      if (data === null || data.kind !== 'payment_received') return [];
      const input: Input = { ...context(message), type: 'PaymentMessageSent', bookingId: data.bookingId };
      return addressed(data.bookingId, input);
    },
  }),
};

type Ticket = DataOf<typeof TicketIssued>;

/** Of a ticket that nobody was given: each time somebody is, it is raised by one. */
export const firstIssue = 1;

/** The name and the code leave with the event and are not kept with it. */
export const ticketIssued = enrichment<Ticket>({
  needs: ({ bookedUnderId, userId }) => [{ topic: 'user-profiles', key: bookedUnderId ?? userId }],
  fill: (ticket, lookup, service) => ({
    ...ticket,
    bookedUnder: lookup.get<Profile>('user-profiles', ticket.bookedUnderId ?? ticket.userId)?.name,
    code: service.part<TicketCodes>(codesPart).sign({ ...ticket, issue: firstIssue }),
  }),
  strip: ({ bookedUnder: _, code: __, ...ticket }) => ticket,
});

type Transferred = DataOf<typeof TicketTransferred>;

export const ticketTransferred = enrichment<Transferred>({
  needs: ({ toUserId }) => [{ topic: 'user-profiles', key: toUserId }],
  fill: (ticket, lookup, service) => ({
    ...ticket,
    bookedUnder: lookup.get<Profile>('user-profiles', ticket.toUserId)?.name,
    code: service.part<TicketCodes>(codesPart).sign(ticket),
  }),
  strip: ({ bookedUnder: _, code: __, ...ticket }) => ticket,
});
