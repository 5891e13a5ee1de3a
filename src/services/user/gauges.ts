import type { ServiceRuntime } from '../../runtime/service-runtime.ts';
import type { ServiceGauge } from '../../runtime/telemetry/metrics.ts';
import { waitedInAll } from './projection.ts';

/** How many people wait for a show: over all rooms, since a label with a show's name would never end. */
export const waitingRoomPeople: ServiceGauge<ServiceRuntime> = {
  name: 'fullhouse_waiting_room_people',
  help: 'People in waiting rooms: those who wait to be called, and those inside who have not booked yet.',
  labels: ['state'],
  read: async (service) => {
    const { waiting, inside } = await waitedInAll(service);
    return Object.entries({ waiting, inside }).map(([state, value]) => ({ labels: { state }, value }));
  },
};
