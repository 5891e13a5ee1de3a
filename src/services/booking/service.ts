import { type ServiceDefinition, stream } from '../../runtime/service.ts';
import { booking as bookingDecider } from './decider.ts';
import { measures } from './measures.ts';
import { bookings } from './projection.ts';
import { onSaleOnce, routes, showBookingsSought, waitRanOut } from './routing.ts';
import { showCancellation } from './show-cancellation.ts';

/** The process manager: takes a booking from its request to its one terminal state. */
export const booking: ServiceDefinition = {
  name: 'booking',
  mainInput: 'booking-movie',
  inputs: ['booking-movie', 'catalog', 'seat-events', 'price-events', 'payment-topic', 'ticket-details'],
  references: ['catalog', 'settings'],
  streams: {
    booking: stream({ decider: bookingDecider, shape: 'whole' }),
    'show-cancellation': stream({ decider: showCancellation, shape: 'whole' }),
  },
  routes,
  effects: { ShowBookingsSought: showBookingsSought, WaitRanOut: waitRanOut },
  views: [bookings],
  wasOnce: { catalog: onSaleOnce },
  measures,
};
