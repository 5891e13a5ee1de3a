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

  test('find everything they import, without a type in it', async () => {
    const found = (name: string, from: string) => {
      if (name === 'lit-html') return '/web/lib/lit-html/lit-html.js';
      if (name.startsWith('lit-html/')) return `/web/lib/${name}`;
      return new URL(name, `http://here${from}`).pathname;
    };
    const seen = new Set<string>();
    const visit = async (url: string): Promise<void> => {
      if (seen.has(url)) return;
      seen.add(url);
      const { body, headers, statusCode } = await get(url);
      assert.equal(statusCode, 200, url);
      assert.match(String(headers['content-type']), /^(text|application)\/javascript/, url);
      assert.doesNotMatch(body, /^import type |^export interface /m, url);
      for (const [, name = ''] of body.matchAll(/^import [^;]*'([^']+)';/gm)) await visit(found(name, url));
    };
    await visit('/web/main.ts');
    assert.ok(seen.size > 10);
  });

  test('are sent once: whoever has them already is told so', async () => {
    const { headers } = await get('/web/main.ts');
    const again = await get('/web/main.ts', { 'if-none-match': String(headers.etag) });
    assert.deepEqual([again.statusCode, again.body], [304, '']);
    assert.equal(headers['cache-control'], 'no-cache');
  });

  test('are nothing but the pages', async () => {
    const paths = [
      ...['/web/tsconfig.json', '/web/nothing.ts', '/web/../package.json', '/web/%2e%2e/package.json', '/web/'],
      ...['/src/contracts/rules/quote.ts', '/src/contracts/rules/../catalog.ts', '/web/lib/lit-html/package.json'],
      ...globSync('web/**/*.test.ts').map((file) => `/${file}`),
    ];
    for (const path of paths) assert.equal((await get(path)).statusCode, 404, path);
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
    assert.equal(scriptSrc?.at(-1), 'https://js.stripe.com');
    const places = ["'self'", 'https://js.stripe.com', 'https://api.stripe.com', 'https://hooks.stripe.com'];
    assert.deepEqual([connectSrc, frameSrc], [places, places]);
  });
});
