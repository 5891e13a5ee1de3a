import assert from 'node:assert/strict';
import { test } from 'node:test';
import { greeting } from './greeting.ts';

test('a letter begins with the name of who reads it, where that is known', () => {
  for (const name of [
    'Ada Lovelace',
    'J.R.R. Tolkien',
    'St. John',
    "O'Neil",
    'Martin Luther King, Jr.',
    '王小明',
    'Nr. 5',
  ])
    assert.equal(greeting(name), `Hello ${name},`);
  for (const name of [undefined, '', ' \n ']) assert.equal(greeting(name), 'Hello,');
});

test('a name breaks no line, and is not endless', () => {
  assert.match(greeting(`Eve\r\n\u2028Pay here${'!'.repeat(200)}`), /^Hello Eve Pay here!{60,80},$/);
});

test('a name that leads somewhere is not repeated', () => {
  const names = [
    'Win at https://evil.example/x',
    'evil.example',
    'www.evil.example now',
    'call tel:1',
    'a@b',
    'пример.рф',
  ];
  for (const name of names) assert.equal(greeting(name), 'Hello,', name);
});
