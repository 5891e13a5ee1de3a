import type { Measured } from '../load/load.ts';
import { bothModes, type Goal, peakOf } from './goal.ts';

export const latency: Goal = {
  name: 'latency',
  says: 'from the planned moment of the request to the ticket, at 5 % of what saturates',
  modes: bothModes,
  async measure(stage) {
    const ratePerSecond = Math.max(1, (await peakOf(stage)) * 0.05);
    const runs: Measured[] = [];
    for (let run = 0; run < stage.sizes.pairs; run += 1) runs.push(await stage.book({ pace: { ratePerSecond } }));
    return [
      { what: 'p50 to the ticket', unit: 'ms', values: runs.map(({ ticketMs }) => ticketMs.p50) },
      { what: 'p99 to the ticket', unit: 'ms', values: runs.map(({ ticketMs }) => ticketMs.p99) },
      {
        what: 'p99 ÷ p50',
        unit: '',
        values: runs.map(({ ticketMs: { p99, p50 } }) => p99 / p50),
        wanted: { atMost: 4 },
      },
      { what: 'p50 to the answer 202', unit: 'ms', values: runs.map(({ answerMs }) => answerMs.p50) },
    ];
  },
};
