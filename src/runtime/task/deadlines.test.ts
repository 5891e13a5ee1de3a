import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { logWith, Toy, type ToyOptions } from '../../../tests/support/toy-service.ts';
import { newId } from '../../contracts/ids.ts';
import { MemoryStore } from '../store/memory-store.ts';
import type { DeadlineRow } from '../store/store.ts';
import { TaskClock } from './clock.ts';
import { Deadlines } from './deadlines.ts';

const toys: Toy[] = [];
const start = async (options: ToyOptions = {}) => {
  const toy = await Toy.start(options);
  toys.push(toy);
  return toy;
};
afterEach(async () => {
  for (const toy of toys.splice(0)) await toy.loop.stop();
});
const fired = (toy: Toy, id: string) => toy.until(async () => (await toy.note(id)).firedAt.length > 0);
const remind = (afterMs: number) => ({ do: 'remind', afterMs }) as const;

describe('a deadline', () => {
  test('is told to its stream when its time has come, never early, and once', async () => {
    const toy = await start();
    const ids = Array.from({ length: 20 }, () => newId('booking'));
    const sentAt = toy.loop.clock.now();
    for (const [index, id] of ids.entries()) await toy.send(id, remind(index));
    for (const id of ids) await fired(toy, id);
    await toy.loop.caughtUp();
    for (const [index, id] of ids.entries()) {
      const { firedAt } = await toy.note(id);
      assert.equal(firedAt.length, 1);
      assert.ok((firedAt[0] ?? 0) >= sentAt + index);
    }
    assert.deepEqual((await toy.memory.takeOver([0])).deadlines, []);
  });

  test('that was taken away or put off in time does not ring', async () => {
    const toy = await start();
    const [forgotten, later] = [newId('booking'), newId('booking')];
    await toy.log.append([
      toy.producer.record(forgotten, remind(1)),
      toy.producer.record(forgotten, { do: 'forget' }),
      toy.producer.record(later, remind(1)),
      toy.producer.record(later, remind(86_400_000)),
    ]);
    const witness = newId('booking');
    await toy.send(witness, remind(30));
    await fired(toy, witness);
    await toy.loop.caughtUp();
    assert.deepEqual([(await toy.note(forgotten)).firedAt, (await toy.note(later)).firedAt], [[], []]);
  });

  test('that has rung is passed over when what came before it in the queue has put it off', async () => {
    const toy = await start();
    const [a, blocker] = [newId('booking'), newId('booking')];
    await toy.send(a, remind(20));
    await toy.loop.caughtUp();
    const gate = Promise.withResolvers<void>();
    toy.store.onCommit = async (moment) => void (moment === 'before' && (await gate.promise));
    await toy.send(blocker, { do: 'note', text: 'x' });
    await toy.until(() => toy.loop.queued === 0);
    await toy.send(a, remind(86_400_000));
    await toy.until(() => toy.loop.queued === 2);
    gate.resolve();
    await toy.loop.caughtUp();
    const note = await toy.note(a);
    assert.deepEqual(note.firedAt, []);
    assert.ok((note.dueAt ?? 0) > toy.loop.clock.now());
  });

  test('is restored with the next owner, and rings once, however often the task changes hands', async () => {
    const first = await start();
    const a = newId('booking');
    await first.send(a, remind(60));
    await first.loop.caughtUp();
    const second = first.next();
    const third = first.next();
    toys.push(second, third);
    await second.loop.start();
    await third.loop.start();
    await fired(third, a);
    await third.loop.caughtUp();
    assert.equal((await third.note(a)).firedAt.length, 1);
  });

  test('that is overdue at a takeover counts only once the inputs of before have been handled', async () => {
    let now = Date.now();
    const memory = new MemoryStore(() => now);
    const first = new Toy({ memory });
    await first.loop.start();
    const [forgotten, overdue] = [newId('booking'), newId('booking')];
    for (const id of [forgotten, overdue]) await first.send(id, remind(60_000));
    await first.loop.caughtUp();
    await first.loop.stop();
    // While nobody owned the task its time passed, and one was called off, behind a long queue.
    now += 120_000;
    const others = Array.from({ length: 1_200 }, () => newId('booking'));
    await first.log.append(others.map((id) => first.producer.record(id, { do: 'note', text: 'x' })));
    await first.send(forgotten, { do: 'forget' });
    const second = first.next();
    toys.push(second);
    await second.loop.start();
    await fired(second, overdue);
    await second.loop.caughtUp();
    assert.deepEqual((await second.note(forgotten)).firedAt, []);
    const types = second.committed.flat().map((event) => event.type);
    assert.ok(types.indexOf('Fired') > types.indexOf('Forgotten'));
  });

  test('that is overdue at a takeover fires although the last offsets of before hold no records any more', async () => {
    let now = Date.now();
    const memory = new MemoryStore(() => now);
    const first = new Toy({ memory });
    await first.loop.start();
    const overdue = newId('booking');
    await first.send(overdue, remind(60_000));
    await first.loop.caughtUp();
    await first.loop.stop();
    now += 120_000;
    // As a log with compaction may have it: the end is further on than the last record.
    const hole = 3;
    const log = logWith(first.log, {
      bounds: async (partition) => {
        const { first: begin, next } = await first.log.bounds(partition);
        return { first: begin, next: next + hole };
      },
      consume: (options) => {
        const consumption = first.log.consume(options);
        for (const { topic, partition, offset } of options.positions)
          options.onSkipped?.({ topic, partition, from: offset, next: offset + hole });
        return consumption;
      },
    });
    const second = first.next({ log });
    toys.push(second);
    await second.loop.start();
    await fired(second, overdue);
    await second.loop.caughtUp();
    assert.equal((await second.note(overdue)).firedAt.length, 1);
  });

  test('of a subject that waits is disarmed, and redriven with it', async () => {
    const toy = await start();
    const a = newId('booking');
    toy.faults.broken.add('bad');
    await toy.send(a, remind(10));
    await toy.send(a, { do: 'note', text: 'bad' });
    await toy.until(() => toy.loop.parked.length === 2);
    assert.deepEqual((await toy.memory.takeOver([1])).deadlines, []);
    toy.faults.broken.clear();
    toy.loop.redrive(0, a);
    await toy.loop.caughtUp();
    assert.deepEqual([(await toy.note(a)).texts, (await toy.note(a)).firedAt.length], [['bad'], 1]);
  });
});

describe('the timers of a loop', () => {
  const row = (part: string, dueAt: number | undefined, partition = 0): DeadlineRow => ({
    kind: 'k',
    stream: 's',
    part,
    partition,
    key: 'k',
    dueAt,
  });
  /** Deadlines over a clock that a test moves. */
  function timers() {
    const due: string[] = [];
    const clock = { now: 0 };
    const deadlines = new Deadlines({
      now: () => clock.now,
      onDue: (rows) => due.push(...rows.map((each) => each.part)),
    });
    return { due, clock, deadlines };
  }

  test('ring in the order of their times, whatever the order they were set in', async (context) => {
    context.mock.timers.enable({ apis: ['setTimeout'] });
    const { due, clock, deadlines } = timers();
    for (const [part, dueAt] of [
      ['c', 30],
      ['a', 10],
      ['b', 20],
    ] as const)
      deadlines.set(row(part, dueAt));
    clock.now = 30;
    context.mock.timers.tick(31);
    assert.deepEqual(due, ['a', 'b', 'c']);
    assert.equal(deadlines.size, 0);
  });

  test('that were put off or taken away long before their time do not pile up, and the others ring', (context) => {
    context.mock.timers.enable({ apis: ['setTimeout'] });
    const { due, clock, deadlines } = timers();
    deadlines.set(row('b', 20));
    for (let each = 0; each < 20_000; each += 1) {
      deadlines.set(row(`hold ${each}`, 1_000 + each));
      deadlines.set(row(`hold ${each}`, undefined));
      deadlines.set(row('c', 30_000 - each));
    }
    deadlines.set(row('a', 10));
    assert.equal(deadlines.size, 3);
    assert.ok(deadlines.places < 1_010, `${deadlines.places} places`);
    clock.now = 30_000;
    context.mock.timers.tick(30_001);
    assert.deepEqual(due, ['a', 'b', 'c']);
  });

  test('do not ring before the clock says so, though their timer has', (context) => {
    context.mock.timers.enable({ apis: ['setTimeout'] });
    const { due, clock, deadlines } = timers();
    deadlines.set(row('a', 10));
    clock.now = 9;
    context.mock.timers.tick(11);
    assert.deepEqual(due, []);
    clock.now = 10;
    context.mock.timers.tick(2);
    assert.deepEqual(due, ['a']);
  });

  test('sleep past the longest time a timer knows', (context) => {
    context.mock.timers.enable({ apis: ['setTimeout'] });
    const { due, clock, deadlines } = timers();
    const inAYear = 365 * 86_400_000;
    deadlines.set(row('a', inAYear));
    clock.now = 2_147_483_647;
    context.mock.timers.tick(2_147_483_647);
    assert.deepEqual(due, []);
    clock.now = inAYear;
    for (let left = inAYear; left > 0; left -= 2_147_483_647) context.mock.timers.tick(2_147_483_647);
    assert.deepEqual(due, ['a']);
  });

  test('of tasks that are gone, and all after a stop, are silent', (context) => {
    context.mock.timers.enable({ apis: ['setTimeout'] });
    const { due, clock, deadlines } = timers();
    deadlines.set(row('gone', 10, 1));
    deadlines.set(row('mine', 10, 0));
    deadlines.drop([1]);
    clock.now = 10;
    context.mock.timers.tick(11);
    deadlines.stop();
    deadlines.set(row('late', 11));
    clock.now = 20;
    context.mock.timers.tick(20);
    assert.deepEqual(due, ['mine']);
  });
});

describe('the clock of a task', () => {
  test('follows the database, and never goes back', () => {
    const clock = new TaskClock();
    clock.synchronise(5_000_000_000_000);
    const ahead = clock.now();
    assert.ok(ahead >= 5_000_000_000_000);
    clock.synchronise(4_000_000_000_000);
    assert.ok(clock.now() >= ahead);
    assert.ok(Number.isSafeInteger(clock.now()));
  });

  test('starts with the database’s time, though this machine’s is later', () => {
    const clock = new TaskClock();
    clock.synchronise(1_000);
    assert.ok(clock.now() < Date.now() - 1_000_000);
  });
});
