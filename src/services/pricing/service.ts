import { type ServiceDefinition, stream } from '../../runtime/service.ts';
import { codec } from './codec.ts';
import { decider } from './decider.ts';
import { endpoints } from './routes.ts';
import { routes } from './routing.ts';

/** Prices seats: quotes for buyers, the price of each booking, the price list of each show. */
export const pricing: ServiceDefinition = {
  name: 'pricing',
  mainInput: 'seat-events',
  inputs: ['seat-events'],
  references: ['catalog', 'seat-plans', 'settings'],
  streams: { 'show-prices': { ...stream({ decider, shape: 'split' }), codec } },
  routes,
  unhurried: ['SeatsSold', 'SeatsReleased'],
  endpoints,
};
