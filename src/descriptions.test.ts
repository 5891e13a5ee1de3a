import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { Parser } from '@asyncapi/parser';
import { Validator } from '@seriousme/openapi-schema-validator';
import { descriptions } from './descriptions.ts';

describe('the descriptions of the outside', () => {
  for (const [file, text] of Object.entries(descriptions())) {
    it(`${file} says what the code says (if not: npm run describe)`, () => {
      assert.equal(readFileSync(new URL(`../${file}`, import.meta.url), 'utf8'), text);
    });
  }

  it('is valid OpenAPI 3.1', async () => {
    const { valid, errors } = await new Validator().validate(JSON.parse(descriptions()['docs/api/openapi.json'] ?? ''));
    assert.deepEqual(errors ?? [], []);
    assert.ok(valid);
  });

  it('is valid AsyncAPI 3', async () => {
    const diagnostics = await new Parser().validate(descriptions()['docs/api/asyncapi.json'] ?? '');
    // Severity 0 is an error; the rest is advice.
    assert.deepEqual(
      diagnostics.filter(({ severity }) => severity === 0).map(({ message, path }) => `${path.join('/')}: ${message}`),
      [],
    );
  });
});
