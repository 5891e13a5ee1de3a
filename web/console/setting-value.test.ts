import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { editedText, editorOf, readValue, timeParts, valueText } from './setting-value.ts';

describe('the value of a setting', () => {
  it('is edited by the type of its default', () => {
    const defaults: readonly unknown[] = [3, true, 'text', ['email', 'sms'], [], [{ a: 1 }], { a: 1 }];
    assert.deepEqual(
      defaults.map((each) => editorOf('any', each)),
      ['number', 'boolean', 'string', 'list', 'list', 'json', 'json'],
    );
    assert.deepEqual(
      [editorOf('holdTtlMs', 1), editorOf('bookingFeeMinor', 1), editorOf('pricingRules', {})],
      ['duration', 'money', 'pricing'],
    );
  });

  it('is what was shown, where nothing was changed', () => {
    for (const value of [3, 0.25, true, false, 'two words', ['email', 'sms'], [], { from: [{ percent: 5 }] }]) {
      const editor = editorOf('any', value);
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

  it('is a time in the largest unit it is whole in, and the same again in milliseconds', () => {
    const asEdited = [0, 1, 1_500, 2_000, 90_000, 300_000, 3_600_000, 86_400_000].map(timeParts);
    assert.deepEqual(
      asEdited.map(({ amount, unit }) => `${amount} ${unit}`),
      [
        ...['0 milliseconds', '1 milliseconds', '1500 milliseconds', '2 seconds', '90 seconds', '5 minutes', '1 hours'],
        '24 hours',
      ],
    );
    assert.deepEqual(readValue('duration', '1,5', { unit: 'minutes' }), { value: 90_000 });
    assert.deepEqual(readValue('duration', '1.1', { unit: 'seconds' }), { value: 1_100 });
    assert.deepEqual(readValue('duration', 'soon', { unit: 'seconds' }), { wrong: 'is not a number' });
  });

  it('is money by the decimals of the currency, where all that are in use have as many', () => {
    const inEuros = { currencies: ['EUR', 'GBP'] };
    assert.equal(editedText('money', 150, ['EUR', 'GBP']), '1.50');
    assert.deepEqual(readValue('money', '1,5', inEuros), { value: 150 });
    assert.deepEqual(readValue('money', '2', { currencies: ['JPY'] }), { value: 2 });
    assert.deepEqual(readValue('money', '1.005', inEuros), { wrong: 'is no amount like 1.50' });
    for (const currencies of [[], ['EUR', 'JPY']]) {
      assert.equal(editedText('money', 150, currencies), '150');
      assert.deepEqual(readValue('money', '150', { currencies }), { value: 150 });
    }
  });

  it('is shown as people tell it, with nothing left out', () => {
    const spans = [0, 250, 1_500, 300_000, 90_000, 3_661_000, 86_400_000];
    assert.deepEqual(
      spans.map((ms) => valueText('holdTtlMs', ms)),
      ['0 s', '250 ms', '1.5 s', '5 min', '1 min 30 s', '1 h 1 min 1 s', '24 h'],
    );
    assert.equal(valueText('bookingFeeMinor', 150, ['EUR', 'JPY']), '1.50 EUR, 150 JPY');
    assert.equal(valueText('bookingFeeMinor', 150), '150 in the smallest unit of the currency');
    assert.equal(valueText('paymentAttemptsMax', 3), '3');
    assert.equal(valueText('notificationChannels', ['email', 'sms']), 'email, sms');
    assert.equal(valueText('notificationChannels', []), 'none');
    assert.equal(valueText('logLevels', {}), '{}');
  });
});
