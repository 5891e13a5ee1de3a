import type { Measured } from '../load/load.ts';
import type { Stage } from './stage.ts';

/** One figure: of each run, or of each pair of runs. */
export interface Figure {
  readonly what: string;
  readonly unit: string;
  readonly values: readonly number[];
  /** What the figure should be, where that was said. */
  readonly wanted?: { readonly atLeast?: number; readonly atMost?: number };
}

export interface Goal {
  readonly name: string;
  readonly says: string;
  measure(stage: Stage): Promise<readonly Figure[]>;
}

/** Bookings that are asked for and have no ticket yet, when as many as can be handled are wanted. */
const saturated = { inFlightMax: 1_500 } as const;

/** Arms in the order A B B A, so that what changes with time falls on both alike. */
async function pairsOf<Result>(
  stage: Stage,
  a: () => Promise<Result>,
  b: () => Promise<Result>,
): Promise<readonly (readonly [Result, Result])[]> {
  const pairs: (readonly [Result, Result])[] = [];
  for (let pair = 0; pair < stage.pairs; pair += 1) {
    if (pair % 2 === 0) {
      const first = await a();
      pairs.push([first, await b()]);
    } else {
      const second = await b();
      pairs.push([await a(), second]);
    }
  }
  return pairs;
}

const microseconds = (seconds: number, { ticketed }: Measured) => Math.round((seconds * 1_000_000) / ticketed);
const costOf = (measured: Measured) =>
  microseconds(measured.cpu.services + measured.cpu.postgres + measured.cpu.broker, measured);

async function peakOf(stage: Stage): Promise<number> {
  return (await stage.book({ pace: saturated })).ticketedPerSecond;
}

const throughput: Goal = {
  name: 'throughput',
  says: 'bookings a second from the request to the ticket, as many as there is room for, and what each costs',
  async measure(stage) {
    const runs: Measured[] = [];
    for (let run = 0; run < stage.pairs; run += 1) runs.push(await stage.book({ pace: saturated }));
    const wanted = { atLeast: stage.mode === 'cluster' ? 2_500 : 3_500 };
    return [
      { what: 'bookings', unit: '/s', values: runs.map((each) => each.ticketedPerSecond), wanted },
      { what: 'processor time of a booking, generator apart', unit: 'µs', values: runs.map(costOf) },
      { what: 'of it services', unit: 'µs', values: runs.map((each) => microseconds(each.cpu.services, each)) },
      { what: 'of it PostgreSQL', unit: 'µs', values: runs.map((each) => microseconds(each.cpu.postgres, each)) },
      { what: 'of it Kafka', unit: 'µs', values: runs.map((each) => microseconds(each.cpu.broker, each)) },
    ];
  },
};

const latency: Goal = {
  name: 'latency',
  says: 'from the planned moment of the request to the ticket, at 5 % of what saturates',
  async measure(stage) {
    const ratePerSecond = Math.max(1, (await peakOf(stage)) * 0.05);
    const runs: Measured[] = [];
    for (let run = 0; run < stage.pairs; run += 1) runs.push(await stage.book({ pace: { ratePerSecond } }));
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

const tail: Goal = {
  name: 'tail',
  says: 'p99 to the ticket at 70 % of what saturates ÷ p99 at 10 %',
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

const hotShow: Goal = {
  name: 'hot-show',
  says: 'everybody wants one show of 5,000,000 places ÷ bookings spread over many shows, at saturation',
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

const overload: Goal = {
  name: 'overload',
  says: 'bookings a second when five times as many are asked for as saturate ÷ the peak',
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

export const goals: readonly Goal[] = [throughput, latency, tail, hotShow, overload];
