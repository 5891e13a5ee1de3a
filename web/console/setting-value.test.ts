import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { editedText, editorOf, readValue, valueText } from './setting-value.ts';

describe('the value of a setting', () => {
  it('is edited by the type of its default', () => {
    const defaults: readonly unknown[] = [3, true, 'text', ['email', 'sms'], [], [{ a: 1 }], { a: 1 }];
    assert.deepEqual(defaults.map(editorOf), ['number', 'boolean', 'string', 'list', 'list', 'json', 'json']);
  });

  it('is what was shown, where nothing was changed', () => {
    for (const value of [3, 0.25, true, false, 'two words', ['email', 'sms'], [], { from: [{ percent: 5 }] }]) {
      const editor = editorOf(value);
      assert.deepEqual(readValue(editor, editedText(editor, value)), { value });
    }
  });

  it('is a number only where a number stands', () => {
    assert.deepEqual(readValue('number', ' 12.5 '), { value: 12.5 });
    assert.deepEqual(readValue('number', ''), { wrong: 'is not a number' });
    assert.deepEqual(readValue('number', 'ten'), { wrong: 'is not a number' });
    assert.deepEqual(readValue('number', 'Infinity'), { wrong: 'is not a number' });
  });

  it('is a list of the lines in which something stands', () => {
    assert.deepEqual(readValue('list', ' email \n\nsms\n'), { value: ['email', 'sms'] });
    assert.deepEqual(readValue('list', ''), { value: [] });
  });

  it('is told to be no JSON with the reason', () => {
    const read = readValue('json', '{"a": }');
    assert.match('wrong' in read ? read.wrong : '', /^is not JSON: /);
  });

  it('is shown with the time that its milliseconds are', () => {
    assert.equal(valueText('holdTtlMs', 300_000), '300000 (5 min)');
    assert.equal(valueText('paymentAttemptsMax', 3), '3');
    assert.equal(valueText('notificationChannels', ['email', 'sms']), 'email, sms');
    assert.equal(valueText('notificationChannels', []), 'none');
    assert.equal(valueText('logLevels', {}), '{}');
  });
});
