import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Hall, Toy } from '../../../tests/support/toy-service.ts';
import { newId } from '../../contracts/ids.ts';

const seat = (text: string) => ({ do: 'seat', text }) as const;

describe('a split stream', () => {
  test('keeps one root for all and a part for each subject; from snapshot and tail it is the same', async () => {
    const toy = await Toy.start();
    const [a, b] = [newId('booking'), newId('booking')];
    const showId = toy.producer.shows[0] ?? '';
    const texts = Array.from({ length: 1_230 }, (_, index) => `s${index}`);
    await toy.log.append(texts.map((text, index) => toy.producer.record(index % 3 === 0 ? a : b, seat(text))));
    await toy.loop.caughtUp();
    const state = (from: Toy, part: string) =>
      from.loop.states.committed({ kind: 'hall', id: showId, part }) as { state: Hall; version: number } | undefined;
    const before = [state(toy, a), state(toy, b)];
    assert.deepEqual(
      before[0]?.state.part,
      texts.filter((_, index) => index % 3 === 0),
    );
    assert.deepEqual([before[0]?.state.root, before[0]?.version], [{ count: 1_230 }, 1_230]);
    await toy.loop.stop();

    const [loaded] = await toy.memory.loadStreams([{ stream: showId, root: true }]);
    assert.ok((loaded?.snapshot?.version ?? 0) >= 500, 'a snapshot was made');
    assert.ok((loaded?.events.length ?? 0) < 1_230, 'only the tail is read');

    const next = toy.next();
    await next.loop.start();
    await next.send(a, seat('one more'));
    await next.send(b, seat('and one'));
    await next.loop.caughtUp();
    assert.deepEqual(state(next, a)?.state.part, [...(before[0]?.state.part ?? []), 'one more']);
    assert.deepEqual(state(next, b)?.state.part, [...(before[1]?.state.part ?? []), 'and one']);
    assert.deepEqual([state(next, b)?.state.root, state(next, b)?.version], [{ count: 1_232 }, 1_232]);
    await next.loop.stop();
  });
});

describe('what the store cannot know', () => {
  test('is not asked of it; what it holds is loaded, by the next owner too', async () => {
    const toy = await Toy.start();
    const asked: string[] = [];
    const watched = (from: Toy) => {
      const load = from.store.loadStreams.bind(from.store);
      from.store.loadStreams = (wanted) => {
        asked.push(...wanted.map((each) => each.part ?? each.stream));
        return load(wanted);
      };
    };
    watched(toy);
    const old = newId('booking');
    const late = `bkg_ffffffff${newId('booking').slice(12)}`;
    await toy.send(old, { do: 'note', text: 'first' });
    await toy.loop.caughtUp();
    assert.deepEqual(asked, []);
    await toy.loop.stop();

    const next = toy.next();
    watched(next);
    await next.loop.start();
    await next.send(old, { do: 'note', text: 'second' });
    await next.send(late, { do: 'note', text: 'third' });
    await next.loop.caughtUp();
    assert.deepEqual(asked, [old]);
    assert.deepEqual(await next.publishedTexts(), ['first', 'second', 'third']);
    await next.loop.stop();
  });
});
