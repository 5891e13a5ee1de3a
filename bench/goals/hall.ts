import { runRequests } from '../load/run-requests.ts';
import { cpuOf } from '../measure/processor-time.ts';
import { bothModes, type Goal, pairsOf } from './goal.ts';
import type { Stage } from './stage.ts';

const seatsOfLarge = 65_536;
const seatsOfSmall = 512;
/** As many as there is room for: where little is asked for, what a batch costs hides what a hold costs. */
const holdsUnderWay = { inFlightMax: 500 } as const;
/** So that the small halls do not fill up. */
const timesTheShows = 2;
const readsPerSecond = 500;
const connections = 16;

/** Processor time of a hold and of an availability read in halls of one size: microseconds. */
async function costsIn(stage: Stage, seats: number): Promise<{ readonly hold: number; readonly read: number }> {
  const shows = await stage.scene.open(timesTheShows * stage.sizes.shows, seats);
  const held = await stage.book({ pace: holdsUnderWay, show: shows, until: 'hold' });
  const { warmUpMs, measuredMs } = stage.sizes;
  const plan = {
    ...{ url: stage.system.url, headers: {}, status: 200, connections, warmUpMs, measuredMs },
    requests: shows.map((showId) => ({ path: `/v1/shows/${showId}/availability` })),
    ratePerSecond: readsPerSecond,
  };
  const read = await stage.watched((probe) => runRequests(plan, probe));
  return {
    hold: (cpuOf(held.spent.cpu) * 1_000_000) / held.ticketed,
    read: (cpuOf(read.spent.cpu) * 1_000_000) / read.answered,
  };
}

export const hall: Goal = {
  name: 'hall',
  says: `processor time of a hold and of an availability read, in halls of ${seatsOfLarge} seats ÷ ${seatsOfSmall}`,
  modes: bothModes,
  async measure(stage) {
    const pairs = await pairsOf(
      stage,
      () => costsIn(stage, seatsOfLarge),
      () => costsIn(stage, seatsOfSmall),
    );
    const ratio = (of: 'hold' | 'read') => pairs.map(([large, small]) => large[of] / small[of]);
    return [
      { what: 'a hold, large ÷ small', unit: '', values: ratio('hold'), wanted: { atMost: 1.25 } },
      { what: 'a read, large ÷ small', unit: '', values: ratio('read'), wanted: { atMost: 1.25 } },
      { what: 'a hold, large', unit: 'µs', values: pairs.map(([large]) => large.hold) },
      { what: 'a hold, small', unit: 'µs', values: pairs.map(([, small]) => small.hold) },
      { what: 'a read, large', unit: 'µs', values: pairs.map(([large]) => large.read) },
      { what: 'a read, small', unit: 'µs', values: pairs.map(([, small]) => small.read) },
    ];
  },
};
