import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { z } from 'zod';
import { publication } from '../contracts/topics.ts';
import { describedEndpoints } from './endpoints.ts';

/** What holds for every schema that the outside may fill, whatever comes. */

const runs = { numRuns: Number(process.env['SCHEMA_RUNS'] ?? 200) };

/** A value of JSON with one place replaced by any other. */
function spoilt(value: unknown): fc.Arbitrary<unknown> {
  const places: (readonly (string | number)[])[] = [];
  const walk = (at: unknown, path: readonly (string | number)[]) => {
    places.push(path);
    if (Array.isArray(at)) for (const [index, each] of at.entries()) walk(each, [...path, index]);
    else if (typeof at === 'object' && at !== null)
      for (const [name, each] of Object.entries(at)) walk(each, [...path, name]);
  };
  walk(value, []);
  return fc.tuple(fc.constantFrom(...places), fc.jsonValue()).map(([path, put]) => replaced(value, path, put));
}

function replaced(value: unknown, [first, ...rest]: readonly (string | number)[], put: unknown): unknown {
  if (first === undefined) return put;
  if (Array.isArray(value)) return value.map((each, index) => (index === first ? replaced(each, rest, put) : each));
  const object = value as Record<string, unknown>;
  return { ...object, [first]: replaced(object[first], rest, put) };
}

/** Says yes or no and never throws; a no says where and why, and a yes means the same once more. */
function decides(schema: z.ZodType, value: unknown): void {
  const parsed = schema.safeParse(value);
  if (parsed.success) {
    // As it comes back from a database or a topic.
    const again = JSON.parse(JSON.stringify(parsed.data ?? null)) as unknown;
    assert.deepEqual(JSON.parse(JSON.stringify(schema.parse(again ?? undefined) ?? null)), again);
    return;
  }
  assert.ok(parsed.error.issues.length > 0);
  for (const { message } of parsed.error.issues) assert.ok(message.length > 0);
}

describe('what requests bring', () => {
  const places = describedEndpoints().flatMap(({ endpoint }) => {
    const { method, path, params, query, body, rawBody } = endpoint;
    const schemas = { params, query, ...(rawBody === true ? {} : { body }) };
    return Object.entries(schemas).flatMap(([place, schema]) =>
      schema === undefined ? [] : [{ name: `${method} ${path}: ${place}`, schema: schema as z.ZodType }],
    );
  });

  for (const { name, schema } of places) {
    it(`${name} is decided, whatever it is`, () => {
      fc.assert(
        fc.property(fc.jsonValue(), (value) => decides(schema, value)),
        runs,
      );
    });

    // What never changes says so whatever is asked of it.
    if (name !== 'PATCH /seat-plans/{seatPlanId}: body')
      it(`${name} has no field that nobody knows`, () => {
        fc.assert(
          fc.property(fc.dictionary(fc.string(), fc.jsonValue(), { minKeys: 1 }), (fields) => {
            const parsed = schema.safeParse({ ...fields, notAField: 1 });
            assert.equal(parsed.success, false);
          }),
          runs,
        );
      });
  }
});

describe('what topics bring', () => {
  const folder = new URL('../contracts/samples/', import.meta.url);
  const samples = readdirSync(folder).filter((file) => file.endsWith('.json'));
  for (const file of samples) {
    const { headers, value } = JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as {
      readonly headers: Readonly<Record<string, string>>;
      readonly value: unknown;
    };
    const schema = publication(headers['ce_type'] ?? '')?.definition.data as z.ZodType;

    it(`${file} is decided, spoilt in any place`, () => {
      fc.assert(
        fc.property(spoilt(value), (other) => decides(schema, other)),
        runs,
      );
    });
  }
});
