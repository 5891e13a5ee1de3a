import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { createToyLog, logWith, Toy, type ToyOptions } from '../../tests/support/toy-service.ts';
import { newId } from '../contracts/ids.ts';
import { type ConsumeOptions, LogUnavailable, type OutgoingRecord } from './log/log.ts';
import { ConstraintViolated, StatementRefused, StoreUnavailable } from './store/store.ts';

const toys: Toy[] = [];
const start = async (options: ToyOptions = {}) => {
  const toy = await Toy.start(options);
  toys.push(toy);
  return toy;
};
const startNext = async (toy: Toy, more: ToyOptions = {}) => {
  const next = toy.next(more);
  toys.push(next);
  await next.loop.start();
  return next;
};
afterEach(async () => {
  for (const toy of toys.splice(0)) await toy.loop.stop();
});
const bookings = (count: number) => Array.from({ length: count }, () => newId('booking'));
const sequencesOf = async (toy: Toy) => (await toy.published()).map((record) => Number(record.headers['ce_sequence']));
/** Readers of a topic are told of nothing, so it is looked at again and again. */
const untilPublished = async (toy: Toy, text: string) => {
  while (!(await toy.publishedTexts()).includes(text)) await new Promise(setImmediate);
};
const noted = (text: string) => ({ do: 'note', text }) as const;

/** The first commit waits for a gate, and fails then. */
function firstCommitFails({ store }: Toy): PromiseWithResolvers<void> {
  const gate = Promise.withResolvers<void>();
  let failures = 0;
  store.onCommit = async (when) => {
    if (when !== 'before' || failures > 0) return;
    await gate.promise;
    failures += 1;
    throw new StoreUnavailable('away');
  };
  return gate;
}

describe('what arrives', () => {
  test('is decided, stored, shown and published, once', async () => {
    const toy = await start();
    const [a = ''] = bookings(1);
    await toy.send(a, noted('one'));
    await toy.send(a, noted('two'));
    await toy.loop.caughtUp();
    assert.deepEqual((await toy.note(a)).texts, ['one', 'two']);
    assert.deepEqual(await toy.document(a), ['one', 'two']);
    assert.deepEqual(await toy.publishedTexts(), ['one', 'two']);
    const [first] = await toy.published();
    const { ce_id, ce_subject, ce_sequence, ce_causationid, ce_correlationid } = first?.headers ?? {};
    assert.deepEqual(
      { ce_id, ce_subject, ce_sequence, ce_causationid, ce_correlationid },
      {
        ce_id: `${a}/1`,
        ce_subject: a,
        ce_sequence: '1',
        ce_causationid: `${a}/1`,
        ce_correlationid: a,
      },
    );
  });

  test('goes on in each partition by itself', async () => {
    const toy = await start();
    const [a = '', b = ''] = bookings(2);
    await toy.send(a, noted('one'));
    await toy.send(b, noted('two'), { partition: 1 });
    await toy.loop.caughtUp();
    assert.deepEqual([await toy.publishedTexts(0), await toy.publishedTexts(1)], [['one'], ['two']]);
  });

  test('while a batch commits becomes the next batch', async () => {
    const toy = await start();
    const gate = Promise.withResolvers<void>();
    toy.store.onCommit = async (moment) => void (moment === 'before' && (await gate.promise));
    const many = bookings(300);
    await toy.send(many[0] ?? '', noted('first'));
    for (const id of many.slice(1)) await toy.send(id, noted('later'));
    gate.resolve();
    await toy.loop.caughtUp();
    assert.equal((await toy.published()).length, 300);
    assert.ok(toy.store.commits.length <= 3, `${toy.store.commits.length} batches`);
  });

  test('is in memory for whoever waits, though others see it in the store a moment before', async () => {
    const toy = await start();
    const [a = '', b = ''] = bookings(2);
    await toy.send(a, noted('one'));
    await toy.loop.caughtUp();
    const gate = Promise.withResolvers<void>();
    const isStored = Promise.withResolvers<void>();
    toy.store.onCommit = async (moment) => {
      if (moment === 'before') return;
      isStored.resolve();
      await gate.promise;
    };
    await toy.send(a, noted('two'));
    await isStored.promise;
    assert.deepEqual(await toy.document(a), ['one', 'two']);
    const version = () => toy.loop.states.committed({ kind: 'note', id: a, part: undefined })?.version;
    assert.equal(version(), 1);
    assert.equal(toy.loop.adopting(b), undefined, 'nothing of another one is on its way');
    const adopting = toy.loop.adopting(a);
    gate.resolve();
    await adopting;
    assert.equal(version(), 2);
    assert.equal(toy.loop.adopting(a), undefined);
  });

  test('is not waited for once the store has failed', async () => {
    const toy = await start();
    const [a = ''] = bookings(1);
    const gate = firstCommitFails(toy);
    await toy.send(a, noted('one'));
    while (toy.loop.adopting(a) === undefined) await new Promise(setImmediate);
    const adopting = toy.loop.adopting(a);
    gate.resolve();
    await adopting;
    await toy.loop.caughtUp();
    assert.deepEqual(await toy.publishedTexts(), ['one']);
  });

  test('again is dropped by its sequence', async () => {
    const toy = await start();
    const [a = ''] = bookings(1);
    const record = toy.producer.record(a, noted('one'));
    await toy.log.append([record, record]);
    await toy.log.append([record]);
    await toy.loop.caughtUp();
    assert.deepEqual(await toy.publishedTexts(), ['one']);
  });

  test('behind a gap is not applied, with an alarm, until the missing events are repeated in order', async () => {
    const toy = await start();
    const [a = '', b = '', c = ''] = bookings(3);
    const [first, second, third] = [a, b, c].map((id, index) => toy.producer.record(id, noted(`n${index + 1}`)));
    assert.ok(first && second && third);
    await toy.log.append([first, third]);
    await toy.loop.caughtUp();
    assert.deepEqual(await toy.publishedTexts(), ['n1']);
    const alarm = toy.lines.find((line) => line.msg.startsWith('events are missing'));
    assert.equal(alarm?.['expected'], 2);
    assert.ok(alarm?.msg.includes('fullhouse republish user --topic booking-movie --partition 0 --from 2'), alarm?.msg);
    assert.deepEqual([toy.loop.notReady, toy.loop.isAtWork], [alarm.msg, true], 'nothing else would tell of it later');
    await toy.send(a, noted('elsewhere'), { partition: 1 });
    await toy.loop.caughtUp();
    assert.equal(toy.loop.notReady, alarm.msg);
    await toy.log.append([second, third]);
    await toy.loop.caughtUp();
    assert.equal(toy.loop.notReady, undefined);
    assert.deepEqual(await toy.publishedTexts(), ['n1', 'n2', 'n3']);
  });

  test('from a producer that keeps no count is taken as it comes', async () => {
    const toy = await start();
    const [a = ''] = bookings(1);
    await toy.send(a, noted('counted'));
    await toy.send(a, noted('foreign'), { foreign: true });
    await toy.send(a, noted('counted too'));
    await toy.loop.caughtUp();
    assert.deepEqual(await toy.publishedTexts(), ['counted', 'foreign', 'counted too']);
  });

  test('by a request is taken once, however often it is told of', async () => {
    const toy = await start();
    const row = toy.request(newId('booking'), 'asked');
    await toy.memory.accept([row]);
    toy.loop.requestsArrived([row]);
    toy.loop.requestsArrived([row]);
    await toy.loop.caughtUp();
    toy.loop.requestsArrived([row]);
    await toy.loop.caughtUp();
    assert.deepEqual(await toy.publishedTexts(), ['asked']);
    assert.deepEqual((await toy.memory.takeOver([0])).requests, []);
  });

  test('as a fact that is decided already is only numbered and published', async () => {
    const toy = await start();
    const fact = (streamVersion: number, data: unknown) =>
      toy.request('s', '', { intent: 'publish', type: 'BookingHeld', stream: 's', streamVersion, data });
    const rows = [fact(7, { text: 'owned' }), fact(8, null)];
    await toy.memory.accept(rows);
    toy.loop.requestsArrived(rows);
    await toy.loop.caughtUp();
    const records = await toy.published();
    assert.deepEqual(
      records.map(({ value, headers }) => [value, headers['ce_id'], headers['ce_sequence']]),
      [
        ['{"text":"owned"}', 's/7', '1'],
        [null, 's/8', '2'],
      ],
    );
  });

  test('a fact for a topic of one partition is published by task 0 alone', async () => {
    const toy = await start();
    const [a = '', b = ''] = bookings(2);
    await toy.send(a, { do: 'global' });
    await toy.send(b, { do: 'global' }, { partition: 1 });
    await toy.loop.caughtUp();
    const records = await toy.log.read({ topic: 'user-profiles', partition: 0, offset: 0 }, 10);
    assert.deepEqual(
      records.map((record) => record.headers['ce_subject']),
      [a],
    );
    assert.deepEqual(
      toy.loop.parked.filter((row) => row.subject !== a).map((row) => [row.subject, row.reason]),
      [[b, 'decider_threw']],
    );
  });
});

describe('a store that fails', () => {
  for (const moment of ['before', 'after'] as const) {
    test(`${moment} its commit is asked anew: nothing is lost, nothing happens twice`, async () => {
      const toy = await start();
      const [a = ''] = bookings(1);
      const row = toy.request(a, 'requested');
      await toy.memory.accept([row]);
      let failures = 0;
      toy.store.onCommit = (when) => {
        if (when !== moment || failures > 0) return;
        failures += 1;
        throw new StoreUnavailable('away');
      };
      await toy.send(a, noted('one'));
      toy.loop.requestsArrived([row]);
      await toy.send(a, noted('two'));
      await toy.loop.caughtUp();
      assert.equal(failures, 1);
      assert.deepEqual([...(await toy.publishedTexts())].sort(), ['one', 'requested', 'two']);
      assert.deepEqual((await toy.note(a)).texts, await toy.document(a));
      assert.equal(toy.loop.trouble, undefined);
    });
  }

  test('while it is taken over is asked until it answers', async () => {
    const toy = await start();
    const [a = ''] = bookings(1);
    let left = 2;
    toy.store.onTakeOver = () => {
      left -= 1;
      if (left >= 0) throw new StoreUnavailable('still away');
    };
    toy.store.onCommit = (when) => {
      if (when === 'before' && left === 2) throw new StoreUnavailable('away');
    };
    await toy.send(a, noted('one'));
    await toy.loop.caughtUp();
    assert.deepEqual(await toy.publishedTexts(), ['one']);
  });

  test('because a statement is wrong is said loudly, and tried ever more slowly', async () => {
    const toy = await start();
    const [a = ''] = bookings(1);
    let isWrong = true;
    let tries = 0;
    toy.store.onCommit = (when) => {
      if (when !== 'before' || !isWrong) return;
      tries += 1;
      throw new StatementRefused('relation "notes" does not exist');
    };
    await toy.send(a, noted('one'));
    await toy.until(() => tries >= 3);
    const told = toy.lines.filter((line) => line.level === 60);
    assert.ok(told.length >= 2 && told.every((line) => line['error'] === 'relation "notes" does not exist'));
    assert.equal(toy.loop.trouble, 'relation "notes" does not exist');
    assert.deepEqual(toy.loop.parked, []);
    isWrong = false;
    await toy.loop.caughtUp();
    assert.deepEqual(await toy.publishedTexts(), ['one']);
  });

  test('with its queue full does not stop the recovery', async () => {
    const toy = await start();
    const gate = firstCommitFails(toy);
    const many = bookings(5_000);
    for (let at = 0; at < many.length; at += 500) {
      await toy.log.append(many.slice(at, at + 500).map((id) => toy.producer.record(id, noted('n'))));
    }
    await toy.until(() => toy.loop.queued >= 2_000);
    gate.resolve();
    await toy.loop.caughtUp();
    assert.equal((await toy.published()).length, 5_000);
  });

  test('with its queue full lets go of several tasks at once, and goes on with them', async () => {
    const toy = await start();
    const gate = firstCommitFails(toy);
    const note = (partition: number) => toy.producer.record(newId('booking'), noted('n'), { partition });
    for (let at = 0; at < 10; at += 1)
      for (const partition of [0, 1]) await toy.log.append(Array.from({ length: 300 }, () => note(partition)));
    await toy.until(() => toy.loop.queued >= 2_000);
    toy.loop.requestsMissed(new StoreUnavailable('the outcome of a commit is unknown'));
    gate.resolve();
    await toy.loop.caughtUp();
    assert.deepEqual([(await toy.published(0)).length, (await toy.published(1)).length], [3_000, 3_000]);
  });

  test('takes tasks over once more that were lost again while they were being taken over', async () => {
    const toy = await start();
    const row = toy.request(newId('booking'), 'late');
    toy.store.onTakeOver = async (moment) => {
      if (moment !== 'after') return;
      toy.store.onTakeOver = undefined;
      // Stored a moment too late to be read, and nobody can tell that it was.
      await toy.memory.accept([row]);
      toy.loop.requestsMissed(new StoreUnavailable('the outcome of another commit is unknown'));
    };
    toy.loop.requestsMissed(new StoreUnavailable('the outcome of a commit is unknown'));
    await toy.until(async () => (await toy.published()).length > 0);
    assert.deepEqual(await toy.publishedTexts(), ['late']);
  });

  test('takes tasks over again until it can, those that were only taken along as well', async () => {
    const toy = await start();
    let left = 3;
    toy.store.onTakeOver = (moment) => {
      if (moment !== 'before' || left === 0) return;
      left -= 1;
      throw new StoreUnavailable('still away');
    };
    toy.loop.requestsMissed(new StoreUnavailable('the outcome of a commit is unknown'));
    for (const partition of [0, 1])
      await toy.log.append([toy.producer.record(newId('booking'), noted('n'), { partition })]);
    await toy.until(async () => (await toy.published(0)).length > 0 && (await toy.published(1)).length > 0);
    assert.equal(left, 0);
  });

  test('leaves a task alone that was just given up, whatever becomes of the rest of its batch', async () => {
    const toy = await start();
    const next = toy.next();
    await next.store.inner.takeOver([0]);
    let commits = 0;
    toy.store.onCommit = (moment) => {
      if (moment === 'before') commits += 1;
      // The first is fenced; the rest of it meets a database that is away.
      if (moment === 'before' && commits === 2) throw new StoreUnavailable('away');
    };
    const elsewhere = { partition: 1, key: toy.producer.shows[1] ?? '' };
    const rows = [toy.request(newId('booking'), 'x'), toy.request(newId('booking'), 'y', elsewhere)];
    await toy.memory.accept(rows);
    toy.loop.requestsArrived(rows);
    await toy.until(async () => (await toy.published(1)).length === 1);
    assert.equal(toy.memory.contents.tasks.find(({ partition }) => partition === 0)?.epoch, 2);
    assert.deepEqual(toy.loop.partitions, [1]);
  });

  test('knows the requests that wait for a batch, also when another task changes hands', async () => {
    const inner = createToyLog();
    const consumed: ConsumeOptions[] = [];
    const consume = (options: ConsumeOptions) => {
      consumed.push(options);
      return inner.consume(options);
    };
    const toy = await start({ log: logWith(inner, { consume }) });
    const gate = Promise.withResolvers<void>();
    toy.store.onCommit = async (moment) => void (moment === 'before' && (await gate.promise));
    const rows = Array.from({ length: 600 }, () => toy.request(newId('booking'), 'x'));
    await toy.memory.accept(rows);
    toy.loop.requestsArrived(rows);
    await toy.until(() => toy.loop.queued === 100);
    let toldAgain: number | undefined;
    toy.store.onTakeOver = (moment) => {
      if (moment === 'after') toldAgain = toy.loop.requestsArrived(rows.slice(500));
    };
    const other = consumed.find(({ positions }) => positions[0]?.partition === 1);
    other?.onError(new LogUnavailable('away'));
    gate.resolve();
    await toy.loop.caughtUp();
    assert.equal(toldAgain, 0);
    assert.equal((await toy.published()).length, 600);
  });

  test('does not lose a request that is stored while its task is taken over', async () => {
    const toy = await start();
    const row = toy.request(newId('booking'), 'in between');
    toy.store.onTakeOver = async (moment) => {
      if (moment !== 'after') return;
      toy.store.onTakeOver = undefined;
      await toy.memory.accept([row]);
      toy.loop.requestsArrived([row]);
    };
    toy.loop.requestsMissed(new StoreUnavailable('the outcome of a commit is unknown'));
    await toy.until(async () => (await toy.published()).length > 0);
    assert.deepEqual(await toy.publishedTexts(), ['in between']);
  });

  test('reads again what was stored without anybody being told', async () => {
    const toy = await start();
    await toy.memory.accept([toy.request(newId('booking'), 'untold')]);
    toy.loop.requestsMissed(new StoreUnavailable('the outcome of a commit is unknown'));
    await toy.until(async () => (await toy.published()).length > 0);
    assert.deepEqual(await toy.publishedTexts(), ['untold']);
  });
});

describe('an input that the store refuses', () => {
  const refusing = (toy: Toy, texts: readonly string[]) => {
    toy.store.onCommit = (moment, { events }) => {
      if (moment === 'before' && events.some((event) => texts.includes((event.data as { text: string }).text))) {
        throw new ConstraintViolated('the wall held');
      }
    };
  };

  test('is found by halving and parked alone; the others are committed once, in order', async () => {
    const toy = await start();
    refusing(toy, ['n7', 'n23']);
    const many = bookings(40);
    await toy.log.append(many.map((id, index) => toy.producer.record(id, noted(`n${index}`))));
    await toy.loop.caughtUp();
    const expected = many.map((_, index) => `n${index}`).filter((text) => !['n7', 'n23'].includes(text));
    assert.deepEqual(await toy.publishedTexts(), expected);
    assert.deepEqual(
      await sequencesOf(toy),
      expected.map((_, index) => index + 1),
    );
    assert.deepEqual(
      toy.loop.parked.map((row) => [row.subject, row.reason, row.detail]),
      [many[7], many[23]].map((id) => [id, 'constraint_violated', 'the wall held']),
    );
  });

  test('keeps what comes later about its subject behind it, until it is redriven', async () => {
    const toy = await start();
    refusing(toy, ['bad']);
    const [a = '', b = ''] = bookings(2);
    await toy.log.append([
      toy.producer.record(a, noted('bad')),
      toy.producer.record(a, noted('after')),
      toy.producer.record(b, noted('other')),
    ]);
    await toy.loop.caughtUp();
    assert.deepEqual(await toy.publishedTexts(), ['other']);
    toy.store.onCommit = undefined;
    toy.loop.redrive(0, a);
    await toy.loop.caughtUp();
    assert.deepEqual((await toy.note(a)).texts, ['bad', 'after']);
  });

  test('because a view breaks is parked as well', async () => {
    const toy = await start();
    const [a = '', b = ''] = bookings(2);
    await toy.log.append([toy.producer.record(a, { do: 'unshowable' }), toy.producer.record(b, noted('other'))]);
    await toy.loop.caughtUp();
    assert.deepEqual(await toy.publishedTexts(), ['other']);
    assert.deepEqual(
      toy.loop.parked.map((row) => [row.subject, row.reason, row.detail]),
      [[a, 'not_decidable', 'the view broke']],
    );
  });
});

describe('another owner', () => {
  test('has its task alone: the fenced one lets go and has no effect any more', async () => {
    const first = await start();
    const second = await startNext(first);
    const [a = ''] = bookings(1);
    await first.send(a, noted('one'));
    await Promise.all([first.until(() => !first.loop.owns(0)), second.loop.caughtUp()]);
    assert.deepEqual((await first.note(a)).texts, ['one']);
    assert.deepEqual(await first.publishedTexts(), ['one']);
    assert.deepEqual(first.committed.flat(), []);
    assert.deepEqual(first.loop.partitions, [1]);
    await first.send(a, noted('two'));
    await second.loop.caughtUp();
    assert.deepEqual((await first.note(a)).texts, ['one', 'two']);
    assert.ok(second.loop.owns(0), 'the fenced owner does not take the task back');
  });

  test('who is gone leaves its task to the one it had fenced, if that still has it by the group', async () => {
    const first = await start({ claimAgainMs: 1 });
    // A former owner who was told nothing, as after a freeze: it takes the task once more, and is never heard of again.
    await first.memory.takeOver([0]);
    const [a = ''] = bookings(1);
    await first.send(a, noted('one'));
    await first.until(async () => (await first.note(a)).texts.length === 1);
    assert.deepEqual((await first.note(a)).texts, ['one']);
    assert.ok(first.loop.owns(0));
  });
});

describe('a log that fails', () => {
  test('for one task leaves the others to go on, and the one to whoever has it', async () => {
    const inner = createToyLog();
    let isAway = true;
    const log = logWith(inner, {
      bounds: (partition) =>
        isAway && partition.partition === 1
          ? Promise.reject(new LogUnavailable('it has no leader'))
          : inner.bounds(partition),
    });
    const toy = await start({ log, claimAgainMs: 20 });
    assert.deepEqual([toy.loop.partitions, toy.loop.isAtWork], [[0], true]);
    await toy.until(() => toy.loop.notReady === 'tasks 1 are being taken over: it has no leader');
    assert.equal(toy.memory.contents.tasks.find(({ partition }) => partition === 1)?.epoch ?? 0, 0);
    await toy.send(newId('booking'), noted('goes on'));
    await toy.until(async () => (await toy.published(0)).length === 1);
    isAway = false;
    await toy.until(() => toy.loop.partitions.length === 2);
  });

  test('takes no task from whoever can read it', async () => {
    const inner = createToyLog();
    let isCut = false;
    const log = logWith(inner, {
      bounds: (partition) => (isCut ? Promise.reject(new LogUnavailable('cut off')) : inner.bounds(partition)),
    });
    const cut = await start({ log });
    const healthy = cut.next({ log: inner });
    toys.push(healthy);
    isCut = true;
    await healthy.loop.start();
    const epochs = () => cut.memory.contents.tasks.map(({ epoch }) => epoch);
    const before = epochs();
    cut.loop.requestsMissed(new StoreUnavailable('the outcome of a commit is unknown'));
    await cut.until(() => cut.lines.some(({ error }) => error === 'cut off'));
    assert.equal(cut.loop.isAtWork, false);
    await healthy.send(newId('booking'), noted('undisturbed'));
    await healthy.loop.caughtUp();
    assert.deepEqual(epochs(), before);
  });

  test('is asked again, and order is kept', async () => {
    const log = createToyLog();
    let failures = 3;
    const faulty = logWith(log, {
      append: async (records: readonly OutgoingRecord[]) => {
        if (records[0]?.topic === 'booking-events' && failures > 0) {
          failures -= 1;
          // The last failure had stored its records all the same.
          if (failures === 0) await log.append(records);
          throw new Error('no answer');
        }
        await log.append(records);
      },
    });
    const toy = await start({ log: faulty });
    const [a = ''] = bookings(1);
    await toy.send(a, noted('one'));
    await toy.send(a, noted('two'));
    await toy.loop.caughtUp();
    const texts = await toy.publishedTexts();
    // Duplicates are for consumers to drop; without them all is in order.
    assert.deepEqual([...new Set(texts)], ['one', 'two']);
    assert.equal(texts.at(-1), 'two');
  });

  test('in one partition keeps back that one alone, in order, and what follows there once it takes records again', async () => {
    const log = createToyLog();
    let isAway = true;
    const partly = logWith(log, {
      append: (records: readonly OutgoingRecord[]) =>
        isAway && records.some(({ topic, partition }) => topic === 'booking-events' && partition === 1)
          ? Promise.reject(new LogUnavailable('too few replicas'))
          : log.append(records),
    });
    const toy = await start({ log: partly });
    const [a = '', b = ''] = bookings(2);
    await toy.send(a, noted('kept back'), { partition: 1 });
    await toy.send(b, noted('one'));
    await toy.until(() => toy.committed.flat().length === 2);
    await toy.send(a, noted('kept back, too'), { partition: 1 });
    await toy.send(b, noted('two'));
    await untilPublished(toy, 'two');
    assert.deepEqual([await toy.publishedTexts(0), await toy.publishedTexts(1)], [['one', 'two'], []]);
    isAway = false;
    await toy.loop.caughtUp();
    await toy.send(a, noted('last'), { partition: 1 });
    await toy.loop.caughtUp();
    assert.deepEqual(await toy.publishedTexts(1), ['kept back', 'kept back, too', 'last']);
    assert.deepEqual(await toy.publishedTexts(0), ['one', 'two']);
  });

  test('of a task that has another owner by now is not made good: nothing older comes after what that one publishes', async () => {
    const log = createToyLog();
    const answer = Promise.withResolvers<void>();
    let asked = 0;
    const silent = logWith(log, {
      append: async (records: readonly OutgoingRecord[]) => {
        if (records[0]?.topic !== 'booking-events') return log.append(records);
        asked += 1;
        if (asked === 1) await answer.promise;
        return log.append(records);
      },
    });
    const first = await start({ log: silent });
    const [a = '', b = ''] = bookings(2);
    await first.send(a, noted('before'));
    await first.until(() => asked === 1);
    const second = await startNext(first, { log });
    await second.send(b, noted('after'));
    await second.loop.caughtUp();
    // The first finds out by the fence, and then that its append has failed.
    await first.until(() => !first.loop.owns(0));
    answer.reject(new LogUnavailable('no answer'));
    await first.loop.stop();
    assert.deepEqual([asked, await second.publishedTexts()], [1, ['before', 'after']]);
  });

  test('does not keep a stop from coming to its end; the next owner publishes what is left', async () => {
    const log = createToyLog();
    let isAway = true;
    const faulty = logWith(log, {
      append: (records: readonly OutgoingRecord[]) =>
        isAway && records[0]?.topic === 'booking-events' ? Promise.reject(new Error('no answer')) : log.append(records),
    });
    const toy = new Toy({ log: faulty });
    await toy.loop.start();
    const [a = ''] = bookings(1);
    await toy.send(a, noted('one'));
    await toy.until(() => toy.committed.length > 0);
    await toy.loop.stop();
    assert.deepEqual(await toy.publishedTexts(), []);
    isAway = false;
    const next = await startNext(toy);
    await next.loop.caughtUp();
    assert.deepEqual(await toy.publishedTexts(), ['one']);
  });
});

describe('a crash', () => {
  test('loses nothing and does nothing twice, wherever the first owner was', async () => {
    const first = new Toy();
    await first.loop.start();
    const ids = bookings(30);
    let commits = 0;
    // From the third commit on, the store never answers: the process might as well be gone.
    first.store.onCommit = async (moment) => {
      if (moment === 'after') commits += 1;
      if (commits >= 3) await new Promise(() => {});
    };
    for (const id of ids) await first.send(id, noted('n'));
    const row = first.request(ids[0] ?? '', 'requested');
    await first.memory.accept([row]);
    await first.until(() => commits >= 3);
    const second = await startNext(first);
    await second.loop.caughtUp();
    for (const id of ids.slice(1)) assert.deepEqual((await second.note(id)).texts, ['n']);
    assert.deepEqual([...(await second.note(ids[0] ?? '')).texts].sort(), ['n', 'requested']);
    const sequences = [...new Set(await sequencesOf(second))];
    assert.deepEqual(
      sequences,
      Array.from({ length: 31 }, (_, index) => index + 1),
    );
  });

  test('between commit and publishing leaves events that the next owner publishes first', async () => {
    const log = createToyLog();
    const silent = logWith(log, {
      append: (records: readonly OutgoingRecord[]) =>
        records[0]?.topic === 'booking-events' ? new Promise<void>(() => {}) : log.append(records),
    });
    const first = new Toy({ log: silent });
    await first.loop.start();
    const ids = bookings(5_000);
    for (let at = 0; at < ids.length; at += 500) {
      await first.log.append(ids.slice(at, at + 500).map((id) => first.producer.record(id, noted('before'))));
    }
    await first.until(() => first.committed.flat().length === 5_000);
    const second = await startNext(first, { log });
    await second.send(ids[0] ?? '', noted('after'));
    await second.loop.caughtUp();
    assert.deepEqual(
      await sequencesOf(second),
      Array.from({ length: 5_001 }, (_, index) => index + 1),
    );
    assert.equal((await second.publishedTexts()).at(-1), 'after');
  });
});

describe('a stop', () => {
  test('publishes all, writes the marks and lets go', async () => {
    const toy = new Toy();
    await toy.loop.start();
    const ids = bookings(100);
    for (const id of ids) await toy.send(id, noted('n'));
    await toy.until(() => toy.committed.length > 0);
    await toy.loop.stop();
    const { tasks } = await toy.memory.takeOver([0]);
    const sequence = tasks[0]?.sequences['booking-events'];
    const topicId = toy.log.topics.find(({ name }) => name === 'booking-events')?.id;
    assert.deepEqual(tasks[0]?.published, { 'booking-events': { sequence, topicId } });
    assert.equal((await toy.published()).length, tasks[0]?.sequences['booking-events']);
    assert.deepEqual(toy.loop.partitions, []);
  });

  test('leaves what has not been decided to the next owner', async () => {
    const toy = new Toy();
    await toy.loop.start();
    const [a = ''] = bookings(1);
    await toy.loop.stop();
    await toy.send(a, noted('late'));
    const next = await startNext(toy);
    await next.loop.caughtUp();
    assert.deepEqual(await next.publishedTexts(), ['late']);
  });
});
