import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { toHeaders } from '../../contracts/envelope.ts';
import { LocalLog } from '../log/local-log.ts';
import { LogUnavailable, type OutgoingRecord } from '../log/log.ts';
import { createMemoryRecords } from '../log/memory-records.ts';
import { createLogger } from '../logger.ts';
import type { EventRow, EventsFrom } from '../store/store.ts';
import { LastWords } from './last-words.ts';
import { envelopeOf } from './publisher.ts';

const topic = 'user-profiles';
const partition = 0;

/** The events of people, in the order of their sequences: `null` is somebody who was erased. */
const stored = ['ada Ada', 'bob Bob', 'ada Ada L', 'ada null', 'bob Bob M'].map((line, index): EventRow => {
  const [user = '', ...name] = line.split(' ');
  const data = name.join(' ') === 'null' ? null : { name: name.join(' ') };
  const about = { channel: topic, partition, stream: `usr_${user}`, subject: `usr_${user}`, key: `usr_${user}` };
  const numbers = { sequence: index + 1, streamVersion: index + 1, timeline: 1, version: 1, time: 0 };
  const causes = { causationId: 'c', correlationId: 'c', traceparent: undefined };
  return { ...about, ...numbers, ...causes, type: 'UserProfileChanged', data, json: JSON.stringify(data) };
});
const record = (row: EventRow): OutgoingRecord => ({
  ...{ topic, partition, key: row.key, headers: toHeaders(envelopeOf(row, 'user')) },
  value: row.data === null ? null : row.json,
});
const recordNumbered = (sequence: number) => stored.slice(sequence - 1, sequence).map(record);

const open: LastWords[] = [];
afterEach(async () => {
  for (const words of open.splice(0)) await words.end();
});

/** An owner that takes over when so many events are told. */
async function owner(options: { readonly fails?: number } = {}) {
  const log = new LocalLog(createMemoryRecords([{ name: topic, partitions: 1, retentionDays: 'compacted' }]));
  let fails = options.fails ?? 0;
  const asked: EventsFrom[] = [];
  const words = new LastWords({
    ...{ service: 'user', log, logger: createLogger('silent') },
    store: {
      readEvents: async (from) => {
        asked.push(from);
        fails -= 1;
        if (fails >= 0) throw new LogUnavailable('away');
        const last = new Map(stored.map((row) => [row.stream, row]));
        return [...last.values()].filter(({ stream }) => from.streams?.includes(stream));
      },
    },
    toRecords: async (rows) => rows.map(record),
  });
  open.push(words);
  const lasting = async () => {
    const all = await log.read({ topic, partition, offset: 0 }, 100);
    return Object.fromEntries(all.map(({ key, value }) => [key, value]));
  };
  const begin = async (told: number) => words.begin(await words.beginnings(), { [topic]: told }, () => undefined);
  return { log, words, asked, lasting, begin };
}

const newest = { usr_ada: null, usr_bob: '{"name":"Bob M"}' };

describe('the last word of a key', () => {
  test('is told again where an earlier owner was late, before or after the takeover', async () => {
    const { log, lasting, begin, asked } = await owner();
    await log.append([1, 2, 3, 4, 5, 2].flatMap(recordNumbered));
    await begin(5);
    while ((await lasting())['usr_bob'] !== newest.usr_bob) await new Promise(setImmediate);
    await log.append(recordNumbered(3));
    while ((await lasting())['usr_ada'] !== null) await new Promise(setImmediate);
    assert.deepEqual(await lasting(), newest);
    assert.ok(asked.every(({ streams = [], eventsMax }) => streams.length > 0 && eventsMax === streams.length));
  });

  test('is told again once the store answers', async () => {
    const { log, lasting, begin } = await owner({ fails: 1 });
    await log.append([4, 5, 1].flatMap(recordNumbered));
    await begin(5);
    while ((await lasting())['usr_ada'] !== null) await new Promise(setImmediate);
    assert.deepEqual(await lasting(), newest);
  });

  test('costs nothing where nobody was late: what the new owner tells is not looked at', async () => {
    const { log, asked, begin } = await owner();
    await begin(3);
    await log.append([4, 5].flatMap(recordNumbered));
    await log.append(recordNumbered(1));
    while (asked.length === 0) await new Promise(setImmediate);
    assert.deepEqual(
      asked.map(({ streams }) => streams),
      [['usr_ada']],
    );
  });
});
