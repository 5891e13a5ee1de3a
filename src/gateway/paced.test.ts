import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Paced } from './paced.ts';

/** Work whose pieces take so long each, on a clock of the test's own. */
function pieces(takesMs: number, count: number, share = 0.1) {
  const state = { now: 0, done: 0, left: count };
  const paced = new Paced({
    share,
    now: () => state.now,
    nextPiece: () => {
      state.now += takesMs;
      state.done += 1;
      state.left -= 1;
      return state.left > 0;
    },
  });
  return { state, paced };
}

test('little work is done at once', (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] });
  const { state, paced } = pieces(0.01, 5);
  paced.wanted();
  assert.equal(state.done, 5);
  state.left = 1;
  paced.wanted();
  assert.equal(state.done, 6);
});

test('after much work there is a pause nine times as long, and what is wanted meanwhile comes after it', (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] });
  const { state, paced } = pieces(20, 1);
  paced.wanted();
  state.left = 1;
  paced.wanted();
  assert.equal(state.done, 1);
  context.mock.timers.tick(179);
  assert.equal(state.done, 1);
  context.mock.timers.tick(1);
  assert.equal(state.done, 2);
});

test('a process that was stopped within a piece is silent for a moment, not many times as long', (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] });
  const { state, paced } = pieces(30_000, 2, 0.05);
  paced.wanted();
  assert.equal(state.done, 1);
  context.mock.timers.tick(2_000);
  assert.equal(state.done, 2);
  paced.stop();
});

test('a long row of pieces is done with pauses, to its end', (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] });
  const { state, paced } = pieces(5, 5);
  paced.wanted();
  assert.equal(state.done, 2);
  context.mock.timers.tick(90);
  assert.equal(state.done, 4);
  context.mock.timers.tick(90);
  assert.equal(state.done, 5);
  paced.stop();
});

test('work that may take all of the time lets others have their turn, and is done to its end', (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] });
  const { state, paced } = pieces(20, 3, 1);
  paced.wanted();
  assert.equal(state.done, 1);
  context.mock.timers.tick(1);
  context.mock.timers.tick(1);
  assert.equal(state.done, 3);
});
