import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLogger, loggerOf, setLogLevels } from './logger.ts';

test('a level is that of the service, else the default, else the one of the start, and follows every change', () => {
  const root = createLogger('info');
  const levels = () => [root.level, loggerOf(root, 'booking').level, loggerOf(root, 'user').level];
  assert.deepEqual(levels(), ['info', 'info', 'info']);
  setLogLevels(root, { booking: 'debug' }, 'info');
  assert.deepEqual(levels(), ['info', 'debug', 'info']);
  setLogLevels(root, { default: 'error', user: 'trace' }, 'info');
  assert.deepEqual(levels(), ['error', 'error', 'trace']);
  setLogLevels(root, {}, 'info');
  assert.deepEqual(levels(), ['info', 'info', 'info']);
});

test('what is made of a logger later has the level it has then', () => {
  const root = createLogger('info');
  const user = loggerOf(root, 'user');
  setLogLevels(root, { user: 'warn' }, 'info');
  assert.equal(user.child({ request: 1 }).level, 'warn');
});
