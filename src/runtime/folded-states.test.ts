import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FoldedStates } from './folded-states.ts';
import { stream } from './service.ts';
import type { LoadedStream, StreamToLoad } from './store/store.ts';

/** A stream that counts its events, and a store that answers when it is told to. */
interface Counted {
  readonly type: string;
  readonly data: unknown;
}
const counts = stream<number, never, Counted>({
  shape: 'whole',
  decider: { initialState: 0, decide: () => [], evolve: (state) => state + 1, deadline: () => undefined },
});

function storeOf(events: Readonly<Record<string, number>>) {
  const read: string[] = [];
  const going: (() => void)[] = [];
  const load = async (streams: readonly StreamToLoad[]): Promise<readonly LoadedStream[]> => {
    const counted = streams.map(({ stream: id }) => ({ id, count: events[id] }));
    read.push(...counted.map(({ id }) => id));
    await new Promise<void>((resolve) => going.push(resolve));
    return counted.map(({ id, count }) => {
      if (count === undefined) throw new Error(`${id} cannot be read`);
      const all = Array.from({ length: count }, (_, index) => ({
        streamVersion: index + 1,
        type: 'Counted',
        data: null,
      }));
      return { stream: id, root: true, snapshot: undefined, events: all };
    });
  };
  const goOn = () => {
    for (const each of going.splice(0)) each();
  };
  return { states: new FoldedStates({ streams: { counts }, load }), read, goOn };
}
const named = (id: string) => ({ kind: 'counts', id, part: undefined });
const turn = () => new Promise(setImmediate);

test('those who ask for a state while it is being read share the next reading, which knows what was committed before they asked', async () => {
  const events: Record<string, number> = { a: 1 };
  const { states, read, goOn } = storeOf(events);
  const first = states.state(named('a'));
  await turn();
  events['a'] = 2;
  const others = Array.from({ length: 1_000 }, () => states.state(named('a')));
  await turn();
  assert.deepEqual(read, ['a']);
  goOn();
  assert.equal((await first).version, 1);
  await turn();
  goOn();
  const found = await Promise.all(others);
  assert.ok(found.every(({ version }) => version === 2));
  assert.deepEqual(read, ['a', 'a']);
});

test('a state that cannot be read is nobody else’s trouble', async () => {
  const { states, goOn } = storeOf({ a: 3 });
  const [good, bad] = [states.state(named('a')), states.state(named('broken'))];
  await turn();
  goOn();
  await assert.rejects(bad, /broken cannot be read/);
  assert.equal((await good).version, 3);
});
