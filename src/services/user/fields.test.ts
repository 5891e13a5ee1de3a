import assert from 'node:assert/strict';
import { test } from 'node:test';
import { emailField, localeField, nameField, passwordField, phoneField, reasonField, rolesField } from './fields.ts';

test('addresses and names are tidied', () => {
  assert.equal(emailField.parse('  Ada@Example.ORG '), 'ada@example.org');
  assert.equal(nameField.parse('  Ada Lovelace '), 'Ada Lovelace');
  assert.equal(nameField.parse('Zoë 李小龙 عمر'), 'Zoë 李小龙 عمر');
});

const refused: readonly [string, { safeParse(value: unknown): { success: boolean } }, readonly unknown[]][] = [
  [
    'e-mail addresses',
    emailField,
    [
      '',
      'ada',
      'ada@',
      'a b@example.org',
      'ada@example.org\r\nBcc: x@example.org',
      `${'a'.repeat(260)}@example.org`,
      7,
    ],
  ],
  ['names', nameField, ['', '   ', 'a\u0000b', 'a\nb', 'a\u202Eb', 'a\u2066b', 'x'.repeat(121)]],
  ['phone numbers', phoneField, ['', '15551234567', '+05551234567', '+1 555 123', '+1555123456789012', 'call me']],
  ['passwords', passwordField, ['short', 'x'.repeat(129)]],
  ['language tags', localeField, ['', '!!', 'x'.repeat(40)]],
  ['roles', rolesField, [[], ['king'], ['staff', 'staff']]],
  ['reasons', reasonField, ['a\u0000b', 'a\u202Eb', 'x'.repeat(501), 'write to ada@example.org']],
];

for (const [what, field, values] of refused) {
  test(`${what} that are none are refused`, () => {
    for (const value of values) assert.equal(field.safeParse(value).success, false, JSON.stringify(value));
  });
}

test('what is good passes', () => {
  assert.equal(phoneField.parse('+15551234567'), '+15551234567');
  assert.equal(localeField.parse('de-AT'), 'de-AT');
  assert.equal(reasonField.parse('ill\nin bed'), 'ill\nin bed');
  assert.deepEqual(rolesField.parse(['customer', 'admin']), ['customer', 'admin']);
});
