import assert from 'node:assert/strict';
import { it } from 'node:test';
import { settingKeys } from '../../src/contracts/settings.ts';
import { settingSays } from './setting-says.ts';

it('every setting says what it is for', () => {
  assert.deepEqual(Object.keys(settingSays), settingKeys);
});
