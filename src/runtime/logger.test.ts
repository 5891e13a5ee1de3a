import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pino } from 'pino';
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

test('a level that was set before a service had its logger is the one that it gets', () => {
  const root = createLogger('info');
  setLogLevels(root, { booking: 'debug', default: 'warn' }, 'info');
  assert.deepEqual([loggerOf(root, 'booking').level, loggerOf(root, 'user').level], ['debug', 'warn']);
});

test('what is made of a logger later has the level it has then', () => {
  const root = createLogger('info');
  const user = loggerOf(root, 'user');
  setLogLevels(root, { user: 'warn' }, 'info');
  assert.equal(user.child({ request: 1 }).level, 'warn');
});

test('a line below the level is not written, until the level is lowered', () => {
  const lines: { readonly service: string; readonly msg: string }[] = [];
  const root = pino({ level: 'info' }, { write: (line: string) => lines.push(JSON.parse(line)) });
  const booking = loggerOf(root, 'booking');
  const told = () => lines.splice(0).map(({ service, msg }) => `${service}: ${msg}`);
  booking.debug('too much');
  assert.deepEqual(told(), []);
  setLogLevels(root, { booking: 'debug' }, 'info');
  booking.debug('now');
  loggerOf(root, 'user').debug('too much');
  assert.deepEqual(told(), ['booking: now']);
  setLogLevels(root, { default: 'silent' }, 'info');
  booking.fatal('nothing at all');
  assert.deepEqual(told(), []);
});
