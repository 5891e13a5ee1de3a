import { bothModes, type Goal, pairsOf, peakOf } from './goal.ts';

export const tail: Goal = {
  name: 'tail',
  says: 'p99 to the ticket at 70 % of what saturates ÷ p99 at 10 %',
  modes: bothModes,
  async measure(stage) {
    const peak = await peakOf(stage);
    const at = (share: number) => () => stage.book({ pace: { ratePerSecond: peak * share } });
    const pairs = await pairsOf(stage, at(0.7), at(0.1));
    const ratio = pairs.map(([high, low]) => high.ticketMs.p99 / low.ticketMs.p99);
    return [
      { what: 'p99 at 70 % ÷ p99 at 10 %', unit: '', values: ratio, wanted: { atMost: 5 } },
      { what: 'p99 at 70 %', unit: 'ms', values: pairs.map(([high]) => high.ticketMs.p99) },
      { what: 'p99 at 10 %', unit: 'ms', values: pairs.map(([, low]) => low.ticketMs.p99) },
    ];
  },
};
