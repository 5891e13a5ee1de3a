import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { RenewableLog } from '../../../tests/support/renewable-log.ts';
import { logWith, Producer, Toy, type ToyOptions, toyTopics } from '../../../tests/support/toy-service.ts';
import { newId } from '../../contracts/ids.ts';
import type { LogRecord } from '../log/log.ts';
import { MemoryStore } from '../store/memory-store.ts';

const toys: Toy[] = [];
const run = async (toy: Toy) => {
  toys.push(toy);
  await toy.loop.start();
  return toy;
};
const start = async (options: Omit<ToyOptions, 'log'> = {}) => {
  const log = new RenewableLog(toyTopics);
  return { log, toy: await run(new Toy({ log, ...options })) };
};
afterEach(async () => {
  for (const toy of toys.splice(0)) await toy.loop.stop();
});
const noted = (text: string) => ({ do: 'note', text }) as const;
const oneTo = (last: number) => Array.from({ length: last }, (_, index) => index + 1);
const sequenceOf = ({ headers }: LogRecord) => Number(headers['ce_sequence']);
const everyTopic = toyTopics.map(({ name }) => name);

describe('a topic that was created anew', () => {
  test('gets all that its owner ever published, in order, without anything happening', async () => {
    const { log, toy } = await start();
    for (const text of ['one', 'two', 'three']) await toy.send(newId('booking'), noted(text));
    await toy.loop.caughtUp();
    const before = await toy.published();
    log.renew(['booking-events']);
    await toy.until(async () => (await toy.published()).length === 3);
    const again = await toy.published();
    assert.deepEqual(
      again.map(({ key, headers, value }) => ({ key, headers, value })),
      before.map(({ key, headers, value }) => ({ key, headers, value })),
    );
    assert.equal(toy.loop.trouble, undefined);
  });

  test('gets it from the next owner too, and what is new comes after it', async () => {
    const { log, toy } = await start();
    for (const text of ['one', 'two']) await toy.send(newId('booking'), noted(text));
    await toy.loop.caughtUp();
    await toy.loop.stop();
    log.renew(everyTopic);
    const next = await run(toy.next());
    await next.send(newId('booking'), noted('three'));
    await next.until(async () => (await next.published()).length === 3);
    assert.deepEqual((await next.published()).map(sequenceOf), oneTo(3));
  });

  test('that is read: what its producer repeats is dropped, what is new is applied', async () => {
    const { log, toy } = await start();
    const ids = oneTo(3).map(() => newId('booking'));
    const records = ids.map((id) => toy.producer.record(id, noted('once')));
    await log.append(records.slice(0, 2));
    await toy.loop.caughtUp();
    log.renew(everyTopic);
    await log.append(records);
    await toy.until(async () => (await toy.document(ids[2] ?? '')) !== undefined);
    await toy.loop.caughtUp();
    for (const id of ids) assert.deepEqual((await toy.note(id)).texts, ['once']);
    assert.deepEqual((await toy.published()).map(sequenceOf), oneTo(3));
  });

  test('of a compacted kind gets the last value of each stream, and no earlier one', async () => {
    const { log, toy } = await start();
    const [a, b] = [newId('booking'), newId('booking')];
    await log.append([a, b, a].map((id) => toy.producer.record(id, { do: 'global' })));
    await toy.loop.caughtUp();
    const published = () => log.read({ topic: 'user-profiles', partition: 0, offset: 0 }, 10);
    assert.deepEqual((await published()).map(sequenceOf), oneTo(3));
    log.renew(['user-profiles']);
    await toy.until(async () => (await published()).length >= 2);
    await toy.loop.caughtUp();
    assert.deepEqual((await published()).map(sequenceOf), [2, 3]);
  });

  test('gets all of it where the owner ends half-way', async () => {
    const { log, toy } = await start();
    const ids = oneTo(5_000).map(() => newId('booking'));
    for (let at = 0; at < ids.length; at += 500)
      await log.append(ids.slice(at, at + 500).map((id) => toy.producer.record(id, noted('n'))));
    await toy.loop.caughtUp();
    await toy.loop.stop();
    log.renew(['booking-events']);
    let pages = 0;
    const broken = logWith(log, {
      append: async (records) => {
        if (records[0]?.topic !== 'booking-events') return log.append(records);
        pages += 1;
        return pages === 2 ? new Promise<void>(() => {}) : log.append(records);
      },
    });
    const half = toy.next({ log: broken });
    await half.loop.start();
    await half.until(() => pages === 2);
    // A batch writes the mark of what is published again by now.
    await half.send(newId('booking'), noted('meanwhile'));
    await half.until(() => half.committed.flat().length === 1);
    assert.equal(toy.memory.contents.tasks[0]?.published['booking-events']?.sequence, 2_000);
    const next = await run(toy.next());
    await next.loop.caughtUp();
    assert.deepEqual([...new Set((await next.published()).map(sequenceOf))], oneTo(5_001));
  });

  test('while an append is under way: that one does not stand for those before it', async () => {
    const log = new RenewableLog(toyTopics);
    const held: (() => void)[] = [];
    let holds = false;
    const slow = logWith(log, {
      append: async (records) => {
        if (holds && records[0]?.topic === 'booking-events') await new Promise<void>((resolve) => held.push(resolve));
        return log.append(records);
      },
    });
    const toy = await run(new Toy({ log: slow }));
    await toy.send(newId('booking'), noted('one'));
    await toy.loop.caughtUp();
    holds = true;
    await toy.send(newId('booking'), noted('two'));
    await toy.until(() => held.length === 1);
    const [takeovers, mark] = [toy.memory.contents.tasks[0]?.epoch ?? 0, () => toy.memory.contents.tasks[0]?.published];
    const before = mark();
    log.renew(['booking-events']);
    await toy.until(() => toy.memory.contents.tasks[0]?.epoch === takeovers + 1 && toy.loop.owns(0));
    held[0]?.();
    await toy.until(() => held.length === 2);
    await toy.send(newId('booking'), noted('three'));
    await toy.until(() => toy.committed.flat().length === 3);
    assert.deepEqual(mark(), before);
    holds = false;
    held[1]?.();
    await toy.loop.caughtUp();
    assert.deepEqual((await toy.published()).map(sequenceOf), [2, 1, 2, 3]);
  });
});

describe('a database that was emptied or restored', () => {
  const emptied = async () => {
    const { log, toy } = await start();
    for (const text of ['one', 'two']) await toy.send(newId('booking'), noted(text));
    await toy.loop.caughtUp();
    await toy.loop.stop();
    return { log, toy, empty: new MemoryStore() };
  };

  test('is noticed by the records on its topics: their task does not start, the others do, and the alarm says what to run', async () => {
    const { toy, empty } = await emptied();
    const next = await run(toy.next({ store: empty }));
    const says =
      'booking-events/0 holds later events of booking than its database, which ends at 0: was it restored? Then run: fullhouse restored booking';
    assert.equal(next.loop.trouble, says);
    assert.ok(next.loop.isBehind);
    assert.deepEqual([next.loop.partitions, empty.contents.events], [[1], []]);
    assert.ok(next.lines.some(({ level, error }) => level === 60 && error === says));
    assert.deepEqual([next.loop.notReady, next.loop.isAtWork], [`tasks 0 are being taken over: ${says}`, true]);
    // What the others do does not make it look well.
    await next.send(newId('booking'), noted('elsewhere'), { partition: 1 });
    await next.until(() => next.committed.flat().length === 1);
    assert.equal(next.loop.trouble, says);
  });

  test('is none where another owner has stored them since', async () => {
    const { log, toy } = await emptied();
    const first = toy.next();
    toys.push(first);
    let once = true;
    first.store.onTakeOver = async (moment) => {
      if (moment === 'before' || !once) return;
      once = false;
      const second = await run(toy.next({ producer: toy.producer }));
      await second.send(newId('booking'), noted('three'));
      await second.loop.caughtUp();
    };
    await first.loop.start();
    assert.deepEqual(
      [first.loop.trouble, await log.bounds({ topic: 'booking-events', partition: 0 })],
      [undefined, { first: 0, next: 3 }],
    );
  });

  test('is none where others write on the topic what looks like it', async () => {
    const { log, toy } = await start();
    await toy.loop.stop();
    const record = new Producer(log).record(newId('booking'), noted('theirs'));
    await log.append([{ ...record, topic: 'booking-events' }]);
    const next = await run(toy.next());
    assert.deepEqual([next.loop.trouble, next.loop.partitions], [undefined, [0, 1]]);
  });

  test('is none where a record of its own lies in a partition that its key does not belong to', async () => {
    const { log, toy } = await emptied();
    const [theirs] = await log.read({ topic: 'booking-events', partition: 0, offset: 0 }, 1);
    assert.ok(theirs);
    await log.append([{ ...theirs, partition: 1 }]);
    const next = await run(toy.next());
    assert.deepEqual([next.loop.trouble, next.loop.partitions, next.loop.isBehind], [undefined, [0, 1], false]);
  });
});
