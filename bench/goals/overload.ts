import { Client } from '../../tests/support/client.ts';
import { bothModes, type Goal, pairsOf, peakOf, saturated } from './goal.ts';
import type { Stage } from './stage.ts';

const timesThePeak = 5;
/** So many customers at the door at once; who gets no connection while it is measured goes away. */
const connections = 1_000;
/** Seats that are held before, and should be held afterwards. */
const holds = 100;

/** Holds seats for customers who have not paid yet; resolves with a look at how many of these holds are gone. */
async function holdBefore({ scene, system }: Stage): Promise<() => Promise<number>> {
  const [showId] = await scene.open(1);
  const held = await Promise.all(
    Array.from({ length: holds }, async (_, number) => {
      const customer = new Client(system.url, scene.tokens[number % scene.tokens.length]);
      const { body } = await customer.book({ showId, bestAvailable: { count: 1 } });
      if (body.status !== 'awaiting_payment') throw new Error(`no hold before the flood: ${JSON.stringify(body)}`);
      return { customer, bookingId: body.bookingId };
    }),
  );
  return async () => {
    const after = await Promise.all(held.map(({ customer, bookingId }) => customer.booking(bookingId)));
    return after.filter(({ body }) => body.status !== 'awaiting_payment').length;
  };
}

async function flood(stage: Stage, ratePerSecond: number) {
  const lost = await holdBefore(stage);
  const measured = await stage.book({ pace: { ratePerSecond }, connections });
  return { ...measured, holdsLost: await lost() };
}

export const overload: Goal = {
  name: 'overload',
  says: 'bookings a second when five times as many are asked for as saturate ÷ the peak; what becomes of those who are refused, and of holds',
  modes: bothModes,
  async measure(stage) {
    const peak = await peakOf(stage);
    const pairs = await pairsOf(
      stage,
      () => flood(stage, timesThePeak * peak),
      () => stage.book({ pace: saturated }),
    );
    const flooded = pairs.map(([each]) => each);
    const refusals = flooded.filter(({ refusalMs }) => refusalMs.count > 0);
    const ratio = pairs.map(([each, calm]) => each.ticketedPerSecond / calm.ticketedPerSecond);
    return [
      { what: 'flooded ÷ peak', unit: '', values: ratio, wanted: { atLeast: 0.9 } },
      {
        what: 'p99 to a refusal',
        ...{ unit: 'ms', values: refusals.map(({ refusalMs }) => refusalMs.p99), wanted: { atMost: 50 } },
      },
      { what: 'refused', unit: '', values: flooded.map(({ refusalMs }) => refusalMs.count) },
      {
        what: 'requests without any answer',
        ...{ unit: '', values: flooded.map(({ refused }) => refused['0'] ?? 0), wanted: { atMost: 0 } },
      },
      {
        what: `of ${holds} holds lost`,
        ...{ unit: '', values: flooded.map(({ holdsLost }) => holdsLost), wanted: { atMost: 0 } },
      },
      {
        what: 'accepted and without a ticket a minute later',
        ...{ unit: '', values: flooded.map(({ unticketed }) => unticketed), wanted: { atMost: 0 } },
      },
      { what: 'flooded', unit: '/s', values: flooded.map(({ ticketedPerSecond }) => ticketedPerSecond) },
    ];
  },
};
