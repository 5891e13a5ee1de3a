import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type View, view } from '../service.ts';
import {
  type Commit,
  ConstraintViolated,
  type DeadlineRow,
  type EffectRow,
  type EventRow,
  Fenced,
  type ParkedRow,
  type RequestRow,
  type Store,
  type TaskRow,
} from './store.ts';

interface Note {
  readonly text: string;
  readonly size: number;
  readonly day?: string;
}

/** A read model with columns of its own; its table is in `notesTable`. */
export const notes: View = view<Note>({
  name: 'notes',
  on: {},
  fold: (doc) => doc,
  columns: {
    size: { type: 'int', of: (doc) => doc.size },
    day: { type: 'text', of: (doc) => doc.day ?? null },
  },
});
export const notesTable =
  'create table notes (id text primary key, partition int not null, body json not null, size int not null, day text)';

export interface TestedStore {
  readonly store: Store;
  /** Stores request rows, as ingress does. */
  accept(rows: readonly RequestRow[]): Promise<void>;
  /** Another connection to the same data. */
  another(): Store;
}

/** A commit of nothing, with what a test puts in. */
export function commitOf(more: Partial<Commit>): Commit {
  return {
    tasks: [],
    events: [],
    snapshots: [],
    deadlines: [],
    effectsOpened: [],
    effectsClosed: [],
    requestsTaken: [],
    parked: [],
    unparked: [],
    references: [],
    documents: new Map(),
    statements: [],
    ...more,
  };
}

const eventOf = (more: Partial<EventRow> = {}): EventRow => ({
  channel: 'booking-events',
  partition: 0,
  sequence: 1,
  timeline: 1,
  stream: 'a',
  streamVersion: 1,
  type: 'Noted',
  version: 1,
  subject: 'a',
  key: 'k',
  time: 1_000,
  causationId: 'cause',
  correlationId: 'correlation',
  traceparent: undefined,
  data: { text: 'é\u0000"' },
  json: '{"text":"é\\u0000\\""}',
  ...more,
});
const deadlineOf = (more: Partial<DeadlineRow> = {}): DeadlineRow => ({
  kind: 'note',
  stream: 'a',
  part: '',
  partition: 0,
  key: 'k',
  dueAt: 5_000,
  ...more,
});
const effectOf = (more: Partial<EffectRow> = {}): EffectRow => ({
  kind: 'note',
  stream: 'a',
  streamVersion: 1,
  part: '',
  partition: 0,
  type: 'Noted',
  subject: 'a',
  key: 'k',
  correlationId: 'correlation',
  traceparent: undefined,
  data: { text: 'é\u0000"' },
  ...more,
});
const requestOf = (more: Partial<RequestRow> = {}): RequestRow => ({
  requestId: 'req_1',
  partition: 0,
  intent: 'decide',
  type: 'WriteNote',
  key: 'k',
  subject: 'a',
  stream: undefined,
  streamVersion: undefined,
  traceparent: undefined,
  acceptedAt: 1_000,
  data: { text: 'hello' },
  ...more,
});
const parkedOf = (more: Partial<ParkedRow> = {}): ParkedRow => ({
  parkedId: 'prk_1',
  partition: 0,
  subject: 'a',
  position: 1_700_000_000_000_000,
  reason: 'decider_threw',
  detail: 'it broke',
  arrival: { kind: 'request', row: { requestId: 'req_1' } },
  brief: undefined,
  parkedAt: 1_000,
  waitUntil: undefined,
  ...more,
});

async function ownerOf(store: Store, partition = 0): Promise<TaskRow> {
  const { tasks } = await store.takeOver([partition]);
  const [task] = tasks;
  assert.ok(task);
  return task;
}

/** What every store promises the task loop. `open` gives an empty one each time. */
export function storeContract(name: string, open: () => Promise<TestedStore>): void {
  describe(`${name} as a store: ownership`, () => {
    test('starts a task at epoch 1 with nothing done, and raises the epoch at each takeover', async () => {
      const { store } = await open();
      const first = await ownerOf(store, 3);
      assert.deepEqual(first, {
        partition: 3,
        epoch: 1,
        timeline: 1,
        positions: {},
        heads: {},
        sequences: {},
        published: {},
      });
      assert.equal((await ownerOf(store, 3)).epoch, 2);
    });

    test('gives back timeline, positions, heads, sequences and marks as they were committed', async () => {
      const { store } = await open();
      const task = await ownerOf(store);
      const done = {
        timeline: 2,
        positions: { 'seat-events': { offset: 9_007_199_254_740_991, topicId: 'id-1' } },
        heads: { 'seat-events': { timeline: 2, sequence: 41 } },
        sequences: { 'booking-events': 7, '': 3 },
        published: { 'booking-events': { sequence: 6, topicId: 'id-2' } },
      };
      await store.commit(commitOf({ tasks: [{ ...task, ...done }] }));
      assert.deepEqual(await ownerOf(store), { ...task, ...done, epoch: 2 });
    });

    test('fences an earlier owner: all of its commit or nothing, and says which tasks moved', async () => {
      const { store, another } = await open();
      const [mine, lost] = [await ownerOf(store, 1), await ownerOf(store, 2)];
      await ownerOf(another(), 2);
      const late = commitOf({
        tasks: [mine, { ...lost, sequences: { x: 1 } }],
        events: [eventOf({ partition: 2 })],
        deadlines: [deadlineOf({ partition: 2 })],
      });
      await assert.rejects(store.commit(late), (error: Error) => {
        assert.ok(error instanceof Fenced);
        assert.deepEqual(error.partitions, [2]);
        return true;
      });
      const after = await store.takeOver([1, 2]);
      assert.deepEqual(
        after.tasks.map((task) => task.sequences),
        [{}, {}],
      );
      assert.deepEqual(after.deadlines, []);
      assert.deepEqual(
        await store.readEvents({ channel: 'booking-events', partition: 2, sequence: 1, eventsMax: 9 }),
        [],
      );
    });

    test('tells at a takeover after which ids there is none, whoever’s task they belong to', async () => {
      const { store, another } = await open();
      const id = (prefix: string, time: string) => `${prefix}_019a0000-${time}-7000-8000-000000000000`;
      const tasks = (await store.takeOver([0, 1])).tasks;
      const events = ['0002', '0009', '0004'].map((time, index) =>
        eventOf({ sequence: index + 1, partition: 1, stream: id('shw', time), subject: id('bkg', time) }),
      );
      const notes = ['0001', '0003'].map((time) => ({ id: id('bkg', time), partition: 1, doc: { size: 1 } }));
      await store.commit(commitOf({ tasks, events, documents: new Map([['notes', notes]]) }));
      const { latest } = await another().takeOver([0]);
      const last = (ids: readonly string[] | undefined, prefix: string) =>
        (ids ?? [])
          .filter((each) => each.startsWith(prefix))
          .sort()
          .at(-1);
      assert.deepEqual(
        [last(latest?.streams, 'shw'), last(latest?.streams, 'bkg'), last(latest?.documents.get('notes'), 'bkg')],
        [id('shw', '0009'), id('bkg', '0009'), id('bkg', '0003')],
      );
    });

    test('tells its clock at a takeover, in whole milliseconds', async () => {
      const { store } = await open();
      const { now } = await store.takeOver([0]);
      assert.ok(Number.isSafeInteger(now) && now > Date.UTC(2020, 0));
    });

    test('gives a new owner the rows of its own tasks only', async () => {
      const { store, accept } = await open();
      const tasks = (await store.takeOver([0, 1])).tasks;
      await accept([requestOf({ requestId: 'req_0' }), requestOf({ requestId: 'req_1', partition: 1 })]);
      await store.commit(
        commitOf({
          tasks,
          deadlines: [deadlineOf(), deadlineOf({ stream: 'b', partition: 1 })],
          parked: [parkedOf(), parkedOf({ parkedId: 'prk_2', partition: 1 })],
        }),
      );
      const { deadlines, parked, requests } = await store.takeOver([1]);
      assert.deepEqual([deadlines.length, parked.length, requests.length], [1, 1, 1]);
      assert.deepEqual(
        [deadlines, parked, requests].flat().map((row) => row.partition),
        [1, 1, 1],
      );
    });
  });

  describe(`${name} as a store: events`, () => {
    test('gives back what was committed, in sequence order, page by page', async () => {
      const { store } = await open();
      const task = await ownerOf(store);
      const traceparent = `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01`;
      const events = Array.from({ length: 25 }, (_, index) =>
        eventOf({ sequence: index + 1, streamVersion: index + 1, ...(index === 0 ? { traceparent } : {}) }),
      );
      await store.commit(commitOf({ tasks: [task], events }));
      const page = (sequence: number) =>
        store.readEvents({ channel: 'booking-events', partition: 0, sequence, eventsMax: 10 });
      const read = [...(await page(1)), ...(await page(11)), ...(await page(21))];
      assert.deepEqual(read, events);
      assert.deepEqual(await page(26), []);
    });

    test('keeps thousands in one commit', async () => {
      const { store } = await open();
      const task = await ownerOf(store);
      const events = Array.from({ length: 3_000 }, (_, index) =>
        eventOf({ sequence: index + 1, stream: `s${index}`, subject: `s${index}` }),
      );
      await store.commit(commitOf({ tasks: [task], events }));
      const last = await store.readEvents({ channel: 'booking-events', partition: 0, sequence: 3_000, eventsMax: 10 });
      assert.deepEqual(
        last.map((event) => event.stream),
        ['s2999'],
      );
    });

    test('keeps the payload null: a tombstone', async () => {
      const { store } = await open();
      await store.commit(commitOf({ tasks: [await ownerOf(store)], events: [eventOf({ data: null, json: 'null' })] }));
      const [event] = await store.readEvents({ channel: 'booking-events', partition: 0, sequence: 1, eventsMax: 1 });
      assert.equal(event?.data, null);
    });

    test('reads of each stream the last event alone, where that is asked for, page by page', async () => {
      const { store } = await open();
      const versions = [
        ['a', 1],
        ['b', 1],
        ['a', 2],
        ['c', 1],
        ['b', 2],
      ] as const;
      const events = versions.map(([stream, streamVersion], index) =>
        eventOf({ stream, subject: stream, streamVersion, sequence: index + 1 }),
      );
      await store.commit(commitOf({ tasks: [await ownerOf(store)], events }));
      const page = async (sequence: number, eventsMax: number, more: { streams?: readonly string[] } = {}) => {
        const from = { channel: 'booking-events', partition: 0, sequence, eventsMax };
        return (await store.readEvents({ ...from, lastOfStream: true, ...more })).map((event) => event.sequence);
      };
      assert.deepEqual([await page(1, 2), await page(5, 2), await page(4, 1)], [[3, 4], [5], [4]]);
      assert.deepEqual([await page(1, 9, { streams: ['b'] }), await page(1, 9, { streams: ['z'] })], [[5], []]);
    });

    const twice = {
      'the same version of a stream': eventOf({ sequence: 2 }),
      'the same sequence of a channel partition': eventOf({ stream: 'b', subject: 'b' }),
    };
    for (const [what, second] of Object.entries(twice)) {
      test(`refuses ${what}, and changes nothing`, async () => {
        const { store } = await open();
        const task = await ownerOf(store);
        await store.commit(commitOf({ tasks: [task], events: [eventOf()] }));
        const again = commitOf({
          tasks: [{ ...task, sequences: { x: 9 } }],
          events: [second],
          deadlines: [deadlineOf()],
        });
        await assert.rejects(store.commit(again), ConstraintViolated);
        const { tasks, deadlines } = await store.takeOver([0]);
        assert.deepEqual([tasks[0]?.sequences, deadlines], [{}, []]);
        // And the connection goes on.
        const other = eventOf({ sequence: 2, streamVersion: 2 });
        await store.commit(commitOf({ tasks: tasks.map((each) => ({ ...each })), events: [other] }));
      });

      test(`refuses ${what} within one commit`, async () => {
        const { store } = await open();
        const task = await ownerOf(store);
        await assert.rejects(
          store.commit(commitOf({ tasks: [task], events: [eventOf(), second] })),
          ConstraintViolated,
        );
        assert.deepEqual(
          await store.readEvents({ channel: 'booking-events', partition: 0, sequence: 1, eventsMax: 9 }),
          [],
        );
      });
    }
  });

  describe(`${name} as a store: streams`, () => {
    const facts = [
      eventOf({ stream: 's', subject: 's', streamVersion: 1, sequence: 1 }),
      eventOf({ stream: 's', subject: 'p1', streamVersion: 2, sequence: 2 }),
      eventOf({ stream: 's', subject: 'p2', streamVersion: 3, sequence: 3 }),
      eventOf({ stream: 's', subject: 'p1', streamVersion: 4, sequence: 4 }),
      eventOf({ stream: 'w', subject: 'w', streamVersion: 1, sequence: 5 }),
    ];

    test('loads whole streams, in the order asked for, unknown ones empty', async () => {
      const { store } = await open();
      await store.commit(commitOf({ tasks: [await ownerOf(store)], events: facts }));
      const loaded = await store.loadStreams(['w', 'nobody', 's'].map((stream) => ({ stream, root: true })));
      assert.deepEqual(
        loaded.map((each) => [each.stream, each.snapshot, each.events.map((event) => event.streamVersion)]),
        [
          ['w', undefined, [1]],
          ['nobody', undefined, []],
          ['s', undefined, [1, 2, 3, 4]],
        ],
      );
      assert.deepEqual(
        loaded[0]?.events.map(({ type, data }) => ({ type, data })),
        [{ type: 'Noted', data: { text: 'é\u0000"' } }],
      );
    });

    test('loads a root from its snapshot and the events since, and a part by its subject', async () => {
      const { store } = await open();
      const snapshots = [{ stream: 's', partition: 0, version: 2, root: { count: 2 } }];
      await store.commit(commitOf({ tasks: [await ownerOf(store)], events: facts, snapshots }));
      const [root, part, none] = await store.loadStreams([
        { stream: 's', root: true },
        { stream: 's', root: false, part: 'p1' },
        { stream: 's', root: false, part: 'p3' },
      ]);
      assert.deepEqual(root?.snapshot, root?.snapshot && { ...root.snapshot, version: 2, root: { count: 2 } });
      assert.deepEqual(
        root?.events.map((event) => event.streamVersion),
        [3, 4],
      );
      assert.deepEqual([part?.snapshot, part?.events.map((event) => event.streamVersion)], [undefined, [2, 4]]);
      assert.deepEqual(none?.events, []);
    });

    test('keeps the newest snapshot', async () => {
      const { store } = await open();
      const task = await ownerOf(store);
      for (const version of [2, 3]) {
        await store.commit(
          commitOf({ tasks: [task], snapshots: [{ stream: 's', partition: 0, version, root: { version } }] }),
        );
      }
      const [root] = await store.loadStreams([{ stream: 's', root: true }]);
      assert.deepEqual([root?.snapshot?.version, root?.snapshot?.root], [3, { version: 3 }]);
    });
  });

  describe(`${name} as a store: what waits`, () => {
    test('sets, moves and takes away deadlines', async () => {
      const { store } = await open();
      const task = await ownerOf(store);
      const [set, part] = [deadlineOf(), deadlineOf({ part: 'p', dueAt: 6_000 })];
      await store.commit(commitOf({ tasks: [task], deadlines: [set, part] }));
      await store.commit(
        commitOf({
          tasks: [task],
          deadlines: [
            { ...set, dueAt: 9_000 },
            { ...part, dueAt: undefined },
          ],
        }),
      );
      assert.deepEqual((await store.takeOver([0])).deadlines, [{ ...set, dueAt: 9_000 }]);
    });

    test('gives open effects back with the data of their event, until they are closed', async () => {
      const { store } = await open();
      const task = await ownerOf(store);
      const events = [eventOf(), eventOf({ sequence: 2, streamVersion: 2, subject: 'p' })];
      const effects = [effectOf(), effectOf({ streamVersion: 2, part: 'p', subject: 'p' })];
      await store.commit(commitOf({ tasks: [task], events, effectsOpened: effects }));
      const { tasks, effects: open1 } = await store.takeOver([0]);
      const told = ({ kind, stream, streamVersion, part, partition, type, subject, key, data }: EffectRow) => ({
        kind,
        stream,
        streamVersion,
        part,
        partition,
        type,
        subject,
        key,
        data,
      });
      assert.deepEqual(open1.map(told), effects.map(told));
      await store.commit(commitOf({ tasks, effectsClosed: [{ stream: 'a', streamVersion: 1 }] }));
      assert.deepEqual(
        (await store.takeOver([0])).effects.map((each) => each.streamVersion),
        [2],
      );
    });

    test('lets a request be taken once', async () => {
      const { store, accept } = await open();
      const rows = [
        requestOf({ acceptedAt: 2_000 }),
        requestOf({ requestId: 'req_2', intent: 'publish', stream: 's', streamVersion: 4, data: null }),
      ];
      await accept(rows);
      const { tasks, requests } = await store.takeOver([0]);
      assert.deepEqual(requests, [rows[1], rows[0]]);
      await store.commit(commitOf({ tasks, requestsTaken: ['req_1'] }));
      const again = commitOf({ tasks, events: [eventOf()], requestsTaken: ['req_2', 'req_1'] });
      await assert.rejects(store.commit(again), ConstraintViolated);
      assert.deepEqual(
        (await store.takeOver([0])).requests.map((row) => row.requestId),
        ['req_2'],
      );
      assert.deepEqual(
        await store.readEvents({ channel: 'booking-events', partition: 0, sequence: 1, eventsMax: 1 }),
        [],
      );
    });

    test('keeps parked inputs in the order of their arrival, rewrites and removes them', async () => {
      const { store } = await open();
      const task = await ownerOf(store);
      const [first, second, third] = [
        parkedOf(),
        parkedOf({ parkedId: 'prk_2', position: 1_700_000_000_000_001 }),
        parkedOf({ parkedId: 'prk_0', position: 1_700_000_000_000_002, waitUntil: 7_000 }),
      ];
      await store.commit(commitOf({ tasks: [task], parked: [third, first, second] }));
      assert.deepEqual((await store.takeOver([0])).parked, [first, second, third]);
      const again = { ...third, reason: 'behind', detail: 'still', waitUntil: undefined };
      await store.commit(commitOf({ tasks: [await ownerOf(store)], parked: [again], unparked: ['prk_1'] }));
      assert.deepEqual((await store.takeOver([0])).parked, [second, again]);
    });

    test('brings what is known of long inputs, and the inputs themselves when they are asked for', async () => {
      const { store } = await open();
      const record = { topic: 'payment-topic', offset: 7, headers: { ce_type: 'PaymentSucceeded' } };
      const long = parkedOf({
        arrival: { kind: 'record', record: { ...record, value: '\u0000'.repeat(100_000) } },
        brief: { kind: 'record', record, chars: 100_000 },
      });
      const short = parkedOf({ parkedId: 'prk_2', position: long.position + 1 });
      const task = await ownerOf(store);
      await store.commit(commitOf({ tasks: [task], parked: [long, short] }));
      assert.deepEqual((await store.takeOver([0])).parked, [{ ...long, arrival: undefined }, short]);
      assert.deepEqual(await store.loadParked(['prk_1', 'prk_9']), new Map([['prk_1', long.arrival]]));
    });
  });

  describe(`${name} as a store: what is looked up`, () => {
    test('keeps the latest record of a key: by timeline, then by version', async () => {
      const { store } = await open();
      const task = await ownerOf(store);
      const record = { topic: 'catalog', key: 'k', timeline: 1, streamVersion: 5, data: { n: 5 } };
      const put = (more: object) => store.commit(commitOf({ tasks: [task], references: [{ ...record, ...more }] }));
      const known = async () => (await store.loadReferences([{ topic: 'catalog', key: 'k' }])).map((row) => row.data);
      await put({});
      await put({ streamVersion: 4, data: { n: 4 } });
      assert.deepEqual(await known(), [{ n: 5 }]);
      await put({ streamVersion: 6, data: { n: 6 } });
      await put({ timeline: 2, streamVersion: 1, data: { n: 1 } });
      await put({ streamVersion: 7, data: { n: 7 } });
      assert.deepEqual(await known(), [{ n: 1 }]);
    });

    test('knows an erased key from an unknown one', async () => {
      const { store } = await open();
      const row = { topic: 'user-profiles', key: 'gone', timeline: 1, streamVersion: 2, data: null };
      await store.commit(commitOf({ tasks: [await ownerOf(store)], references: [row] }));
      const keys = ['gone', 'never'].map((key) => ({ topic: 'user-profiles', key }));
      assert.deepEqual(await store.loadReferences(keys), [row]);
    });

    test('keeps, replaces and removes documents with their columns', async () => {
      const { store } = await open();
      const task = await ownerOf(store);
      const put = (...rows: readonly { id: string; doc: Note | undefined }[]) =>
        store.commit(
          commitOf({ tasks: [task], documents: new Map([['notes', rows.map((row) => ({ ...row, partition: 0 }))]]) }),
        );
      await put({ id: 'n1', doc: { text: 'one', size: 3, day: 'mon' } }, { id: 'n2', doc: { text: 'two', size: 3 } });
      await put({ id: 'n1', doc: undefined }, { id: 'n2', doc: { text: 'changed', size: 7 } });
      const found = await store.loadDocuments('notes', ['n1', 'n2', 'n3']);
      assert.deepEqual([...found], [['n2', { text: 'changed', size: 7 }]]);
    });

    test('hands out copies: whoever changes one changes nobody else', async () => {
      const { store } = await open();
      await store.commit(
        commitOf({
          tasks: [await ownerOf(store)],
          documents: new Map([['notes', [{ id: 'n', partition: 0, doc: { text: 'one', size: 3 } }]]]),
        }),
      );
      const first = (await store.loadDocuments('notes', ['n'])).get('n') as { text: string };
      first.text = 'spoiled';
      assert.deepEqual((await store.loadDocuments('notes', ['n'])).get('n'), { text: 'one', size: 3 });
    });
  });

  describe(`${name} as a store: many at once`, () => {
    let tested: TestedStore;
    before(async () => {
      tested = await open();
    });
    after(() => tested.store.close());

    test('of twenty owners that race for a task, exactly the last to take over can commit', async () => {
      const owners = await Promise.all(Array.from({ length: 20 }, () => ownerOf(tested.store)));
      const outcomes = await Promise.allSettled(owners.map((task) => tested.store.commit(commitOf({ tasks: [task] }))));
      const winners = owners.filter((_, index) => outcomes[index]?.status === 'fulfilled');
      assert.deepEqual(
        winners.map((task) => task.epoch),
        [Math.max(...owners.map((task) => task.epoch))],
      );
    });

    test('answers twenty reads that are asked for together', async () => {
      const found = await Promise.all(
        Array.from({ length: 20 }, () => tested.store.loadDocuments('notes', ['nothing'])),
      );
      assert.deepEqual(
        found.map((each) => each.size),
        found.map(() => 0),
      );
    });
  });
}
