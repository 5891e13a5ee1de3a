import { bothModes, type Goal, pairsOf, saturated } from './goal.ts';

export const hotShow: Goal = {
  name: 'hot-show',
  says: 'everybody wants one show of 5,000,000 places ÷ bookings spread over many shows, at saturation',
  modes: bothModes,
  async measure(stage) {
    const wanted = (show: 'one' | 'many') => () => stage.book({ pace: saturated, show });
    const pairs = await pairsOf(stage, wanted('one'), wanted('many'));
    const ratio = pairs.map(([one, many]) => one.ticketedPerSecond / many.ticketedPerSecond);
    return [
      { what: 'one show ÷ many', unit: '', values: ratio, wanted: { atLeast: 0.9 } },
      { what: 'bookings for one show', unit: '/s', values: pairs.map(([one]) => one.ticketedPerSecond) },
      { what: 'bookings for many', unit: '/s', values: pairs.map(([, many]) => many.ticketedPerSecond) },
    ];
  },
};
