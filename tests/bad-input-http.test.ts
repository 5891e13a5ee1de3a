import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import type { Client } from './support/client.ts';
import { newPerson } from './support/people.ts';
import { assertRefused, quiet, rawRequest, rowCounts } from './support/refusals.ts';
import { type RunningApp, runApp } from './support/servers.ts';
import { buildVenue, openShow } from './support/venue.ts';

let running: RunningApp;
let buyer: Client;
let counts: Readonly<Record<string, number>>;

before(async () => {
  running = await runApp();
  buyer = (await newPerson(running)).client;
  await openShow(running.admin, await buildVenue(running.admin));
  await quiet(running);
  counts = await rowCounts(running);
});
after(async () => {
  assert.deepEqual(await rowCounts(running), counts, 'what was refused left something behind');
  await running.stop();
});

const noId = 'bkg_00000000-0000-7000-8000-000000000000';
const cursorOf = (...key: unknown[]) => Buffer.from(JSON.stringify(key)).toString('base64url');

describe('lists refuse what is no page', async () => {
  const rows: readonly (readonly [query: string, pointer: string])[] = [
    ['/movies?limit=0', '/query/limit'],
    ['/movies?limit=-1', '/query/limit'],
    ['/movies?limit=101', '/query/limit'],
    ['/movies?limit=1000000', '/query/limit'],
    ['/movies?limit=1.5', '/query/limit'],
    ['/movies?limit=ten', '/query/limit'],
    ['/movies?limit=1&limit=2', '/query/limit'],
    ['/movies?cursor=garbage', '/query/cursor'],
    ['/movies?cursor=%F0%9F%92%BA', '/query/cursor'],
    [`/movies?cursor=${'x'.repeat(1_001)}`, '/query/cursor'],
    [`/movies?cursor=${cursorOf('only one')}`, '/query/cursor'],
    [`/movies?cursor=${cursorOf({}, [])}`, '/query/cursor'],
    [`/movies?cursor=${cursorOf('a\u0000', 'b')}`, '/query/cursor'],
    [`/screens?cursor=${cursorOf('thr', 'not a number')}`, '/query/cursor'],
    [`/shows?cursor=${cursorOf('yesterday', 'x')}`, '/query/cursor'],
    [`/shows?cursor=${cursorOf('0000-01-01T00:00:00.000Z', 'x')}`, '/query/cursor'],
    [`/shows?cursor=${cursorOf('2026-02-31T00:00:00.000Z', 'x')}`, '/query/cursor'],
    ...['/ops/unsettled', '/ops/payments', '/ops/messages'].map(
      (path) => [`${path}?cursor=${cursorOf('0000-01-01T00:00:00.000Z', 'x')}`, '/query/cursor'] as const,
    ),
    ['/movies?sort=password', '/query/sort'],
    ['/movies?q=', '/query/q'],
    ['/movies?q=%00', '/query/q'],
    ['/movies?__proto__=1', '/query/__proto__'],
    ['/shows?movieId=1', '/query/movieId'],
    ['/shows?from=tomorrow', '/query/from'],
    ['/shows?from=2026-13-01T00:00:00Z', '/query/from'],
    ['/shows?from=0000-01-01T00:00:00Z', '/query/from'],
    ['/shows?to=0000-12-31T23:59:59%2B23:59', '/query/to'],
    ['/bookings?limit=0', '/query/limit'],
    [`/bookings?cursor=${cursorOf('a\u0000')}`, '/query/cursor'],
    ['/bookings?email=nobody', '/query/email'],
  ];
  for (const [query, pointer] of rows) {
    await it(`GET /v1${query.slice(0, 60)}`, async () => {
      const client = query.startsWith('/ops') ? running.admin : buyer;
      assertRefused(await client.get(`/v1${query}`), { status: 422, code: 'validation_failed', pointer });
    });
  }
});

describe('paths that lead nowhere', async () => {
  const rows: readonly (readonly [path: string, status: number])[] = [
    ['/v1/nothing', 404],
    ['/v2/movies', 404],
    ['/v1', 404],
    ['/v1/../package.json', 404],
    ['/docs/assets/../../../../etc/passwd', 404],
    ['/docs/assets/..%2f..%2f..%2fpackage.json', 404],
    ['/docs/assets/%2e%2e/%2e%2e/package.json', 404],
    ['/docs/assets/%252e%252e%252fpackage.json', 404],
    ['/docs/assets/package.json', 404],
    ['/docs/assets/swagger-ui.css%00.js', 404],
    ['/v1/movies/%00', 404],
    ['/v1/bookings/..%2f..%2fetc%2fpasswd', 404],
    [`/v1/bookings/${noId}%00`, 404],
    [`/v1/bookings/${noId}'--`, 404],
    [`/v1/bookings/${'b'.repeat(201)}`, 404],
    [`/v1/bookings/${noId.toUpperCase()}`, 404],
    [`/v1/bookings/${noId}/`, 404],
    [`/v1/tickets/${noId}`, 404],
    ['/v1/tickets/.svg', 404],
    ['/v1/settings/__proto__', 404],
    ['/v1/settings/constructor', 404],
    ['/v1/movies/%zz', 400],
    ['/v1/movies/%c3%28', 400],
  ];
  for (const [path, status] of rows) {
    await it(`GET ${path.slice(0, 60)} is ${status}`, async () => {
      const admin = path.includes('settings') ? running.admin : buyer;
      const answer = await rawRequest(
        running.anyone.url,
        `GET ${path} HTTP/1.1\r\nhost: fullhouse\r\nauthorization: Bearer ${admin.token}\r\nconnection: close\r\n\r\n`,
      );
      assertRawProblem(answer, status, status === 404 ? 'not_found' : 'bad_request');
    });
  }
});

/** Problem details, and the security headers, of an answer as it came over the wire. */
function assertRawProblem(answer: string, status: number, code: string): void {
  const [head = '', body = ''] = answer.split('\r\n\r\n');
  assert.ok(head.startsWith(`HTTP/1.1 ${status} `), answer);
  assert.match(head, /content-type: application\/problem\+json/i);
  assert.match(head, /x-content-type-options: nosniff/i);
  assert.match(head, /content-security-policy: [^\r]*frame-ancestors 'none'/i);
  const problem = JSON.parse(body) as Record<string, unknown>;
  assert.equal(problem['code'], code, body);
  assert.match(String(problem['traceId']), /^[0-9a-f]{32}$/, body);
  assert.ok(String(problem['detail']).length > 10, body);
}

describe('methods that a path does not take', async () => {
  const rows: readonly (readonly [method: string, path: string, allow: readonly string[]])[] = [
    ['DELETE', '/v1/bookings', ['GET', 'POST']],
    ['PATCH', `/v1/bookings/${noId}`, ['GET']],
    ['PUT', '/v1/movies', ['GET', 'POST']],
    ['POST', '/v1/me', ['GET', 'PATCH', 'DELETE']],
    ['GET', '/v1/sessions', ['POST', 'DELETE']],
    ['GET', '/v1/check-ins', ['POST']],
    ['OPTIONS', '/v1/bookings', ['GET', 'POST']],
    ['TRACE', '/v1/bookings', ['GET', 'POST']],
    ['PROPFIND', '/v1/bookings', ['GET', 'POST']],
    ['POST', '/openapi.json', ['GET']],
  ];
  for (const [method, path, allow] of rows) {
    await it(`${method} ${path}`, async () => {
      const answer = await rawRequest(
        running.anyone.url,
        `${method} ${path} HTTP/1.1\r\nhost: fullhouse\r\nconnection: close\r\n\r\n`,
      );
      assertRawProblem(answer, 405, 'method_not_allowed');
      const allowed = /\r\nallow: ([^\r]*)/i.exec(answer)?.[1]?.split(', ') ?? [];
      assert.deepEqual(new Set(allowed.filter((each) => each !== 'HEAD')), new Set(allow), answer);
    });
  }

  await it('a method that HTTP does not know', async () => {
    const answer = await rawRequest(running.anyone.url, 'BOOK /v1/bookings HTTP/1.1\r\nhost: fullhouse\r\n\r\n');
    assertRawProblem(answer, 400, 'bad_request');
  });
});

describe('requests that are ambiguous or too large', async () => {
  const post = 'POST /v1/bookings HTTP/1.1\r\nhost: fullhouse\r\ncontent-type: application/json\r\n';
  const rows: readonly (readonly [name: string, bytes: string, status: number, code: string])[] = [
    [
      'both Content-Length and Transfer-Encoding',
      `${post}content-length: 4\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n`,
      400,
      'bad_request',
    ],
    ['two lengths', `${post}content-length: 2\r\ncontent-length: 3\r\n\r\n{}`, 400, 'bad_request'],
    ['a length below zero', `${post}content-length: -1\r\n\r\n`, 400, 'bad_request'],
    ['a chunk of no length', `${post}transfer-encoding: chunked\r\n\r\nzz\r\n{}\r\n`, 400, 'bad_request'],
    ['no host', 'GET /v1/movies HTTP/1.1\r\n\r\n', 400, 'bad_request'],
    ['a header with a line break in it', `${post}x: a\rb\r\n\r\n`, 400, 'bad_request'],
    ['no HTTP at all', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc', 400, 'bad_request'],
    ['a header of 20,000 letters', `${post}x: ${'x'.repeat(20_000)}\r\n\r\n`, 431, 'header_fields_too_large'],
    ['a path of 20,000 letters', `GET /v1/${'x'.repeat(20_000)} HTTP/1.1\r\n\r\n`, 431, 'header_fields_too_large'],
    [
      'two hundred short headers',
      `${post}${Array.from({ length: 200 }, (_, n) => `x-${n}: ${n}\r\n`).join('')}\r\n`,
      431,
      'header_fields_too_large',
    ],
    [
      'a thousand headers',
      `${post}${Array.from({ length: 1_000 }, (_, n) => `x-header-${n}: ${n}\r\n`).join('')}\r\n`,
      431,
      'header_fields_too_large',
    ],
  ];
  for (const [name, bytes, status, code] of rows) {
    await it(`refuses ${name} and closes the connection`, async () => {
      assertRawProblem(await rawRequest(running.anyone.url, bytes), status, code);
    });
  }

  await it('goes on serving everybody else', async () => {
    assert.equal((await buyer.get('/v1/movies')).status, 200);
  });
});

describe('headers that ask for something', async () => {
  const waits: readonly string[] = ['wait=-1', 'wait=x', 'wait=99999', 'wait=0', 'respond-async', 'wait'];
  for (const prefer of waits) {
    await it(`does not wait long for Prefer: ${prefer}`, async () => {
      const answer = await buyer.get(`/v1/bookings/${noId}`, { headers: { prefer } });
      assertRefused(answer, { status: 404, code: 'not_found' });
    });
  }
  await it('makes a trace of its own where the one that came is none', async () => {
    const answer = await buyer.get(`/v1/bookings/${noId}`, { headers: { traceparent: randomUUID() } });
    assertRefused(answer, { status: 404, code: 'not_found' });
    const traceId = 'a'.repeat(32);
    const told = await buyer.get(`/v1/bookings/${noId}`, {
      headers: { traceparent: `00-${traceId}-${'b'.repeat(16)}-01` },
    });
    assert.equal(told.body['traceId'], traceId);
  });
});
