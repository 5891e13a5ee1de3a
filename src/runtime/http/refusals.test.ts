import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { pino } from 'pino';
import { z } from 'zod';
import { QueueFull } from '../batcher.ts';
import type { Idempotency } from '../service-runtime.ts';
import { StoreUnavailable } from '../store/store.ts';
import { endpoint } from './endpoint.ts';
import { Problem } from './problem.ts';
import { bodyBytesMax, createServer, serveEndpoints } from './server.ts';

interface Seen {
  idempotency: Idempotency | undefined;
  waitMs: number;
}

/** A server with one resource; what its handler does is for the test to say. */
function aServer(handle: () => Promise<void> = async () => {}) {
  const lines: string[] = [];
  const seen: Seen[] = [];
  const server = createServer(pino({ level: 'error' }, { write: (line: string) => void lines.push(line) }));
  const described = {
    summary: 'A thing',
    tag: 'test',
    who: ['customer'] as const,
    answers: { 200: { says: 'Done', body: null } },
  };
  const answer = async (call: { readonly idempotency: Idempotency | undefined; readonly waitMs: number }) => {
    seen.push({ idempotency: call.idempotency, waitMs: call.waitMs });
    await handle();
    return { status: 200, body: { ok: true } };
  };
  const params = z.object({ thingId: z.string().regex(/^thg_\d+$/) });
  const paid = z.discriminatedUnion('method', [
    z.strictObject({ method: z.literal('card') }),
    z.strictObject({ method: z.literal('cash') }),
  ]);
  const body = z.strictObject({
    name: z.string(),
    'a/b': z.int().optional(),
    deep: z.unknown().optional(),
    few: z.array(z.string()).min(1).optional(),
    kind: z.enum(['a', 'b']).optional(),
    paid: paid.optional(),
  });
  serveEndpoints(
    server,
    [
      endpoint({
        ...described,
        method: 'GET',
        path: '/things/{thingId}',
        params,
        query: z.strictObject({ limit: z.coerce.number().max(9).optional() }),
        handle: answer,
      }),
      endpoint({ ...described, method: 'POST', path: '/things', body, idempotency: 'required', handle: answer }),
      endpoint({
        ...described,
        method: 'PUT',
        path: '/things/{thingId}',
        params,
        body,
        idempotency: 'honoured',
        handle: answer,
      }),
      endpoint({ ...described, method: 'DELETE', path: '/things/{thingId}', params, who: ['admin'], handle: answer }),
    ],
    {
      authenticator: {
        authenticate: async (authorization) => {
          if (authorization === undefined) throw new Problem('unauthenticated', 'Sign in.');
          return { userId: 'usr_1', sessionId: 'ses_1', roles: ['customer'] };
        },
      },
      admit: async () => {},
    },
  );
  const headers = { authorization: 'Bearer x', 'content-type': 'application/json', 'idempotency-key': 'key' };
  const send = async (
    method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
    url: string,
    more: { payload?: string | Buffer; headers?: Record<string, string | undefined> } = {},
  ) => {
    const all = Object.entries({ ...headers, ...more.headers }).filter(
      (entry): entry is [string, string] => entry[1] !== undefined,
    );
    const answered = await server.inject({
      method,
      url,
      headers: Object.fromEntries(all),
      ...(more.payload === undefined ? {} : { payload: more.payload }),
    });
    return { status: answered.statusCode, headers: answered.headers, body: answered.json<Record<string, unknown>>() };
  };
  const post = (payload: string | Buffer, more: Record<string, string | undefined> = {}) =>
    send('POST', '/v1/things', { payload, headers: more });
  return { send, post, seen, lines };
}
const good = '{"name":"a"}';
const codeOf = ({ status, body }: { status: number; body: Record<string, unknown> }) => [status, body['code']];

describe('a refusal', () => {
  test('is a problem with type, title, status, detail, instance, code and trace', async () => {
    const { send } = aServer();
    const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;
    const { status, headers, body } = await send('GET', '/v1/things/nothing?limit=1', { headers: { traceparent } });
    assert.equal(status, 404);
    assert.match(String(headers['content-type']), /^application\/problem\+json/);
    assert.deepEqual(
      [body['status'], body['code'], body['instance'], body['traceId']],
      [404, 'not_found', '/v1/things/nothing', 'a'.repeat(32)],
    );
    assert.ok(['type', 'title', 'detail'].every((name) => typeof body[name] === 'string'));
  });
});

describe('a body', () => {
  test('that is no JSON is malformed', async () => {
    const { post } = aServer();
    for (const body of ['', '{', '{"name":"a"}}', "{'name':'a'}", 'NaN', '\ufeff{"name":"a"}x'])
      assert.deepEqual(codeOf(await post(body)), [400, 'malformed_json'], body);
  });

  test('that is not UTF-8 is malformed', async () => {
    const { post } = aServer();
    assert.deepEqual(codeOf(await post(Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d]))), [
      400,
      'malformed_json',
    ]);
  });

  test('may be nested so deeply that it fills its limit, and is answered all the same', async () => {
    const { post } = aServer();
    const depth = Math.floor((bodyBytesMax - 30) / 2);
    const nested = `{"name":"a","deep":${'['.repeat(depth)}${']'.repeat(depth)}}`;
    assert.ok([200, 400, 422].includes((await post(nested)).status));
    assert.deepEqual(codeOf(await post('['.repeat(bodyBytesMax - 1))), [400, 'malformed_json']);
  });

  test('with text that cannot be kept is refused by the field', async () => {
    const { post } = aServer();
    for (const text of ['a\\u0000b', '\\ud800'])
      assert.deepEqual(codeOf(await post(`{"name":"${text}"}`)), [422, 'validation_failed'], text);
  });

  test('with unknown and wrong fields is told each of them by its pointer', async () => {
    const { post } = aServer();
    const answer = await post('{"name":1,"a/b":"x","extra":true}');
    assert.deepEqual(codeOf(answer), [422, 'validation_failed']);
    const errors = answer.body['errors'] as { pointer: string; code: string }[];
    assert.deepEqual(errors.map((error) => error.pointer).sort(), ['/a~1b', '/extra', '/name']);
    assert.equal(errors.find((error) => error.pointer === '/extra')?.code, 'unknown_field');
  });

  test('is told what to send in words of its own, and as a whole by the empty pointer', async () => {
    const { post } = aServer();
    const said = async (body: string) =>
      ((await post(body)).body['errors'] as { pointer: string; message: string }[]).map(
        ({ pointer, message }) => `${pointer} ${message}`,
      );
    assert.deepEqual(await said('{}'), ['/name is missing; give a text']);
    assert.deepEqual(await said('{"name":1,"a/b":1.5}'), ['/name must be a text', '/a~1b must be a whole number']);
    assert.deepEqual(await said('{"name":"a","few":[],"kind":"x","paid":{"method":"shells"}}'), [
      '/few must have at least 1 item',
      '/kind must be one of "a", "b"',
      '/paid/method must be one of "card", "cash"',
    ]);
    assert.deepEqual(await said('[]'), [' must be an object']);
    assert.equal((await post('[]')).body['detail'], 'The body must be an object');
  });

  test('that tries to change what all objects share changes nothing', async () => {
    const { post } = aServer();
    await post('{"name":"a","__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}');
    assert.equal(({} as Record<string, unknown>)['polluted'], undefined);
  });

  test('larger than its limit is too large', async () => {
    const { post } = aServer();
    assert.deepEqual(codeOf(await post(`{"name":"${'x'.repeat(bodyBytesMax)}"}`)), [413, 'payload_too_large']);
  });

  test('of another media type is not taken', async () => {
    const { post } = aServer();
    for (const type of ['text/plain', 'application/xml', 'multipart/form-data; boundary=x']) {
      assert.deepEqual(codeOf(await post(good, { 'content-type': type })), [415, 'unsupported_media_type'], type);
    }
    assert.equal((await post(good, { 'content-type': 'application/json; charset=utf-8' })).status, 200);
  });

  test('that is encoded is not taken for JSON that is broken', async () => {
    const { post } = aServer();
    const packed = await post(gzipSync(good), { 'content-encoding': 'gzip' });
    assert.deepEqual(codeOf(packed), [415, 'unsupported_media_type']);
    assert.equal((await post(good, { 'content-encoding': 'Identity' })).status, 200);
  });
});

describe('a path', () => {
  test('nobody serves is not found', async () => {
    const { send } = aServer();
    for (const url of ['/', '/v1', '/v1/nothing', '/v2/things/thg_1', '/v1/things/thg_1/more'])
      assert.deepEqual(codeOf(await send('GET', url)), [404, 'not_found'], url);
  });

  test('with an id that cannot be one is not found', async () => {
    const { send } = aServer();
    for (const id of ['x', '..%2f..%2fetc', 'thg_1%00', 'x'.repeat(150)])
      assert.deepEqual(codeOf(await send('GET', `/v1/things/${id}`)), [404, 'not_found'], id);
  });

  test('that does not take a method says which it takes', async () => {
    const { send } = aServer();
    const answer = await send('PATCH', '/v1/things/thg_1');
    assert.deepEqual(codeOf(answer), [405, 'method_not_allowed']);
    const allowed = String(answer.headers['allow']).split(', ');
    assert.ok(['GET', 'PUT', 'DELETE'].every((method) => allowed.includes(method)) && !allowed.includes('PATCH'));
    assert.ok(String((await send('GET', '/v1/things')).headers['allow']).includes('POST'));
  });

  test('with a query that is unknown or out of bounds is told so', async () => {
    const { send } = aServer();
    for (const query of ['limit=10', 'limit=x', 'more=1'])
      assert.deepEqual(codeOf(await send('GET', `/v1/things/thg_1?${query}`)), [422, 'validation_failed'], query);
  });
});

describe('an Idempotency-Key', () => {
  test('is missed where it is required, and not where it is honoured', async () => {
    const { send, post, seen } = aServer();
    for (const none of [undefined, ''])
      assert.deepEqual(codeOf(await post(good, { 'idempotency-key': none })), [400, 'idempotency_key_missing']);
    assert.equal(
      (await send('PUT', '/v1/things/thg_1', { payload: good, headers: { 'idempotency-key': undefined } })).status,
      200,
    );
    assert.equal(seen[0]?.idempotency, undefined);
  });

  test('has 1 to 200 printable characters', async () => {
    const { post } = aServer();
    for (const key of ['x'.repeat(201), 'schlüssel', 'a\tb'])
      assert.deepEqual(codeOf(await post(good, { 'idempotency-key': key })), [400, 'idempotency_key_invalid'], key);
    for (const key of ['x', 'x'.repeat(200), 'with a space ~'])
      assert.equal((await post(good, { 'idempotency-key': key })).status, 200, key);
  });

  test('belongs to the user and the route, and knows the body it came with', async () => {
    const { post, send, seen } = aServer();
    await post(good);
    await post(good);
    await post('{"name":"b"}');
    await send('PUT', '/v1/things/thg_1?limit=1', { payload: good });
    const [first, second, other, elsewhere] = seen.map((each) => each.idempotency);
    assert.deepEqual(first, second);
    assert.equal(first?.scope, 'usr_1 POST /v1/things');
    assert.notEqual(first?.bodyHash, other?.bodyHash);
    assert.equal(elsewhere?.scope, 'usr_1 PUT /v1/things/thg_1');
  });
});

describe('Prefer: wait', () => {
  const cases = {
    'wait=5': 5_000,
    'respond-async, wait=10': 10_000,
    'Wait=4': 4_000,
    'wait="3"': 3_000,
    'wait="3': 0,
    'wait=0': 0,
    'wait=9999': 30_000,
    'wait=-1': 0,
    'wait=x': 0,
    'await=5': 0,
    'wait=5s': 0,
    '': 0,
  };
  for (const [prefer, waitMs] of Object.entries(cases)) {
    test(`"${prefer}" waits ${waitMs} ms`, async () => {
      const { send, seen } = aServer();
      await send('GET', '/v1/things/thg_1', { headers: { prefer } });
      assert.equal(seen[0]?.waitMs, waitMs);
    });
  }
});

describe('who asks', () => {
  test('must be known, and have the role', async () => {
    const { send } = aServer();
    const unknown = await send('GET', '/v1/things/thg_1', { headers: { authorization: undefined } });
    assert.deepEqual([codeOf(unknown), unknown.headers['www-authenticate']], [[401, 'unauthenticated'], 'Bearer']);
    assert.deepEqual(codeOf(await send('DELETE', '/v1/things/thg_1', { headers: { 'content-type': undefined } })), [
      403,
      'forbidden',
    ]);
  });
});

describe('a part that fails', () => {
  test('is 503 and when to come back, where it is a database or a queue', async () => {
    for (const error of [new StoreUnavailable('secret address'), new QueueFull('full')]) {
      const { send } = aServer(() => Promise.reject(error));
      const answer = await send('GET', '/v1/things/thg_1');
      assert.equal(answer.status, 503);
      assert.ok(Number(answer.headers['retry-after']) > 0);
      assert.ok(!JSON.stringify(answer.body).includes('secret'));
    }
  });

  test('is 500 without a word of what it was, which is in the log', async () => {
    const { send, lines } = aServer(() => Promise.reject(new Error('the secret of the house')));
    const answer = await send('GET', '/v1/things/thg_1');
    assert.deepEqual(codeOf(answer), [500, 'internal']);
    assert.ok(!JSON.stringify(answer.body).includes('secret'));
    assert.match(lines.join(''), /the secret of the house/);
  });
});
