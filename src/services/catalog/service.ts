import type { ServiceDefinition } from '../../runtime/service.ts';
import { fullness, places } from './gauges.ts';
import { showSales } from './projection.ts';
import { recalled } from './recalled.ts';
import { endpoints } from './routes.ts';

/** The catalogue: what is shown where and when. Its entries change in the requests that change them; it only counts seats. */
export const catalog: ServiceDefinition = {
  name: 'catalog',
  mainInput: 'seat-events',
  inputs: ['seat-events'],
  references: ['settings'],
  streams: {},
  routes: {},
  views: [showSales],
  unhurried: ['SeatsReserved', 'SeatsSold', 'SeatsReleased'],
  gauges: [places, fullness],
  recalled,
  endpoints,
};
