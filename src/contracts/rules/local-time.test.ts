import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isLocalTime, localTimeAt, momentOfLocalTime, momentsOfLocalTime } from './local-time.ts';

const iso = (text: string, zone: string) => {
  const moment = momentOfLocalTime(text, zone);
  return moment === undefined ? undefined : new Date(moment).toISOString();
};

test('a time on the clocks of a theatre is a moment', () => {
  assert.equal(iso('2026-01-15T19:30', 'America/New_York'), '2026-01-16T00:30:00.000Z');
  assert.equal(iso('2026-07-15 19:30', 'America/New_York'), '2026-07-15T23:30:00.000Z');
  assert.equal(iso('2026-07-15T19:30:30', 'Europe/London'), '2026-07-15T18:30:30.000Z');
  assert.equal(iso('2026-07-15T19:30', 'Asia/Kathmandu'), '2026-07-15T13:45:00.000Z');
});

test('a time that is skipped when clocks go forward is none', () => {
  assert.equal(iso('2026-03-08T02:30', 'America/New_York'), undefined);
  assert.equal(iso('2026-03-08T03:00', 'America/New_York'), '2026-03-08T07:00:00.000Z');
  assert.equal(iso('2026-03-08T01:59', 'America/New_York'), '2026-03-08T06:59:00.000Z');
});

test('a time that comes twice when clocks go back is the first', () => {
  assert.equal(iso('2026-11-01T01:30', 'America/New_York'), '2026-11-01T05:30:00.000Z');
  assert.equal(iso('2026-10-25T01:30', 'Europe/London'), '2026-10-25T00:30:00.000Z');
});

test('a time has as many moments as clocks show it', () => {
  const all = (text: string, zone: string) => momentsOfLocalTime(text, zone).map((at) => new Date(at).toISOString());
  assert.deepEqual(all('2026-10-25T01:30', 'Europe/London'), ['2026-10-25T00:30:00.000Z', '2026-10-25T01:30:00.000Z']);
  assert.deepEqual(all('2026-03-29T01:30', 'Europe/London'), []);
  assert.deepEqual(all('2026-10-25T02:30', 'Europe/London'), ['2026-10-25T02:30:00.000Z']);
});

test('a time that is skipped is a time, elsewhere', () => {
  assert.ok(isLocalTime('2026-03-08T02:30'));
  assert.ok(!isLocalTime('2026-02-30T02:30'));
});

test('what is no time is refused', () => {
  for (const text of [
    '',
    'tonight',
    '2026-02-30T19:30',
    '2026-13-01T19:30',
    '2026-01-01T24:30',
    '2026-01-01T19:61',
    '2026-01-01',
  ]) {
    assert.equal(momentOfLocalTime(text, 'Europe/London'), undefined, text);
  }
});

test('a moment is a time on the clocks, and back', () => {
  const moment = Date.parse('2026-06-01T02:15:00Z');
  assert.equal(localTimeAt(moment, 'America/Los_Angeles'), '2026-05-31T19:15');
  assert.equal(momentOfLocalTime('2026-05-31T19:15', 'America/Los_Angeles'), moment);
});
