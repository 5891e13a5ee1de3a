import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { Toy, type ToyOptions } from '../../../tests/support/toy-service.ts';
import { newId } from '../../contracts/ids.ts';

const toys: Toy[] = [];
const start = async (options: ToyOptions = {}) => {
  const toy = await Toy.start(options);
  toys.push(toy);
  return toy;
};
afterEach(async () => {
  for (const toy of toys.splice(0)) await toy.loop.stop();
});
const about = (text: string, profile: string) => ({ do: 'note', text, profile }) as const;

describe('an input that refers to something not yet seen', () => {
  test('waits, with all that comes after it about its subject, and goes on at its arrival', async () => {
    const toy = await start();
    const [a, b, user] = [newId('booking'), newId('booking'), newId('user')];
    await toy.send(a, about('one', user));
    await toy.send(a, { do: 'note', text: 'two' });
    await toy.send(b, { do: 'note', text: 'other' });
    await toy.loop.caughtUp();
    assert.deepEqual(await toy.publishedTexts(), ['other']);
    assert.deepEqual(
      toy.loop.parked.map((row) => row.reason),
      ['reference_missing', 'behind'],
    );
    await toy.producer.profile(user, 'Ada');
    await toy.loop.caughtUp();
    assert.deepEqual((await toy.note(a)).texts, ['one for Ada', 'two']);
    assert.deepEqual(toy.loop.parked, []);
  });

  test('is decided without it when the wait is over', async () => {
    const toy = await start({ referenceWaitMs: 20 });
    const a = newId('booking');
    await toy.send(a, about('one', newId('user')));
    await toy.send(a, { do: 'note', text: 'two' });
    await toy.until(async () => (await toy.note(a)).texts.length === 2);
    assert.deepEqual((await toy.note(a)).texts, ['one for nobody', 'two']);
  });

  test('does not wait for what is erased: that is known', async () => {
    const toy = await start();
    const [a, user] = [newId('booking'), newId('user')];
    await toy.producer.profile(user, null);
    await toy.loop.caughtUp();
    await toy.send(a, about('one', user));
    await toy.loop.caughtUp();
    assert.deepEqual((await toy.note(a)).texts, ['one for nobody']);
  });

  test('waits for a chain: the first reference names the next', async () => {
    const toy = await start();
    const [a, first, second] = [newId('booking'), newId('user'), newId('user')];
    await toy.send(a, about('one', first));
    await toy.loop.caughtUp();
    await toy.producer.profile(first, second);
    await toy.loop.caughtUp();
    assert.deepEqual(
      toy.loop.parked.map((row) => row.reason),
      ['reference_missing'],
    );
    await toy.producer.profile(second, 'Grace');
    await toy.loop.caughtUp();
    assert.deepEqual((await toy.note(a)).texts, ['one for Grace']);
  });

  test('is taken up again without a person where nothing could be decided without the reference', async () => {
    const toy = await start({ referenceWaitMs: 1 });
    const user = newId('user');
    const a = newId('booking');
    toy.faults.broken.add('ticket');
    await toy.send(a, about('ticket', user));
    await toy.until(() => toy.loop.parked[0]?.reason === 'decider_threw');
    assert.match(toy.loop.parked[0]?.detail ?? '', /^user-profiles .*\ncannot note ticket$/);
    toy.faults.broken.clear();
    await toy.producer.profile(user, 'Ada');
    await toy.until(() => toy.loop.parked.length === 0);
    assert.deepEqual((await toy.note(a)).texts, ['ticket for Ada']);
  });

  test('is decided once, though its references come as its wait ends', async () => {
    const toy = await start({ referenceWaitMs: 15 });
    const [a, user] = [newId('booking'), newId('user')];
    const gate = Promise.withResolvers<void>();
    await toy.send(a, about('one', user));
    await toy.until(() => toy.loop.parked.length === 1);
    toy.store.onCommit = async (moment) => void (moment === 'before' && (await gate.promise));
    await toy.producer.profile(user, 'Ada');
    await toy.until(() => toy.loop.clock.now() > (toy.loop.parked[0]?.waitUntil ?? 0) + 5 && toy.loop.queued > 0);
    gate.resolve();
    await toy.loop.caughtUp();
    assert.equal((await toy.note(a)).texts.length, 1);
  });

  test('whose needs break is parked, and nobody else is', async () => {
    const toy = await start();
    const [a, b] = [newId('booking'), newId('booking')];
    await toy.log.append([
      toy.producer.record(a, about('one', 'broken')),
      toy.producer.record(b, { do: 'note', text: 'other' }),
    ]);
    await toy.loop.caughtUp();
    assert.deepEqual(
      toy.loop.parked.map((row) => [row.subject, row.detail]),
      [[a, 'needs broke']],
    );
    assert.deepEqual(await toy.publishedTexts(), ['other']);
  });

  test('goes on waiting with the next owner, who counts from when it came', async () => {
    const first = await start({ referenceWaitMs: 30 });
    const a = newId('booking');
    await first.send(a, about('one', newId('user')));
    await first.until(() => first.loop.parked.length === 1);
    const second = first.next({ referenceWaitMs: 30 });
    toys.push(second);
    await second.loop.start();
    await second.until(async () => (await second.note(a)).texts.length === 1);
    assert.deepEqual((await second.note(a)).texts, ['one for nobody']);
  });
});

describe('a record of a compacted topic', () => {
  const named = async (toy: Toy, user: string) => {
    const a = newId('booking');
    await toy.send(a, about('x', user));
    await toy.loop.caughtUp();
    return (await toy.note(a)).texts[0];
  };

  test('replaces an earlier version; a late earlier one changes nothing', async () => {
    const toy = await start();
    const user = newId('user');
    await toy.producer.profile(user, 'second', 2);
    await toy.producer.profile(user, 'first', 1);
    await toy.loop.caughtUp();
    assert.equal(await named(toy, user), 'x for second');
    await toy.producer.profile(user, 'third', 3);
    await toy.loop.caughtUp();
    assert.equal(await named(toy, user), 'x for third');
  });

  test('is known to the inputs of its own batch', async () => {
    const toy = await start();
    const [a, user] = [newId('booking'), newId('user')];
    const gate = Promise.withResolvers<void>();
    toy.store.onCommit = async (moment) => void (moment === 'before' && (await gate.promise));
    await toy.send(newId('booking'), { do: 'note', text: 'first' });
    await toy.until(() => toy.loop.queued === 0);
    await toy.producer.profile(user, 'Ada');
    await toy.send(a, about('one', user));
    gate.resolve();
    await toy.loop.caughtUp();
    assert.deepEqual((await toy.note(a)).texts, ['one for Ada']);
  });
});
