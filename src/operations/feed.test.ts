import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { topicsOf } from '../composition/services.ts';
import { type Envelope, toHeaders } from '../contracts/envelope.ts';
import { LateLog } from '../runtime/log/late-log.ts';
import { LocalLog } from '../runtime/log/local-log.ts';
import { type Log, LogUnavailable, type OutgoingRecord } from '../runtime/log/log.ts';
import { createMemoryRecords } from '../runtime/log/memory-records.ts';
import { type FeedPosition, feedBeginning, feedPage, feedTopics } from './feed.ts';
import type { Installation } from './installation.ts';

const partitions = 24;
const newLog = () => new LocalLog(createMemoryRecords(topicsOf(partitions)));
const over = (log: Log) => ({ log }) as Installation;
const beginning = (log: Log) => feedBeginning(over(log), { topics: feedTopics, from: 'start' });
const pageOf = (log: Log, position: FeedPosition, limit = 100) => feedPage(over(log), { position, limit });

function record(partition: number, { topic = 'seat-events', id = '1', value = '{}' } = {}): OutgoingRecord {
  const envelope: Omit<Envelope, 'data'> = {
    ...{ id, type: 'SeatsSold', version: 1, source: 'seat-inventory', time: 0, subject: 'shw_1', streamVersion: 1 },
    ...{ causationId: '0', correlationId: '0', traceparent: undefined, sequence: undefined, timeline: 1 },
  };
  return { topic, partition, key: 'shw_1', headers: toHeaders({ ...envelope, data: null }), value };
}

describe('a page of the feed', () => {
  it('has no more events than it may, and those after it have what it left', async () => {
    const log = newLog();
    const topics = ['booking-events', 'seat-events', 'price-events', 'payment-topic', 'ticket-details'];
    const written = topics.flatMap((topic) =>
      Array.from({ length: partitions }, (_, partition) => record(partition, { topic, id: `${topic}/${partition}` })),
    );
    await log.append(written);
    const read: string[] = [];
    let position = await beginning(log);
    for (let page = await pageOf(log, position); page.events.length > 0; page = await pageOf(log, position)) {
      assert.ok(page.events.length <= 100, `${page.events.length} events`);
      read.push(...page.events.map(({ id }) => id));
      position = page.position;
    }
    assert.deepEqual(read.toSorted(), written.map(({ headers }) => headers['ce_id']).toSorted());
  });

  it('comes to every partition, also where one fills pages by itself', async () => {
    const log = newLog();
    const long = JSON.stringify({ text: 'x'.repeat(4_000_000) });
    const more = (id: string) => log.append([record(0, { id, value: long })]);
    await more('first');
    await log.append([record(1, { id: 'short' })]);
    const first = await pageOf(log, await beginning(log));
    await more('second');
    const second = await pageOf(log, first.position);
    assert.ok([...first.events, ...second.events].some(({ id }) => id === 'short'));
  });

  it('passes over what nests so deep that it could not be written again', async () => {
    const log = newLog();
    const deep = '['.repeat(10_000) + ']'.repeat(10_000);
    await log.append([record(0, { value: deep }), record(0, { id: 'next' })]);
    const { events } = await pageOf(log, await beginning(log));
    assert.deepEqual(
      events.map(({ id }) => id),
      ['next'],
    );
    assert.ok(JSON.stringify(events));
  });

  it('names whoever has written an event as they do', async () => {
    const log = newLog();
    const { headers, ...ours } = record(0);
    for (const source of ['/fullhouse/seat-inventory', 'seat-inventory', 'https://partner.example/'])
      await log.append([{ ...ours, headers: { ...headers, ce_source: source } }]);
    const { events } = await pageOf(log, await beginning(log));
    assert.deepEqual(
      events.map(({ source }) => source),
      ['/fullhouse/seat-inventory', 'seat-inventory', 'https://partner.example/'],
    );
  });

  it('tells later what a partition did not give, although it has it', async () => {
    const log = newLog();
    await log.append([record(0)]);
    let gives = false;
    const reading = Object.assign(Object.create(log) as Log, {
      read: async (...asked: Parameters<Log['read']>) => (gives ? log.read(...asked) : []),
      bounds: log.bounds.bind(log),
      topics: log.topics,
    });
    const { events, position } = await pageOf(reading, await beginning(log));
    assert.deepEqual(events, []);
    gives = true;
    assert.equal((await pageOf(reading, position)).events.length, 1);
  });
});

describe('a cursor of the feed', () => {
  it('is refused where the log ends before it: what will come there is not what came after it', async () => {
    const log = newLog();
    const { 'seat-events': [id] = [''] } = await beginning(log);
    const position: FeedPosition = { 'seat-events': [id, Array.from({ length: partitions }, () => 1)] };
    await assert.rejects(pageOf(log, position), { code: 'conflict', message: /ends at offset 0, before the cursor/ });
  });

  it('is neither refused nor given while the log has not been reached', async () => {
    const log = newLog();
    const reached = Promise.withResolvers<never>();
    const late = new LateLog(topicsOf(partitions), reached.promise);
    await assert.rejects(pageOf(late, await beginning(log)), LogUnavailable);
    await assert.rejects(beginning(late), LogUnavailable);
  });
});
