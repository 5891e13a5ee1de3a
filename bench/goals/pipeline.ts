import { besideNullPipeline } from './against.ts';
import { bothModes, type Goal } from './goal.ts';

export const pipeline: Goal = {
  name: 'pipeline',
  says: 'bookings a second at saturation ÷ a pipeline that moves the same bytes and rows, without HTTP and without rules',
  modes: bothModes,
  async measure(stage) {
    const pairs = await besideNullPipeline(stage);
    const ratio = pairs.map(([ours, bare]) => ours.ticketedPerSecond / bare.perSecond);
    return [
      { what: 'ours ÷ null pipeline', unit: '', values: ratio, wanted: { atLeast: 0.5 } },
      { what: 'ours', unit: '/s', values: pairs.map(([ours]) => ours.ticketedPerSecond) },
      { what: 'null pipeline', unit: '/s', values: pairs.map(([, bare]) => bare.perSecond) },
    ];
  },
};
