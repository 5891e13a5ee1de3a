import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { Toy, type ToyOptions } from '../../../tests/support/toy-service.ts';
import { newId } from '../../contracts/ids.ts';
import type { OutgoingRecord } from '../log/log.ts';
import type { Commit, ParkedRow } from '../store/store.ts';
import { batchCharsMax } from '../task.ts';
import { Parking } from './parking.ts';

const toys: Toy[] = [];
const start = async (options: ToyOptions = {}) => {
  const toy = await Toy.start(options);
  toys.push(toy);
  return toy;
};
const startNext = async (toy: Toy) => {
  const next = toy.next();
  toys.push(next);
  await next.loop.start();
  return next;
};
afterEach(async () => {
  for (const toy of toys.splice(0)) await toy.loop.stop();
});
const nothingToCommit: Commit = {
  ...{ tasks: [], events: [], snapshots: [], deadlines: [], effectsOpened: [], effectsClosed: [] },
  ...{ requestsTaken: [], parked: [], unparked: [], references: [], documents: new Map(), statements: [] },
};
const noted = (text: string) => ({ do: 'note', text }) as const;
const reasons = (toy: Toy) => toy.loop.parked.map((row) => row.reason);

describe('a record that cannot be understood is parked with its reason', () => {
  const spoiled: Readonly<Record<string, (record: OutgoingRecord) => OutgoingRecord>> = {
    undecodable: (record) => ({ ...record, value: '{"bookingId": ' }),
    schema_invalid: (record) => ({ ...record, value: '{"bookingId": 7}' }),
    unknown_type: (record) => ({ ...record, headers: { ...record.headers, ce_type: 'NobodyKnows' } }),
    unsupported_version: (record) => ({ ...record, headers: { ...record.headers, ce_dataversion: '2' } }),
    bad_envelope: (record) => ({ ...record, headers: { ...record.headers, ce_id: '' } }),
  };
  for (const [reason, spoil] of Object.entries(spoiled)) {
    test(`${reason}: its subject waits in order, everybody else goes on`, async () => {
      const toy = await start();
      const [a, b] = [newId('booking'), newId('booking')];
      await toy.log.append([spoil(toy.producer.record(a, noted('bad')))]);
      await toy.send(a, noted('behind'));
      await toy.send(b, noted('other'));
      await toy.loop.caughtUp();
      assert.deepEqual(await toy.publishedTexts(), ['other']);
      assert.deepEqual(reasons(toy), [reason, 'behind']);
      const line = toy.lines.find((each) => each.msg === 'parked');
      assert.deepEqual([line?.['subject'], line?.['reason']], [a, reason]);
    });
  }

  test('the line that says so has the id of the trace', async () => {
    const toy = await start();
    const record = toy.producer.record(newId('booking'), noted('x'));
    const traceparent = '00-af7651916cd43dd8448eb211c80319c1-b7ad6b7169203331-00';
    await toy.log.append([{ ...record, headers: { ...record.headers, traceparent }, value: 'no json' }]);
    await toy.loop.caughtUp();
    const line = toy.lines.find((each) => each.msg === 'parked');
    assert.equal(line?.['traceId'], 'af7651916cd43dd8448eb211c80319c1');
  });

  test('a tombstone where none may be is undecodable', async () => {
    const toy = await start();
    await toy.log.append([{ ...toy.producer.record(newId('booking'), noted('x')), value: null }]);
    await toy.loop.caughtUp();
    assert.deepEqual(reasons(toy), ['undecodable']);
  });

  test('an event of another topic is unknown here', async () => {
    const toy = await start();
    await toy.log.append([{ ...toy.producer.record(newId('booking'), noted('x')), topic: 'payment-topic' }]);
    await toy.loop.caughtUp();
    assert.deepEqual(reasons(toy), ['unknown_type']);
  });

  test('one without a readable subject, or with one that cannot be kept, is set aside alone', async () => {
    const toy = await start();
    for (const ce_subject of ['', 'a\0b', 'x'.repeat(5_000)]) {
      const record = toy.producer.record(newId('booking'), noted('x'), { foreign: true });
      await toy.log.append([{ ...record, headers: { ...record.headers, ce_subject }, value: 'no \0 json' }]);
    }
    await toy.send(newId('booking'), noted('other'));
    await toy.loop.caughtUp();
    assert.deepEqual(await toy.publishedTexts(), ['other']);
    assert.deepEqual(
      toy.loop.parked.map((row) => row.subject),
      ['', '', ''],
    );
    assert.ok(toy.loop.parked.every((row) => !row.detail.includes('\0')));
  });

  test('a key of another partition is set aside alone: its subject goes on', async () => {
    const toy = await start();
    const a = newId('booking');
    const record = toy.producer.record(a, noted('lost'), { foreign: true });
    await toy.log.append([{ ...record, partition: 1 }]);
    await toy.loop.caughtUp();
    await toy.send(a, noted('right'), { partition: 1 });
    await toy.loop.caughtUp();
    assert.deepEqual(
      toy.loop.parked.map((row) => [row.subject, row.reason, row.partition]),
      [['', 'wrong_partition', 1]],
    );
    assert.deepEqual(await toy.publishedTexts(1), ['right']);
  });

  test('an event too large to travel is parked before its commit', async () => {
    const toy = await start();
    await toy.send(newId('booking'), { do: 'large', bytes: 900_000 });
    await toy.send(newId('booking'), noted('other'));
    await toy.loop.caughtUp();
    assert.deepEqual([reasons(toy), await toy.publishedTexts()], [['event_too_large'], ['other']]);
  });
});

describe('a decider that throws', () => {
  test('parks its subject; a redrive after the fix takes everything up in order', async () => {
    const toy = await start();
    const [a, b] = [newId('booking'), newId('booking')];
    toy.faults.broken.add('bad');
    await toy.log.append(['good', 'bad', 'later', 'last'].map((text) => toy.producer.record(a, noted(text))));
    await toy.send(b, noted('other'));
    await toy.loop.caughtUp();
    assert.deepEqual([(await toy.note(a)).texts, reasons(toy)], [['good'], ['decider_threw', 'behind', 'behind']]);
    toy.faults.broken.clear();
    assert.equal(toy.loop.redrive(0, a), 3);
    await toy.loop.caughtUp();
    assert.deepEqual([(await toy.note(a)).texts, reasons(toy)], [['good', 'bad', 'later', 'last'], []]);
    assert.deepEqual((await toy.memory.takeOver([0])).parked, []);
  });

  test('redriven before the fix stays where it was, in order, also for the next owner', async () => {
    const toy = await start();
    const a = newId('booking');
    toy.faults.broken.add('bad');
    for (const text of ['bad', 'two', 'three']) await toy.send(a, noted(text));
    await toy.loop.caughtUp();
    toy.loop.redrive(0, a);
    toy.loop.redrive(0, a);
    await toy.send(a, noted('four'));
    await toy.loop.caughtUp();
    assert.deepEqual(reasons(toy), ['decider_threw', 'behind', 'behind', 'behind']);
    const next = await startNext(toy);
    assert.deepEqual(reasons(next), ['decider_threw', 'behind', 'behind', 'behind']);
    toy.faults.broken.clear();
    next.loop.redrive(0, a);
    await next.loop.caughtUp();
    assert.deepEqual((await next.note(a)).texts, ['bad', 'two', 'three', 'four']);
  });

  test('whose event a newer build knows is taken up by it, with all that waits behind', async () => {
    const toy = await start();
    const a = newId('booking');
    const record = toy.producer.record(a, noted('new'));
    await toy.log.append([{ ...record, headers: { ...record.headers, ce_type: 'NobodyKnows' } }]);
    await toy.send(a, noted('behind'));
    await toy.loop.caughtUp();
    assert.deepEqual(reasons(toy), ['unknown_type', 'behind']);
    const [first] = (await toy.memory.takeOver([0])).parked;
    assert.ok(first);
    const arrival = first.arrival as { readonly record: OutgoingRecord };
    const known = { ...arrival, record: { ...arrival.record, headers: record.headers } };
    await toy.memory.commit({ ...nothingToCommit, parked: [{ ...first, arrival: known }] });
    const next = await startNext(toy);
    await next.loop.caughtUp();
    assert.deepEqual([(await next.note(a)).texts, reasons(next)], [['new', 'behind'], []]);
  });

  test('taken up twice at once is decided once', async () => {
    const toy = await start();
    const a = newId('booking');
    toy.faults.broken.add('bad');
    await toy.send(a, noted('bad'));
    await toy.loop.caughtUp();
    toy.faults.broken.clear();
    for (let times = 0; times < 3; times += 1) toy.loop.redrive(0, a);
    await toy.loop.caughtUp();
    assert.deepEqual((await toy.note(a)).texts, ['bad']);
  });

  test('takes up more inputs of one subject than a batch holds, in order', async () => {
    const toy = await start();
    const a = newId('booking');
    toy.faults.broken.add('n0');
    const texts = Array.from({ length: 1_200 }, (_, index) => `n${index}`);
    await toy.log.append(texts.map((text) => toy.producer.record(a, noted(text))));
    await toy.loop.caughtUp();
    assert.equal(toy.loop.parked.length, 1_200);
    toy.faults.broken.clear();
    toy.faults.broken.add('n700');
    toy.loop.redrive(0, a);
    await toy.send(a, noted('new'));
    await toy.loop.caughtUp();
    assert.deepEqual((await toy.note(a)).texts, texts.slice(0, 700));
    toy.faults.broken.clear();
    toy.loop.redrive(0, a);
    await toy.loop.caughtUp();
    assert.deepEqual((await toy.note(a)).texts, [...texts, 'new']);
    assert.deepEqual(toy.loop.parked, []);
  });

  test('an earlier input of the subject in the same batch is not held up by a later unreadable one', async () => {
    const toy = await start();
    const a = newId('booking');
    const bad = { ...toy.producer.record(a, noted('bad'), { foreign: true }), value: 'no json' };
    await toy.log.append([toy.producer.record(a, noted('good')), bad, toy.producer.record(a, noted('behind'))]);
    await toy.loop.caughtUp();
    assert.deepEqual([(await toy.note(a)).texts, reasons(toy)], [['good'], ['undecodable', 'behind']]);
  });

  test('and an unreadable input behind it, in one batch, are kept in the order in which they came', async () => {
    const toy = await start();
    const a = newId('booking');
    toy.faults.broken.add('bad');
    const unreadable = { ...toy.producer.record(a, noted('x'), { foreign: true }), value: 'no json' };
    await toy.log.append([toy.producer.record(a, noted('bad')), unreadable]);
    await toy.loop.caughtUp();
    assert.deepEqual(reasons(toy), ['decider_threw', 'undecodable']);
  });

  test('redriven while another input of its subject is on its way takes that up as well', async () => {
    const toy = await start();
    const a = newId('booking');
    toy.faults.broken.add('bad');
    await toy.send(a, noted('bad'));
    await toy.loop.caughtUp();
    const gate = Promise.withResolvers<void>();
    toy.store.onCommit = async (moment) => void (moment === 'before' && (await gate.promise));
    await toy.send(a, noted('on its way'));
    await toy.until(() => toy.loop.queued === 0);
    toy.faults.broken.clear();
    toy.loop.redrive(0, a);
    gate.resolve();
    await toy.loop.caughtUp();
    assert.deepEqual([(await toy.note(a)).texts, reasons(toy)], [['bad', 'on its way'], []]);
  });

  test('set aside alone and taken up twice at once is parked again once', async () => {
    const toy = await start();
    const record = toy.producer.record(newId('booking'), noted('lost'), { foreign: true });
    await toy.log.append([{ ...record, partition: 1 }]);
    await toy.loop.caughtUp();
    const parkedId = toy.loop.parked[0]?.parkedId;
    const gate = Promise.withResolvers<void>();
    toy.store.onCommit = async (moment) => void (moment === 'before' && (await gate.promise));
    await toy.send(newId('booking'), noted('first'));
    await toy.until(() => toy.loop.queued === 0);
    for (let times = 0; times < 2; times += 1) toy.loop.redrive(1, '', parkedId);
    gate.resolve();
    await toy.loop.caughtUp();
    assert.deepEqual(
      toy.store.commits.at(-1)?.parked.map((row) => row.parkedId),
      [parkedId],
    );
  });

  test('breaking half way takes everything of its input back: no event, no number, no effect', async () => {
    const toy = await start();
    const asked: string[] = [];
    toy.faults.provider = async (_, text) => {
      asked.push(text);
      return 'yes';
    };
    const [a, b] = [newId('booking'), newId('booking')];
    await toy.log.append([
      toy.producer.record(a, { do: 'ask-and-break', text: 'no' }),
      toy.producer.record(b, noted('one')),
    ]);
    await toy.loop.caughtUp();
    assert.deepEqual([asked, reasons(toy)], [[], ['decider_threw']]);
    const { tasks, effects } = await toy.memory.takeOver([0]);
    assert.deepEqual([tasks[0]?.sequences, effects], [{ 'booking-events': 1 }, []]);
  });
});

describe('a discard', () => {
  test('throws one input away and takes up what waits behind it', async () => {
    const toy = await start();
    const a = newId('booking');
    toy.faults.broken.add('bad');
    for (const text of ['bad', 'two']) await toy.send(a, noted(text));
    await toy.loop.caughtUp();
    assert.equal(toy.loop.discard(toy.loop.parked[0]?.parkedId ?? ''), true);
    await toy.loop.caughtUp();
    assert.deepEqual([(await toy.note(a)).texts, reasons(toy)], [['two'], []]);
    assert.equal(toy.loop.discard('prk_unknown'), false);
  });

  test('works for a request as well, whose row is long gone', async () => {
    const toy = await start();
    toy.faults.broken.add('bad');
    const row = toy.request(newId('booking'), 'bad');
    await toy.memory.accept([row]);
    toy.loop.requestsArrived([row]);
    await toy.loop.caughtUp();
    toy.loop.discard(toy.loop.parked[0]?.parkedId ?? '');
    await toy.loop.caughtUp();
    assert.deepEqual(toy.loop.parked, []);
    assert.equal(toy.loop.trouble, undefined);
    assert.ok(!toy.lines.some((line) => line.level >= 50 && line.msg !== 'parked'));
  });

  test('of one in the middle leaves the one in front where it is', async () => {
    const toy = await start();
    const a = newId('booking');
    toy.faults.broken.add('bad');
    for (const text of ['bad', 'two', 'three']) await toy.send(a, noted(text));
    await toy.loop.caughtUp();
    toy.loop.discard(toy.loop.parked[1]?.parkedId ?? '');
    await toy.loop.caughtUp();
    assert.deepEqual(reasons(toy), ['decider_threw', 'behind']);
    toy.faults.broken.clear();
    toy.loop.redrive(0, a);
    await toy.loop.caughtUp();
    assert.deepEqual((await toy.note(a)).texts, ['bad', 'three']);
  });
});

describe('too many parked inputs', () => {
  test('pause the topics of their task with an alarm, and no other; a redrive goes on', async () => {
    const toy = await start();
    const a = newId('booking');
    toy.faults.broken.add('bad');
    await toy.send(a, noted('bad'));
    const many = Array.from({ length: 13_000 }, () => noted('behind'));
    for (let at = 0; at < many.length; at += 1_000) {
      await toy.log.append(many.slice(at, at + 1_000).map((command) => toy.producer.record(a, command)));
    }
    await toy.until(() => toy.lines.some((line) => line.msg.startsWith('too many inputs are parked')));
    await toy.send(newId('booking'), noted('other'), { partition: 1 });
    await toy.until(async () => (await toy.published(1)).length === 1);
    assert.ok(toy.loop.parked.length < 13_001, 'reading was paused');
    toy.faults.broken.clear();
    toy.loop.redrive(0, a);
    await toy.loop.caughtUp();
    assert.equal((await toy.note(a)).texts.length, 13_001);
  });
});

describe('long records', () => {
  const text = 'x'.repeat(500_000);
  const chars = (rows: readonly ParkedRow[]) => rows.reduce((sum, row) => sum + JSON.stringify(row).length, 0);

  test('that nobody can read take no more memory than a commit of a few of them, neither now nor at the next start', async () => {
    const toy = await start();
    const record = toy.producer.record(newId('booking'), noted('x'));
    const many = Array.from({ length: 40 }, () => ({ ...record, headers: {}, value: text }));
    await toy.log.append(many);
    await toy.loop.caughtUp();
    assert.equal(toy.loop.parked.length, many.length);
    assert.ok(toy.store.commits.every(({ parked }) => chars(parked) < batchCharsMax + 2 * text.length));
    assert.ok(chars(toy.loop.parked) < text.length);
    const next = await startNext(toy);
    assert.deepEqual(reasons(next), reasons(toy));
    assert.ok(chars(next.loop.parked) < text.length);
  });

  test('are taken up again as they came, with what waits behind them, by the next owner too', async () => {
    const toy = await start();
    const a = newId('booking');
    toy.faults.broken.add('long');
    const record = toy.producer.record(a, noted('long'));
    await toy.log.append([{ ...record, headers: { ...record.headers, padding: text } }]);
    await toy.send(a, noted('behind'));
    await toy.loop.caughtUp();
    assert.equal(toy.loop.redrive(0, a), 2);
    await toy.loop.caughtUp();
    assert.deepEqual(reasons(toy), ['decider_threw', 'behind']);
    const next = await startNext(toy);
    toy.faults.broken.clear();
    assert.equal(next.loop.redrive(0, a), 2);
    await next.loop.caughtUp();
    assert.deepEqual([(await next.note(a)).texts, reasons(next)], [['long', 'behind'], []]);
  });

  test('are thrown away like others', async () => {
    const toy = await start();
    const record = toy.producer.record(newId('booking'), noted('x'));
    await toy.log.append([{ ...record, headers: {}, value: text }]);
    await toy.loop.caughtUp();
    assert.equal(toy.loop.discard(toy.loop.parked[0]?.parkedId ?? ''), true);
    await toy.loop.caughtUp();
    assert.deepEqual([toy.loop.parked, (await toy.memory.takeOver([0])).parked], [[], []]);
  });

  test('of a type that was not known are taken up by a build that knows it', async () => {
    const toy = await start();
    const a = newId('booking');
    const { headers: known, ...record } = toy.producer.record(a, noted('long'));
    await toy.log.append([{ ...record, headers: { ...known, ce_type: 'NobodyKnows', padding: text } }]);
    await toy.loop.caughtUp();
    const [first] = (await toy.memory.takeOver([0])).parked;
    assert.ok(first?.brief);
    // As if it had been known all the time.
    const headers = { ...first.brief.record.headers, ce_type: known['ce_type'] ?? '' };
    const brief = { ...first.brief, record: { ...first.brief.record, headers } };
    const arrival = { kind: 'record', record: { ...record, headers: known, offset: 0, timestamp: 0 } };
    const { tasks } = await toy.memory.takeOver([0]);
    await toy.memory.commit({ ...nothingToCommit, tasks, parked: [{ ...first, arrival, brief }] });
    const next = await startNext(toy);
    await next.loop.caughtUp();
    assert.deepEqual([(await next.note(a)).texts, reasons(next)], [['long'], []]);
  });
});

describe('the parking', () => {
  const row = (parkedId: string, more: Partial<ParkedRow> = {}): ParkedRow => ({
    parkedId,
    partition: 0,
    subject: 's',
    position: Number(parkedId),
    reason: 'behind',
    detail: '',
    arrival: {},
    brief: undefined,
    parkedAt: 0,
    waitUntil: undefined,
    ...more,
  });

  test('keeps a subject in order, whatever comes back when', () => {
    const parking = new Parking();
    for (const id of ['2', '3', '1']) parking.add(row(id));
    assert.deepEqual(
      parking.subject(0, 's').map((each) => each.parkedId),
      ['1', '2', '3'],
    );
  });

  test('counts a row once, however often it is removed', () => {
    const parking = new Parking();
    for (const id of ['1', '2']) parking.add(row(id));
    for (let times = 0; times < 3; times += 1) parking.remove(row('1'));
    assert.equal(parking.count(0), 1);
  });

  test('forgets the rows of a task and keeps those of the others', () => {
    const parking = new Parking();
    parking.add(row('1', { partition: 1, waitUntil: 9, detail: 'catalog x' }));
    parking.add(row('2', { waitUntil: 9, detail: 'catalog x' }));
    parking.drop([0]);
    assert.deepEqual([parking.count(0), parking.count(1)], [0, 1]);
    assert.deepEqual(
      parking.awaiting({ topic: 'catalog', key: 'x' }).map((each) => each.parkedId),
      ['1'],
    );
  });
});
