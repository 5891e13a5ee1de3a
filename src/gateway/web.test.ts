import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { globSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import Fastify, { type FastifyInstance } from 'fastify';
import { Problem } from '../runtime/http/problem.ts';
import { pagePolicy, serveWeb } from './web.ts';

describe('the pages', () => {
  let server: FastifyInstance;
  before(async () => {
    server = Fastify();
    server.setErrorHandler((error, _, reply) => reply.code(error instanceof Problem ? error.status : 500).send());
    await serveWeb(server, { payment: { provider: 'sandbox' } });
  });
  after(() => server.close());

  const get = (url: string, headers: Readonly<Record<string, string>> = {}) => server.inject({ url, headers });

  test('are one page, whatever the address', async () => {
    const { body, headers, statusCode } = await get('/');
    assert.equal(statusCode, 200);
    assert.match(String(headers['content-type']), /^text\/html/);
    for (const path of ['/shows/shw_1', '/bookings', '/bookings/bkg_1', '/account', '/console', '/console/parked'])
      assert.equal((await get(path)).body, body);
  });

  test('say to people, in a page, that there is no such address, and to programs what they say elsewhere', async () => {
    const page = await get('/no/such/page', { accept: 'text/html,*/*' });
    assert.deepEqual([page.statusCode, page.body], [404, (await get('/')).body]);
    for (const [path, accept] of [
      ['/no/such/page', '*/*'],
      ['/v1/nothing', 'text/html'],
      ['/pages/another/nothing', 'text/html'],
    ] as const) {
      const { statusCode, headers } = await get(path, { accept });
      assert.equal(statusCode, 404, path);
      assert.doesNotMatch(String(headers['content-type']), /html/, path);
    }
  });

  /** Where the module is that a page begins with. */
  const start = async () => /<script type="module" src="([^"]+)">/.exec((await get('/')).body)?.[1] ?? '';
  const preloaded = async () =>
    [...(await get('/')).body.matchAll(/rel="modulepreload" href="([^"]+)"/g)].map(([, href = '']) => href);

  test('find everything they import, without a type in it, and are told at once what they begin with', async () => {
    const lib = new URL('lib/', `http://here${await start()}`).pathname;
    const found = (name: string, from: string) => {
      if (name === 'lit-html') return `${lib}lit-html/lit-html.js`;
      return /^(lit-html|qr)\//.test(name) ? lib + name : new URL(name, `http://here${from}`).pathname;
    };
    const visit = async (url: string, seen: Set<string>, pattern: RegExp): Promise<ReadonlySet<string>> => {
      if (seen.has(url)) return seen;
      seen.add(url);
      const { body, headers, statusCode } = await get(url);
      assert.equal(statusCode, 200, url);
      assert.match(String(headers['content-type']), /^text\/javascript/, url);
      assert.doesNotMatch(body, /^import type |^export interface /m, url);
      for (const [, name = ''] of body.matchAll(pattern)) await visit(found(name, url), seen, pattern);
      return seen;
    };
    const atOnce = await visit(await start(), new Set(), /^import [^;]*'([^']+)';/gm);
    assert.deepEqual((await preloaded()).sort(), [...atOnce].sort());
    const all = await visit(await start(), new Set(), /(?:^import [^;]*? from |import\()'([^']+)'/gm);
    assert.ok([...all].some((each) => each.includes('/console/')));
    assert.ok(![...atOnce].some((each) => each.includes('/console/')));
  });

  test('are asked for once: what has an address never changes', async () => {
    const address = await start();
    assert.equal((await get(address)).headers['cache-control'], 'public, max-age=31536000, immutable');
    const { headers } = await get('/');
    assert.equal(headers['cache-control'], 'no-cache');
    const again = await get('/', { 'if-none-match': String(headers.etag) });
    assert.deepEqual([again.statusCode, again.body], [304, '']);
  });

  test('of another version are ours, for now: an upgrade goes on while people look at them', async () => {
    const other = (await start()).replace(/^\/pages\/[^/]+/, '/pages/another');
    const { body, headers } = await get(other);
    assert.equal(headers['cache-control'], 'no-store');
    assert.equal(body, (await get(await start())).body);
  });

  test('are nothing but the pages', async () => {
    const below = (await start()).replace('web/main.ts', '');
    const paths = [
      ...['web/tsconfig.json', 'web/index.html', 'web/nothing.ts', 'package.json', '%2e%2e/package.json', 'web/', ''],
      ...['src/contracts/rules/quote.ts', 'src/contracts/catalog.ts', 'web/lib/lit-html/package.json', '__proto__'],
      ...['web/../../package.json', 'web/%2e%2e/%2e%2e/package.json', 'node_modules/lit-html/lit-html.js'],
      ...globSync('web/**/*.test.ts'),
    ];
    for (const path of paths) assert.equal((await get(below + path)).statusCode, 404, path);
  });

  test('have one script of their own, which the policy knows by its hash', async () => {
    const { body } = await get('/');
    const scripts = [...body.matchAll(/<script(?![^>]* src=)[^>]*>([^<]*)<\/script>/g)].map(
      ([, script = '']) => script,
    );
    assert.equal(scripts.length, 1);
    const hash = createHash('sha256')
      .update(scripts[0] ?? '')
      .digest('base64');
    const own = { scriptSrc: ["'self'", `'sha256-${hash}'`], connectSrc: ["'self'"], frameSrc: ["'self'"] };
    assert.deepEqual(pagePolicy({ payment: { provider: 'sandbox' } }), own);
    assert.doesNotMatch(body, / style=| on\w+=/);
  });

  test('have no camera but at the door', async () => {
    const policyOf = async (path: string) => String((await get(path)).headers['permissions-policy']);
    assert.equal(await policyOf('/console/door'), 'camera=(self), microphone=(), geolocation=()');
    assert.equal(await policyOf('/console/door?gate=1'), 'camera=(self), microphone=(), geolocation=()');
    for (const path of ['/', '/console', '/console/parked', '/console/door/1', '/tickets/tkt_1'])
      assert.equal(await policyOf(path), 'camera=(), microphone=(), geolocation=()', path);
  });

  test('may ask where people sign in, once they are known there', () => {
    const payment = { provider: 'sandbox' } as const;
    const signIn = { issuer: 'https://sign-in.example/realms/a', audience: 'fullhouse-api' };
    assert.deepEqual(pagePolicy({ payment, signIn })['connectSrc'], ["'self'"]);
    const { connectSrc } = pagePolicy({ payment, signIn: { ...signIn, clientId: 'pages' } });
    assert.deepEqual(connectSrc, ["'self'", 'https://sign-in.example']);
  });

  test('may load the library of Stripe and show its frames, where Stripe takes the money', () => {
    const script = 'https://js.stripe.com/v3/';
    const { scriptSrc, connectSrc, frameSrc } = pagePolicy({ payment: { provider: 'stripe', script } });
    // As https://docs.stripe.com/security/guide#content-security-policy asks for.
    const library = ['https://js.stripe.com', 'https://*.js.stripe.com'];
    assert.deepEqual(scriptSrc?.slice(-2), library);
    const places = ["'self'", ...library, 'https://api.stripe.com', 'https://hooks.stripe.com'];
    assert.deepEqual([connectSrc, frameSrc], [places, places]);
  });
});
