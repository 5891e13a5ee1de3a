import type { Measured } from '../load/load.ts';
import { bothModes, costOf, type Goal, microseconds, saturated } from './goal.ts';

export const throughput: Goal = {
  name: 'throughput',
  says: 'bookings a second from the request to the ticket, as many as there is room for, and what each costs',
  modes: bothModes,
  async measure(stage) {
    const runs: Measured[] = [];
    for (let run = 0; run < stage.sizes.pairs; run += 1) runs.push(await stage.book({ pace: saturated }));
    const wanted = { atLeast: stage.mode === 'cluster' ? 2_500 : 3_500 };
    return [
      { what: 'bookings', unit: '/s', values: runs.map((each) => each.ticketedPerSecond), wanted },
      { what: 'processor time of a booking, generator apart', unit: 'µs', values: runs.map(costOf) },
      { what: 'of it services', unit: 'µs', values: runs.map((each) => microseconds(each.spent.cpu.services, each)) },
      { what: 'of it PostgreSQL', unit: 'µs', values: runs.map((each) => microseconds(each.spent.cpu.postgres, each)) },
      { what: 'of it Kafka', unit: 'µs', values: runs.map((each) => microseconds(each.spent.cpu.broker, each)) },
    ];
  },
};
