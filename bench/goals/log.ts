import { publishedRecords } from '../baselines/shape.ts';
import { withBaseline } from './against.ts';
import { type Goal, pairsOf, saturated } from './goal.ts';

const producedRecords = 2_000_000;
const recordBytes = 350;

export const log: Goal = {
  name: 'log',
  says: "events a second at saturation ÷ records a second of Kafka's own ProducerPerformance",
  modes: ['cluster'],
  measure: (stage) =>
    withBaseline(stage, async (baseline) => {
      const pairs = await pairsOf(
        stage,
        async () => (await stage.book({ pace: saturated })).ticketedPerSecond * publishedRecords,
        async () => (await baseline({ kind: 'producer-performance', records: producedRecords, recordBytes })).perSecond,
      );
      const ratio = pairs.map(([events, records]) => events / records);
      return [
        { what: 'events ÷ records', unit: '', values: ratio, wanted: { atLeast: 0.1 } },
        { what: `events, ${publishedRecords} of a booking`, unit: '/s', values: pairs.map(([events]) => events) },
        { what: `records of ${recordBytes} bytes`, unit: '/s', values: pairs.map(([, records]) => records) },
      ];
    }),
};
