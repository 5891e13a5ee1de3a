import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pino } from 'pino';
import { z } from 'zod';
import { LogUnavailable } from '../log/log.ts';
import { StoreUnavailable } from '../store/store.ts';
import { Metrics } from '../telemetry/metrics.ts';
import { endpoint } from './endpoint.ts';
import { createServer, serveEndpoints } from './server.ts';

/** A server that answers with the body it understood. */
function serverTaking(body: z.ZodType) {
  const server = createServer(pino({ level: 'silent' }));
  const echo = endpoint({
    ...{ method: 'POST', path: '/echo', summary: 'Says what it heard', tag: 'test', who: 'anyone' },
    body,
    answers: { 200: { says: 'What it heard', body } },
    handle: async (call) => ({ status: 200, body: { heard: call.body } }),
  });
  serveEndpoints(server, [echo], {
    authenticator: { authenticate: () => Promise.reject(new Error('nobody signs in here')) },
    admit: () => Promise.resolve(),
  });
  const post = (payload?: string, type?: string) =>
    server.inject({
      method: 'POST',
      url: '/v1/echo',
      ...(payload === undefined ? {} : { payload }),
      ...(type === undefined ? {} : { headers: { 'content-type': type } }),
    });
  return { post };
}

const json = 'application/json';

test('no body is as good as an empty object where nothing in it is required', async () => {
  const { post } = serverTaking(z.strictObject({ reason: z.string().optional() }));
  for (const answer of [await post(), await post('', json), await post('{}', json)]) {
    assert.deepEqual([answer.statusCode, answer.json()], [200, { heard: {} }]);
  }
  assert.deepEqual((await post('{"reason":"rain"}', json)).json(), { heard: { reason: 'rain' } });
});

test('no body is malformed where something in it is required', async () => {
  const { post } = serverTaking(z.strictObject({ reason: z.string() }));
  for (const answer of [await post(), await post('', json)]) {
    assert.deepEqual([answer.statusCode, answer.json().code], [400, 'malformed_json']);
  }
});

test('a database or a log that does not answer may be asked again in a moment', async () => {
  const server = createServer(pino({ level: 'silent' }));
  const away = { '/stored': new StoreUnavailable('away'), '/logged': new LogUnavailable('away') };
  for (const [url, error] of Object.entries(away)) server.get(url, () => Promise.reject(error));
  for (const url of Object.keys(away)) {
    const answer = await server.inject({ url });
    assert.deepEqual([answer.statusCode, answer.json().code, answer.headers['retry-after']], [503, 'unavailable', '2']);
  }
});

test('a failure is told under the same id as the line that says why', async () => {
  const lines: Record<string, unknown>[] = [];
  const server = createServer(pino({}, { write: (line: string) => lines.push(JSON.parse(line)) }));
  server.get('/fails', async () => {
    throw new Error('the reason');
  });
  const traceparent = '00-af7651916cd43dd8448eb211c80319c1-b7ad6b7169203331-00';
  for (const headers of [{}, { traceparent }]) {
    const { traceId } = (await server.inject({ url: '/fails?q=1', headers })).json();
    const { msg, error, url, traceId: written } = lines.at(-1) ?? {};
    assert.deepEqual([msg, error, url, written], ['a request failed', 'the reason', '/fails', traceId]);
  }
  assert.equal(lines.at(-1)?.['traceId'], traceparent.slice(3, 35));
});

test('the log says of a path what is a word or an id, and of nothing else', async () => {
  const lines: Record<string, unknown>[] = [];
  const server = createServer(pino({}, { write: (line: string) => lines.push(JSON.parse(line)) }));
  server.get('/resets/:token', async () => Promise.reject(new Error('the reason')));
  server.get('/shows/:showId.svg', async () => Promise.reject(new Error('the reason')));
  const showId = 'shw_01a20250-9c73-72d8-baca-56680c127773';
  for (const [asked, told] of [
    ['/resets/XJV40-qQ', '/resets/*'],
    ['/resets/abc%40example.org', '/resets/*'],
    ['/resets/holdTtlMs', '/resets/holdTtlMs'],
    [`/shows/${showId}.svg`, `/shows/${showId}.svg`],
  ] as const) {
    await server.inject({ url: asked });
    assert.equal(lines.at(-1)?.['url'], told);
  }
});

test('a key is of a path, however that was written', async () => {
  const server = createServer(pino({ level: 'silent' }));
  const scopes: (string | undefined)[] = [];
  const change = endpoint({
    ...{ method: 'POST', path: '/things/{thing}', summary: 'Changes', tag: 'test', who: ['customer'] },
    params: z.strictObject({ thing: z.string() }),
    idempotency: 'required',
    answers: { 200: { says: 'Changed', body: null } },
    handle: async ({ idempotency }) => {
      scopes.push(idempotency?.scope);
      return { status: 200 };
    },
  });
  serveEndpoints(server, [change], {
    authenticator: { authenticate: async () => ({ userId: 'usr_1', roles: ['customer'], sessionId: 'ses_1' }) },
    admit: async () => undefined,
  });
  for (const url of ['/v1/things/one', '/v1/%74hings/%6Fne', '/v1/things/one?x'])
    await server.inject({ method: 'POST', url, headers: { 'idempotency-key': 'k' } });
  assert.deepEqual(scopes, Array(3).fill('usr_1 POST /v1/things/one'));
});

test('a body that is not JSON is told from one that has wrong fields and one of another type', async () => {
  const { post } = serverTaking(z.strictObject({ reason: z.string().optional() }));
  const codes = async (...sent: Parameters<typeof post>) => {
    const answer = await post(...sent);
    return [answer.statusCode, answer.json().code];
  };
  assert.deepEqual(await codes('{', json), [400, 'malformed_json']);
  assert.deepEqual(await codes('{"why":1}', json), [422, 'validation_failed']);
  assert.deepEqual(await codes('reason=rain', 'application/x-www-form-urlencoded'), [415, 'unsupported_media_type']);
});

test('where too much is under way, a request is refused before anything of it is looked at, and counted', async () => {
  const server = createServer(pino({ level: 'silent' }));
  const metrics = new Metrics();
  metrics.watch('gateway', server);
  let isFull = true;
  const book = endpoint({
    ...{ method: 'POST', path: '/book', summary: 'Books', tag: 'test', who: ['customer'] },
    answers: { 202: { says: 'Accepted', body: null } },
    isFull: () => isFull,
    handle: async () => ({ status: 202 }),
  });
  const asked: string[] = [];
  serveEndpoints(server, [book], {
    authenticator: {
      authenticate: async () => {
        asked.push('who is it');
        return { userId: 'usr_1', roles: ['customer'], sessionId: 'ses_1' };
      },
    },
    admit: async () => undefined,
  });
  const post = () =>
    server.inject({ method: 'POST', url: '/v1/book', payload: '{', headers: { 'content-type': json } });
  const refused = await post();
  assert.deepEqual(
    [refused.statusCode, refused.headers['retry-after'], refused.headers['content-type'], refused.json().code],
    [503, '1', 'application/problem+json', 'overloaded'],
  );
  assert.equal(refused.headers['x-content-type-options'], 'nosniff');
  assert.deepEqual(asked, []);
  assert.match(await metrics.registry.metrics(), /fullhouse_http_request_seconds_count\{[^}]*status="503"[^}]*\} 1\n/);
  isFull = false;
  assert.equal((await post()).statusCode, 202);
  assert.deepEqual(asked, ['who is it']);
});
