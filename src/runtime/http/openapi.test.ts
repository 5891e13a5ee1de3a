import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { type Endpoint, endpoint } from './endpoint.ts';
import { openApiOf } from './openapi.ts';

const described = {
  path: '/things',
  summary: 'A thing',
  tag: 'test',
  who: ['customer'] as const,
  answers: { 200: { says: 'Done', body: null } },
  handle: async () => ({ status: 200, body: undefined }),
};

/** The statuses that the description of one endpoint names. */
function statusesOf(one: Endpoint): readonly string[] {
  const { paths } = openApiOf([one], { title: 'Things', version: '1', description: 'Things' });
  const [operation] = Object.values(paths['/v1/things'] ?? {}) as { responses: object }[];
  return Object.keys(operation?.responses ?? {});
}

test('a list says that its query may be refused', () => {
  const list = endpoint({ ...described, method: 'GET', query: z.strictObject({ limit: z.int().optional() }) });
  assert.deepEqual(statusesOf(list), ['200', '401', '403', '422', '429', '503']);
});

test('a write without a body says that a wrong body and a wrong key are refused', () => {
  const write = endpoint({ ...described, method: 'POST', idempotency: 'honoured' });
  assert.deepEqual(statusesOf(write), ['200', '400', '401', '403', '409', '413', '415', '422', '429', '503']);
});
