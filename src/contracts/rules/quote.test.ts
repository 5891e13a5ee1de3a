import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newId } from '../ids.ts';
import { priceMax } from '../money.ts';
import { type Quote, readQuote, signQuote } from './quote.ts';

const secret = 'a secret of at least thirty-two characters';
const price = { amount: 1_250, currency: 'EUR' };
const quote: Quote = {
  quoteId: newId('quote'),
  showId: newId('show'),
  seats: ['A-1-1'],
  areas: [],
  items: [{ seat: 'A-1-1', priceCategory: 'stalls', price }],
  fees: [],
  total: price,
  expiresAt: '2030-01-01T00:00:00.000Z',
  rules: [{ rule: 'list_price', why: 'The list price — "as is".' }],
  rulesVersion: 0,
};

test('a quote comes back as it was signed', () => {
  assert.deepEqual(readQuote(signQuote(quote, secret), secret), quote);
});

test('a quote for many of the dearest seats is one of ours, too', () => {
  const dear: Quote = { ...quote, total: { amount: 100 * priceMax, currency: 'LBP' } };
  assert.deepEqual(readQuote(signQuote(dear, secret), secret), dear);
});

test('a quote with any other content, mac or secret is not ours', () => {
  const text = signQuote(quote, secret);
  const [payload = '', mac = ''] = text.split('.');
  const cheaper = Buffer.from(JSON.stringify({ ...quote, total: { amount: 1, currency: 'EUR' } })).toString(
    'base64url',
  );
  for (const forged of [
    `${cheaper}.${mac}`,
    `${payload}.`,
    payload,
    `.${mac}`,
    '',
    `${payload}.${mac.slice(1)}`,
    `${payload}.${payload}`,
  ]) {
    assert.equal(readQuote(forged, secret), undefined, forged.slice(0, 20));
  }
  assert.equal(readQuote(text, `${secret}!`), undefined);
  assert.equal(readQuote('a'.repeat(200_000), secret), undefined);
});

test('something else that was signed with the secret is not a quote', () => {
  const incomplete = { ...quote, showId: 'not a show' };
  assert.equal(readQuote(signQuote(incomplete, secret), secret), undefined);
});
