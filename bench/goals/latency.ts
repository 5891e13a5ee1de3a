import { commitsToTicket, hopsToTicket } from '../baselines/shape.ts';
import { withBaseline } from './against.ts';
import { bothModes, type Goal, peakOf } from './goal.ts';

export const latency: Goal = {
  name: 'latency',
  says: 'from the planned moment of the request to the ticket, at 5 % of what saturates ÷ what its hops and commits take one by one',
  modes: bothModes,
  measure: (stage) =>
    withBaseline(stage, async (baseline) => {
      const ratePerSecond = Math.max(1, (await peakOf(stage)) * 0.05);
      const runs = [];
      for (let run = 0; run < stage.sizes.pairs; run += 1) {
        const { ticketMs, answerMs } = await stage.book({ pace: { ratePerSecond } });
        const hop = (await baseline({ kind: 'hop', ratePerSecond })).ms.p50;
        const commit = (await baseline({ kind: 'commit', ratePerSecond })).ms.p50;
        runs.push({ ticketMs, answerMs, hop, commit, least: hopsToTicket * hop + commitsToTicket * commit });
      }
      const parts = `${hopsToTicket} hops + ${commitsToTicket} commits`;
      return [
        {
          what: `p50 to the ticket ÷ (${parts})`,
          ...{ unit: '', values: runs.map(({ ticketMs, least }) => ticketMs.p50 / least), wanted: { atMost: 2 } },
        },
        {
          what: 'p99 ÷ p50',
          ...{ unit: '', values: runs.map(({ ticketMs: { p99, p50 } }) => p99 / p50), wanted: { atMost: 4 } },
        },
        { what: 'p50 to the ticket', unit: 'ms', values: runs.map(({ ticketMs }) => ticketMs.p50) },
        { what: 'p99 to the ticket', unit: 'ms', values: runs.map(({ ticketMs }) => ticketMs.p99) },
        { what: 'p50 to the answer 202', unit: 'ms', values: runs.map(({ answerMs }) => answerMs.p50) },
        { what: 'p50 of a hop alone', unit: 'ms', values: runs.map(({ hop }) => hop) },
        { what: 'p50 of a commit alone', unit: 'ms', values: runs.map(({ commit }) => commit) },
      ];
    }),
};
