import { type ServiceDefinition, stream } from '../../runtime/service.ts';
import { messages } from './decider.ts';
import { messagePlanned, showBookingsSought } from './effects.ts';
import { bookings, retentions, troubled } from './projection.ts';
import { endpoints } from './routes.ts';
import { routes } from './routing.ts';
import { showChanges } from './show-changes.ts';

/** Tells customers what happened to their bookings, once per cause, kind and channel. */
export const notification: ServiceDefinition = {
  name: 'notification',
  mainInput: 'payment-topic',
  inputs: ['payment-topic', 'ticket-details', 'booking-events', 'catalog'],
  references: ['catalog', 'seat-plans', 'user-profiles', 'settings'],
  streams: {
    messages: stream({ decider: messages, shape: 'whole' }),
    'show-changes': stream({ decider: showChanges, shape: 'whole' }),
  },
  routes,
  effects: { MessagePlanned: messagePlanned, ShowBookingsSought: showBookingsSought },
  views: [bookings, troubled],
  retentions,
  unhurried: ['BookingCreated', 'BookingConfirmed', 'TicketIssued', 'TicketVoided'],
  endpoints,
};
