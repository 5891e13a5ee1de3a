import type { ServiceRuntime } from '../../runtime/service-runtime.ts';
import type { ServiceGauge } from '../../runtime/telemetry/metrics.ts';
import { fullnessOfShows } from './projection.ts';

/** How full the house is: over all shows to come, since a label with a show's name would never end. */
const steps = [0, 25, 50, 75, 90, 100];

export const places: ServiceGauge<ServiceRuntime> = {
  name: 'fullhouse_places',
  help: 'Seats and places of the shows to come: sold, held, blocked, free.',
  labels: ['state'],
  read: async (service) => {
    const { sold, held, blocked, capacity } = await fullnessOfShows(service, steps);
    const free = Math.max(0, capacity - sold - held - blocked);
    return Object.entries({ sold, held, blocked, free }).map(([state, value]) => ({ labels: { state }, value }));
  },
};

export const fullness: ServiceGauge<ServiceRuntime> = {
  name: 'fullhouse_shows',
  help: 'Shows to come that are taken to at least so many percent.',
  labels: ['taken'],
  read: async (service) => {
    const { shows } = await fullnessOfShows(service, steps);
    return steps.map((step, index) => ({ labels: { taken: String(step) }, value: shows[index] ?? 0 }));
  },
};
