import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Setting } from './catalog.ts';
import { defaultSettings, settingFrom, settingVersion } from './settings.ts';

const record = (key: string, value: unknown): Setting => ({
  key,
  value,
  version: 3,
  who: 'usr_0',
  when: '2030-01-01T00:00:00.000Z',
  why: 'test',
});

test('a setting that was never changed has its default and version 0', () => {
  assert.equal(
    settingFrom(() => undefined, 'holdTtlMs'),
    defaultSettings.holdTtlMs,
  );
  assert.equal(
    settingVersion(() => undefined, 'holdTtlMs'),
    0,
  );
});

test('a changed setting has its new value and counts its changes', () => {
  const get = (key: string) => record(key, 1_500);
  assert.equal(settingFrom(get, 'holdTtlMs'), 1_500);
  assert.equal(settingVersion(get, 'holdTtlMs'), 3);
});

test('a value that this version cannot use counts as never changed', () => {
  const changed = record('holdTtlMs', 'soon');
  assert.equal(
    settingFrom(() => changed, 'holdTtlMs'),
    defaultSettings.holdTtlMs,
  );
  assert.equal(
    settingFrom(() => changed, 'holdTtlMs'),
    defaultSettings.holdTtlMs,
  );
});
