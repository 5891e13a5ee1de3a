import { bothModes, type Goal, pairsOf, peakOf, saturated } from './goal.ts';

export const overload: Goal = {
  name: 'overload',
  says: 'bookings a second when five times as many are asked for as saturate ÷ the peak',
  modes: bothModes,
  async measure(stage) {
    const peak = await peakOf(stage);
    const pairs = await pairsOf(
      stage,
      () => stage.book({ pace: { ratePerSecond: 5 * peak } }),
      () => stage.book({ pace: saturated }),
    );
    const ratio = pairs.map(([flooded, calm]) => flooded.ticketedPerSecond / calm.ticketedPerSecond);
    const lost = pairs.map(([flooded]) => flooded.unticketed);
    return [
      { what: 'flooded ÷ peak', unit: '', values: ratio, wanted: { atLeast: 0.9 } },
      { what: 'accepted and without a ticket a minute later', unit: '', values: lost, wanted: { atMost: 0 } },
    ];
  },
};
