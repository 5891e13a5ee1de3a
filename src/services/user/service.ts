import type { BookingConfirmed, BookingWaits } from '../../contracts/booking.ts';
import type { DataOf } from '../../contracts/event.ts';
import type { BookingMovieEvent } from '../../contracts/user.ts';
import { type Message, route, type ServiceDefinition, stream } from '../../runtime/service.ts';
import { bookingRequests, type GateInput } from './decider.ts';
import { waitingRoomPeople } from './gauges.ts';
import { bookings, recalled, retentions, statements } from './projection.ts';
import { replacementDue } from './replacement.ts';
import { endpoints } from './routes.ts';
import { waitBegun } from './waits.ts';

/** What a customer asks for goes through the gate of the booking it is about. */
const gate = (type: BookingMovieEvent['type']) =>
  route<BookingMovieEvent['data']>({
    to: ({ at, envelope, source }: Message<BookingMovieEvent['data']>) => {
      if (source !== 'request' || envelope.data === null) return [];
      const input = { type, data: envelope.data, id: envelope.id, at } as GateInput;
      return [{ stream: 'booking-requests', id: envelope.data.bookingId, input }];
    },
  });

/** Of what is confirmed, only what is there instead of something else concerns the gate. */
const confirmed = route<DataOf<typeof BookingConfirmed>>({
  to: ({ at, envelope: { id, data } }) => {
    if (data?.replaces === undefined) return [];
    const input: GateInput = { type: 'BookingConfirmed', data, id, at };
    return [{ stream: 'booking-requests', id: data.bookingId, input }];
  },
});

const waits = route<DataOf<typeof BookingWaits>>({
  to: ({ at, envelope: { id, data } }) => {
    if (data === null) return [];
    const input: GateInput = { type: 'BookingWaits', data, id, at };
    return [{ stream: 'booking-requests', id: data.bookingId, input }];
  },
});

export const userService: ServiceDefinition = {
  name: 'user',
  mainInput: 'booking-events',
  inputs: ['booking-events', 'ticket-details'],
  references: ['catalog', 'settings'],
  streams: { 'booking-requests': stream({ decider: bookingRequests, shape: 'whole' }) },
  routes: {
    BookingRequested: gate('BookingRequested'),
    PaymentSubmitted: gate('PaymentSubmitted'),
    BookingCancellationRequested: gate('BookingCancellationRequested'),
    BookingConfirmed: confirmed,
    BookingWaits: waits,
  },
  effects: { ReplacementDue: replacementDue, WaitBegun: waitBegun },
  views: [bookings],
  statements,
  retentions,
  recalled,
  gauges: [waitingRoomPeople],
  unhurried: ['BookingCreated', 'BookingPaymentStarted', 'BookingPaid'],
  endpoints,
};
