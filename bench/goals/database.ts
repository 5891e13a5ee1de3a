import { besideNullPipeline } from './against.ts';
import { bothModes, type Goal } from './goal.ts';

export const database: Goal = {
  name: 'database',
  says: "PostgreSQL's processor time of a booking ÷ that of the bare rows, written in batches; its commits and its write-ahead log (wal_level minimal)",
  modes: bothModes,
  async measure(stage) {
    const pairs = await besideNullPipeline(stage);
    const each = pairs.map(([{ spent, ticketed }, bare]) => ({
      ours: (spent.cpu.postgres * 1_000_000) / ticketed,
      bare: (bare.spent.cpu.postgres * 1_000_000) / bare.done,
      commits: spent.commits / ticketed,
      walBytes: spent.walBytes / ticketed,
      bareWalBytes: bare.spent.walBytes / bare.done,
    }));
    return [
      {
        what: 'ours ÷ bare rows',
        unit: '',
        values: each.map(({ ours, bare }) => ours / bare),
        wanted: { atMost: 2.5 },
      },
      { what: 'processor time of PostgreSQL, ours', unit: 'µs', values: each.map(({ ours }) => ours) },
      { what: 'processor time of PostgreSQL, bare rows', unit: 'µs', values: each.map(({ bare }) => bare) },
      { what: 'commits of a booking', unit: '', values: each.map(({ commits }) => commits), wanted: { atMost: 0.1 } },
      {
        ...{ what: 'write-ahead log of a booking', unit: 'bytes' },
        ...{ values: each.map(({ walBytes }) => walBytes), wanted: { atMost: 4_096 } },
      },
      { what: 'write-ahead log, bare rows', unit: 'bytes', values: each.map(({ bareWalBytes }) => bareWalBytes) },
    ];
  },
};
