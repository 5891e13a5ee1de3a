import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { createToyLog, type Faults, Toy, type ToyOptions, toyService } from '../../../tests/support/toy-service.ts';
import { newId } from '../../contracts/ids.ts';
import type { Log } from '../log/log.ts';
import { MemoryStore } from '../store/memory-store.ts';
import type { Store } from '../store/store.ts';
import { type Recalled, recall } from './recall.ts';

/** Writes to two stores until the backup is taken: then the second one stays as it is. */
class BackedUp implements Store {
  readonly live = new MemoryStore();
  readonly backup = new MemoryStore();
  taken = false;

  async takeOver(partitions: readonly number[]) {
    if (!this.taken) await this.backup.takeOver(partitions);
    return this.live.takeOver(partitions);
  }
  async commit(commit: Parameters<Store['commit']>[0]) {
    await this.live.commit(commit);
    if (!this.taken) await this.backup.commit(commit);
  }
  loadStreams(...parameters: Parameters<Store['loadStreams']>) {
    return this.live.loadStreams(...parameters);
  }
  loadReferences(...parameters: Parameters<Store['loadReferences']>) {
    return this.live.loadReferences(...parameters);
  }
  loadDocuments(...parameters: Parameters<Store['loadDocuments']>) {
    return this.live.loadDocuments(...parameters);
  }
  loadParked(...parameters: Parameters<Store['loadParked']>) {
    return this.live.loadParked(...parameters);
  }
  readEvents(...parameters: Parameters<Store['readEvents']>) {
    return this.live.readEvents(...parameters);
  }
  async close() {
    // What is in memory goes with the last reference to it.
  }
}

const toys: Toy[] = [];
const run = async (options: ToyOptions) => {
  const toy = new Toy(options);
  toys.push(toy);
  await toy.loop.start();
  return toy;
};
afterEach(async () => {
  for (const toy of toys.splice(0)) await toy.loop.stop();
});

const noted = (text: string) => ({ do: 'note', text }) as const;

/** A toy whose database was backed up after `before` and lost after `since`. */
async function lost(options: {
  readonly before: (toy: Toy) => Promise<void>;
  readonly since: (toy: Toy) => Promise<void>;
  readonly isAnsweredMeanwhile?: boolean;
}) {
  const store = new BackedUp();
  const asked: string[] = [];
  // An answer that came between would take a place that nobody can know of afterwards.
  const allHandled = Promise.withResolvers<void>();
  if (options.isAnsweredMeanwhile === true) allHandled.resolve();
  const faults: Faults = {
    broken: new Set(),
    provider: async (key, text) => {
      asked.push(key);
      await allHandled.promise;
      return `yes to ${text}`;
    },
  };
  const toy = await run({ store, log: createToyLog(), faults });
  await options.before(toy);
  await toy.loop.caughtUp();
  store.taken = true;
  await options.since(toy);
  await toy.loop.caughtUp();
  allHandled.resolve();
  await toy.loop.stop();
  return { toy, faults, asked, log: toy.log, live: store.live, backup: store.backup };
}

const recalled = async ({ log, backup, faults }: { log: Log; backup: Store; faults: Faults }) => {
  const definition = toyService(faults);
  return (await recall({ definition, store: backup, log, partition: 0, global: {} })) as Recalled;
};

/** Facts by their streams, without what numbers them. */
const factsIn = (store: MemoryStore) =>
  store.contents.events
    .map(({ stream, streamVersion, type, data, causationId }) => ({ stream, streamVersion, type, data, causationId }))
    .sort((a, b) => `${a.stream}${a.streamVersion}`.localeCompare(`${b.stream}${b.streamVersion}`));
const documentsIn = (store: MemoryStore) => Object.fromEntries(store.contents.documents.get('notes') ?? []);

describe('a task whose database was restored from an older backup', () => {
  const [a, b, hall] = [newId('booking'), newId('booking'), newId('booking')];
  const typical = () =>
    lost({
      before: async (toy) => {
        await toy.send(a, noted('one'));
        await toy.send(a, { do: 'remind', afterMs: 60_000 });
      },
      since: async (toy) => {
        await toy.send(a, { do: 'forget' });
        await toy.send(b, { do: 'ask', text: 'may I' });
        await toy.send(hall, { do: 'seat', text: 'in row one' });
        await toy.send(b, { do: 'remind', afterMs: 3_600_000 });
        await toy.send(a, noted('two'));
        await toy.send(b, noted('three'));
      },
    });

  test('gets back what it told, and decides again what it kept to itself', async () => {
    const past = await typical();
    const told = await recalled(past);
    const unanswered = factsIn(past.live).filter(({ type }) => type !== 'AnswerNoted');
    assert.deepEqual(factsIn(past.backup), unanswered);
    assert.deepEqual(documentsIn(past.backup), documentsIn(past.live));
    assert.deepEqual(
      past.backup.contents.deadlines.map(({ stream, dueAt }) => ({ stream, dueAt })),
      past.live.contents.deadlines.map(({ stream, dueAt }) => ({ stream, dueAt })),
    );
    assert.deepEqual(told, {
      ...{ partition: 0, timeline: 2, readBack: 2, decidedAgain: 4, leftToDecide: 0, gone: [], broken: [] },
    });
  });

  test('decides again what it has answered itself, whether it said something aloud to that or not', async () => {
    const past = await lost({
      before: (toy) => toy.send(hall, { do: 'seat', text: 'in row one' }),
      since: async (toy) => {
        for (const text of ['quiet', 'aloud', 'quiet again']) {
          await toy.send(hall, { do: 'ask-itself', text });
          await toy.loop.caughtUp();
          await toy.until(() => toy.memory.contents.effects.length === 0);
        }
        await toy.send(a, noted('done'));
      },
    });
    const { broken, gone } = await recalled(past);
    assert.deepEqual([broken, gone], [[], []]);
    assert.deepEqual(factsIn(past.backup), factsIn(past.live));
    assert.deepEqual(past.backup.contents.effects, []);
  });

  test('goes on from there: nothing is told twice, what is new is told on a timeline of its own', async () => {
    const past = await typical();
    const published = (await past.toy.published()).length;
    await recalled(past);
    const next = await run({ ...past, memory: past.backup, producer: past.toy.producer });
    await next.send(b, noted('four'));
    await next.until(async () => (await next.published()).length === published + 1);
    const [last] = (await next.published()).slice(-1);
    assert.deepEqual(
      [last?.headers['ce_timeline'], last?.headers['ce_sequence'], next.loop.trouble],
      ['2', String(published + 1), undefined],
    );
    assert.deepEqual((await next.note(b)).texts, ['three', 'four']);
  });

  test('asks outside again where no answer is known, under the same key', async () => {
    const past = await typical();
    await recalled(past);
    const next = await run({ ...past, memory: past.backup, producer: past.toy.producer });
    await next.until(async () => (await next.note(b)).answers.length === 1);
    assert.equal(past.asked.length, 2);
    assert.equal(past.asked[0], past.asked[1]);
  });

  test('reads for itself what it had handled after the last it told of', async () => {
    const past = await lost({
      before: (toy) => toy.send(a, noted('one')),
      since: async (toy) => {
        await toy.send(a, noted('two'));
        await toy.send(b, { do: 'remind', afterMs: 3_600_000 });
      },
    });
    assert.deepEqual((await recalled(past)).decidedAgain, 0);
    const next = await run({ ...past, memory: past.backup, producer: past.toy.producer });
    await next.loop.caughtUp();
    assert.deepEqual(factsIn(past.backup), factsIn(past.live));
  });

  test('decides in its old order what was decided in one batch with something told', async () => {
    const past = await lost({
      before: (toy) => toy.send(a, noted('one')),
      since: async (toy) => {
        await Promise.all([
          toy.send(a, noted('two')),
          toy.send(a, { do: 'remind', afterMs: 3_600_000 }),
          toy.send(a, { do: 'forget' }),
          toy.send(a, noted('three')),
        ]);
        await toy.loop.caughtUp();
        await toy.send(a, noted('four'));
      },
    });
    await recalled(past);
    const privately = factsIn(past.backup).filter(({ type }) => type !== 'BookingHeld');
    assert.deepEqual(
      privately.map(({ type }) => type),
      ['Reminded', 'Forgotten'],
    );
    assert.deepEqual(past.backup.contents.deadlines, past.live.contents.deadlines);
  });

  test('gets back what a request led to, though the request is gone', async () => {
    const request: { row?: ReturnType<Toy['request']> } = {};
    const past = await lost({
      before: (toy) => toy.send(a, noted('one')),
      since: async (toy) => {
        request.row = toy.request(b, 'asked for');
        await (toy.store.inner as BackedUp).live.accept([request.row]);
        toy.loop.requestsArrived([request.row]);
        await toy.until(async () => (await toy.published()).length === 2);
      },
    });
    await recalled(past);
    assert.deepEqual(factsIn(past.backup), factsIn(past.live));
    const next = await run({ ...past, memory: past.backup, producer: past.toy.producer });
    assert.deepEqual(await next.document(b), ['asked for']);
  });

  test('keeps what was told although a private fact before it is lost: the place stays empty', async () => {
    const past = await lost({
      before: (toy) => toy.send(a, noted('one')),
      since: async (toy) => {
        await toy.send(b, { do: 'ask', text: 'may I' });
        await toy.until(async () => (await toy.note(b)).answers.length === 1);
        await toy.send(b, noted('two'));
      },
      isAnsweredMeanwhile: true,
    });
    await recalled(past);
    const versions = past.backup.contents.events.filter(({ stream }) => stream === b);
    assert.deepEqual(versions.map(({ streamVersion, type }) => [streamVersion, type]).sort(), [
      [1, 'Asked'],
      [3, 'BookingHeld'],
    ]);
  });

  test('decides again what was parked when it was lost', async () => {
    const past = await lost({
      before: (toy) => toy.send(a, noted('one')),
      since: async (toy) => {
        toy.faults.broken.add('bad');
        await toy.send(b, noted('bad'));
        await toy.send(a, noted('two'));
      },
    });
    assert.equal((await recalled(past)).leftToDecide, 1);
    past.faults.broken.clear();
    const next = await run({ ...past, memory: past.backup, producer: past.toy.producer });
    await next.until(async () => (await next.note(b)).texts.length === 1);
    assert.deepEqual(past.backup.contents.parked, []);
  });

  test('says what its topics do not hold any more either', async () => {
    const past = await typical();
    const [first] = await past.toy.published();
    assert.ok(first);
    const gone: Log = Object.assign(Object.create(past.log) as Log, {
      topics: past.log.topics,
      bounds: async (place: Parameters<Log['bounds']>[0]) => {
        const bounds = await past.log.bounds(place);
        return place.topic === 'booking-events' ? { ...bounds, first: 2 } : bounds;
      },
      read: (...parameters: Parameters<Log['read']>) => past.log.read(...parameters),
    });
    const { gone: missing } = await recalled({ ...past, log: gone });
    assert.deepEqual(missing, [{ topic: 'booking-events', from: 2, to: 2 }]);
  });

  test('is left as it is where its topics hold nothing more', async () => {
    const past = await lost({ before: (toy) => toy.send(a, noted('one')), since: async () => undefined });
    assert.equal(await recalled(past), undefined);
  });
});
