import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { createToyLog, type Hall, logWith, Toy, type ToyOptions } from '../../../tests/support/toy-service.ts';
import { newId } from '../../contracts/ids.ts';
import type { JoinOptions } from '../log/log.ts';

const toys: Toy[] = [];
const start = async (options: ToyOptions = {}) => {
  const toy = await Toy.start(options);
  toys.push(toy);
  return toy;
};
afterEach(async () => {
  for (const toy of toys.splice(0)) await toy.loop.stop();
});
const ask = (text: string) => ({ do: 'ask', text }) as const;
const answered = (toy: Toy, id: string, count = 1) =>
  toy.until(async () => (await toy.note(id)).answers.length >= count);

describe('an effect', () => {
  test('runs once its intent is committed, under a key made of stream and version, and its answer comes back', async () => {
    const toy = await start();
    const a = newId('booking');
    const keys: string[] = [];
    toy.faults.provider = async (key, text) => {
      keys.push(key);
      return `yes to ${text}`;
    };
    await toy.send(a, ask('x'));
    await answered(toy, a);
    assert.deepEqual([(await toy.note(a)).answers, keys], [['yes to x'], [`${a}/1`]]);
    assert.deepEqual((await toy.memory.takeOver([0])).effects, []);
  });

  test('for all of a split stream is answered although the part that asked has parked something since', async () => {
    const toy = await start();
    const [a, showId] = [newId('booking'), toy.producer.shows[0] ?? ''];
    const asked = Promise.withResolvers<void>();
    const parked = Promise.withResolvers<void>();
    toy.faults.provider = async () => {
      asked.resolve();
      await parked.promise;
      return 'for all';
    };
    await toy.send(a, { do: 'ask-for-all', text: 'x' });
    await asked.promise;
    await toy.log.append([{ ...toy.producer.record(a, ask('y')), value: 'no json' }]);
    await toy.until(() => toy.loop.parked.length === 1);
    parked.resolve();
    const hall = () => toy.loop.states.committed({ kind: 'hall', id: showId, part: undefined })?.state;
    await toy.until(() => (hall() as Hall | undefined)?.root.count === 2);
    assert.deepEqual(
      toy.loop.parked.map(({ reason }) => reason),
      ['undecodable'],
    );
  });

  test('is tried again after an error, under the same key', async () => {
    const toy = await start();
    const a = newId('booking');
    const keys: string[] = [];
    toy.faults.provider = async (key) => {
      keys.push(key);
      if (keys.length === 1) throw new Error('try again');
      return 'yes';
    };
    await toy.send(a, ask('x'));
    await answered(toy, a);
    assert.deepEqual([(await toy.note(a)).answers, keys], [['yes'], [`${a}/1`, `${a}/1`]]);
  });

  test('without an answer in time is unknown, once every try has ended; its signal was told', async () => {
    const toy = await start();
    const a = newId('booking');
    let aborted = 0;
    toy.faults.provider = (_, __, signal) =>
      new Promise(() => {
        signal.addEventListener('abort', () => {
          aborted += 1;
        });
      });
    await toy.send(a, ask('x'));
    await answered(toy, a);
    const [answer] = (await toy.note(a)).answers;
    assert.match(answer ?? '', /^unknown: /);
    assert.equal(aborted, 2);
  });

  test('of a provider that fails again and again is answered at once, and nothing else waits for it', async () => {
    const toy = await start();
    let calls = 0;
    toy.faults.provider = async () => {
      calls += 1;
      throw new Error('down');
    };
    const ids = Array.from({ length: 10 }, () => newId('booking'));
    for (const id of ids) await toy.send(id, ask('x'));
    await toy.send(ids[0] ?? '', { do: 'note', text: 'meanwhile' });
    for (const id of ids) await answered(toy, id);
    // Six failures open the circuit; what is under way by then may add a few.
    assert.ok(calls >= 6 && calls <= 8, `${calls} calls`);
    assert.deepEqual(await toy.publishedTexts(), ['meanwhile']);
  });

  test('runs again with the next owner, under the same key; whoever asked before brings no second answer', async () => {
    const first = await start();
    const a = newId('booking');
    const gate = Promise.withResolvers<string>();
    const keys: string[] = [];
    first.faults.provider = (key) => {
      keys.push(key);
      return keys.length === 1 ? gate.promise : Promise.resolve('yes');
    };
    await first.send(a, ask('x'));
    await first.until(() => keys.length === 1);
    const second = first.next();
    toys.push(second);
    await second.loop.start();
    await answered(second, a);
    gate.resolve('yes');
    await second.send(a, { do: 'note', text: 'later' });
    await second.loop.caughtUp();
    assert.deepEqual([(await second.note(a)).answers, keys], [['yes'], [`${a}/1`, `${a}/1`]]);
  });

  test('that another owner has had answered meanwhile brings no second answer when its task comes back', async () => {
    const log = createToyLog();
    const groups: JoinOptions[] = [];
    const watched = logWith(log, {
      join: (options: JoinOptions) => {
        groups.push(options);
        return log.join(options);
      },
    });
    const first = await start({ log: watched });
    const a = newId('booking');
    const gate = Promise.withResolvers<string>();
    let calls = 0;
    first.faults.provider = () => {
      calls += 1;
      return calls === 1 ? gate.promise : Promise.resolve('yes');
    };
    await first.send(a, ask('x'));
    await first.until(() => calls === 1);
    await groups[0]?.onRevoked([0]);
    const second = first.next({ log });
    await second.loop.start();
    await answered(second, a);
    await second.loop.stop();
    await groups[0]?.onAssigned([0]);
    gate.resolve('late');
    await first.send(a, { do: 'note', text: 'later' });
    await first.until(async () => (await first.note(a)).texts.length === 1);
    await first.loop.caughtUp();
    assert.deepEqual((await first.note(a)).answers, ['yes']);
  });

  test('goes on while its task is taken over anew, and is not asked twice for that', async () => {
    const toy = await start();
    const a = newId('booking');
    const gate = Promise.withResolvers<string>();
    let calls = 0;
    toy.faults.provider = () => {
      calls += 1;
      return gate.promise;
    };
    await toy.send(a, ask('x'));
    await toy.until(() => calls === 1);
    toy.loop.requestsMissed(new Error('taken over anew'));
    await toy.loop.caughtUp();
    gate.resolve('yes');
    await answered(toy, a);
    assert.deepEqual([(await toy.note(a)).answers, calls], [['yes'], 1]);
  });

  test('whose answer comes while its task is away is asked again under its key', async () => {
    const toy = await start();
    const a = newId('booking');
    const gate = Promise.withResolvers<string>();
    const keys: string[] = [];
    toy.faults.provider = (key) => {
      keys.push(key);
      return keys.length === 1 ? gate.promise : Promise.resolve('again');
    };
    await toy.send(a, ask('x'));
    await toy.until(() => keys.length === 1);
    toy.store.onTakeOver = async (moment) => {
      if (moment !== 'before') return;
      gate.resolve('too early');
      await new Promise((resolve) => setImmediate(resolve));
    };
    toy.loop.requestsMissed(new Error('taken over anew'));
    await answered(toy, a);
    await toy.loop.caughtUp();
    assert.deepEqual([(await toy.note(a)).answers, keys], [['again'], [`${a}/1`, `${a}/1`]]);
  });

  test('that is under way does not hold up a stop, and is left open', async () => {
    const toy = new Toy();
    await toy.loop.start();
    const a = newId('booking');
    let calls = 0;
    toy.faults.provider = () => {
      calls += 1;
      return new Promise(() => {});
    };
    await toy.send(a, ask('x'));
    await toy.until(() => calls === 1);
    await toy.loop.stop();
    assert.deepEqual(
      (await toy.memory.takeOver([0])).effects.map((effect) => effect.stream),
      [a],
    );
  });
});
