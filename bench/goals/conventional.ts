import { withBaseline } from './against.ts';
import { bothModes, type Goal, saturated } from './goal.ts';

/** Under way at the same time: more would only wait longer before the first step. */
const underWay = { plain: { inFlightMax: 64 }, tuned: { inFlightMax: 512 } } as const;

export const conventional: Goal = {
  name: 'conventional',
  says: 'bookings a second at saturation ÷ the same steps as one message, one transaction, one awaited send, without HTTP and without rules',
  modes: bothModes,
  measure: (stage) =>
    withBaseline(stage, async (baseline) => {
      const ours: number[] = [];
      const plain: number[] = [];
      const tuned: number[] = [];
      const arms = [
        async () => ours.push((await stage.book({ pace: saturated })).ticketedPerSecond),
        async () => plain.push((await baseline({ kind: 'pipeline', how: 'plain', pace: underWay.plain })).perSecond),
        async () => tuned.push((await baseline({ kind: 'pipeline', how: 'tuned', pace: underWay.tuned })).perSecond),
      ];
      // A B C C B A
      for (let round = 0; round < stage.sizes.pairs; round += 1)
        for (const arm of round % 2 === 0 ? arms : arms.toReversed()) await arm();
      const over = (theirs: readonly number[]) => ours.map((each, round) => each / (theirs[round] ?? Number.NaN));
      return [
        { what: 'ours ÷ plain', unit: '', values: over(plain), wanted: { atLeast: 10 } },
        { what: 'ours ÷ tuned', unit: '', values: over(tuned), wanted: { atLeast: 4 } },
        { what: 'ours', unit: '/s', values: ours },
        { what: 'plain', unit: '/s', values: plain },
        { what: 'tuned', unit: '/s', values: tuned },
      ];
    }),
};
