import { type ServiceDefinition, stream } from '../../runtime/service.ts';
import { codec } from './codec.ts';
import { decider } from './decider.ts';
import { measures } from './measures.ts';
import { allocationWalls, blockRequests } from './projection.ts';
import { endpoints } from './routes.ts';
import { offers, routes } from './routing.ts';

/** Holds, sells and frees the seats of shows. */
export const seatInventory: ServiceDefinition = {
  name: 'seat-inventory',
  mainInput: 'booking-events',
  inputs: ['booking-events'],
  references: ['catalog', 'seat-plans', 'settings'],
  streams: { 'show-seats': { ...stream({ decider, shape: 'split' }), codec } },
  routes,
  effects: offers,
  views: [blockRequests],
  statements: allocationWalls,
  unhurried: ['BookingPaymentStarted'],
  endpoints,
  measures,
};
