import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { connect } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { changeSetting } from './support/operations.ts';
import { newPerson } from './support/people.ts';
import { assertRefused, rawRequest } from './support/refusals.ts';
import { type RunningApp, runApp } from './support/servers.ts';

let running: RunningApp;
before(async () => {
  running = await runApp();
});
after(() => running.stop());

const limited = { status: 429, code: 'rate_limited' };

describe('signing in', async () => {
  await it('is refused after ten tries a minute for one address, right or wrong, known or not, and for no other', async () => {
    const known = await newPerson(running);
    for (const email of [known.email, `${randomUUID()}@example.com`]) {
      const tries = await Promise.all(
        Array.from({ length: 12 }, () => running.anyone.post('/v1/sessions', { email, password: 'wrong' })),
      );
      const refused = tries.filter(({ status }) => status === 429);
      for (const each of tries.filter(({ status }) => status !== 429)) {
        assertRefused(each, { status: 401, code: 'bad_credentials' });
      }
      // Signing in to register took one of the known address's tries.
      assert.ok(refused.length === 2 || refused.length === 3, `${refused.length} were refused`);
      for (const each of refused) {
        assertRefused(each, limited);
        const seconds = Number(each.headers.get('retry-after'));
        assert.ok(seconds >= 1 && seconds <= 60, `Retry-After: ${seconds}`);
      }
    }
    const { email, password } = known;
    assertRefused(await running.anyone.post('/v1/sessions', { email, password }), limited);
    assertRefused(await running.anyone.post('/v1/sessions', { email: email.toUpperCase(), password }), limited);
    await newPerson(running);
  });

  await it('says the same of an unknown address and of a wrong password', async () => {
    const { email } = await newPerson(running);
    const wrong = await running.anyone.post('/v1/sessions', { email, password: 'wrong' });
    const unknown = await running.anyone.post('/v1/sessions', {
      email: `${randomUUID()}@example.com`,
      password: 'wrong',
    });
    assert.equal(wrong.body['detail'], unknown.body['detail']);
    assert.deepEqual([wrong.status, wrong.body['code']], [unknown.status, unknown.body['code']]);
  });

  await it('refuses weak and huge passwords before they cost anything', async () => {
    const account = { name: 'Eve', email: `${randomUUID()}@example.com` };
    const refused = { status: 422, code: 'validation_failed', pointer: '/password' };
    for (const password of ['', 'four', 'x'.repeat(129), 'x'.repeat(50_000), 12345678, null]) {
      assertRefused(await running.anyone.post('/v1/users', { ...account, password }), refused);
    }
    assertRefused(
      await running.anyone.post('/v1/sessions', { ...account, name: undefined, password: 'x'.repeat(9_999) }),
      refused,
    );
  });

  await it('refuses names, addresses and numbers that would mislead somebody', async () => {
    const good = { name: 'Eve', email: `${randomUUID()}@example.com`, password: 'correct horse battery' };
    const rows: readonly (readonly [field: string, value: unknown])[] = [
      ['name', 'Eve\r\nBcc: all@example.com'],
      ['name', 'Eve\u202e.gpj'],
      ['name', 'x'.repeat(5_000)],
      ['name', '\u0000'],
      ['email', 'nobody'],
      ['email', 'a@b\r\nBcc: c@d.example'],
      ['email', `${'x'.repeat(250)}@example.com`],
      ['phone', '+1<script>'],
      ['phone', '0123'],
      ['locale', '../../etc'],
    ];
    for (const [field, value] of rows) {
      const answer = await running.anyone.post('/v1/users', { ...good, [field]: value });
      assertRefused(answer, { status: 422, code: 'validation_failed', pointer: `/${field}` });
    }
  });
});

describe('every answer', async () => {
  const csp = /default-src 'self'.*frame-ancestors 'none'/;
  const paths = [
    '/v1/movies',
    '/v1/nothing',
    '/v1/me',
    '/v1/movies?limit=0',
    '/openapi.json',
    '/docs/',
    '/',
    '/docs/assets/swagger-ui.css',
  ];
  for (const path of paths) {
    await it(`carries the security headers: ${path}`, async () => {
      const { headers } = await fetch(running.anyone.url + path, { redirect: 'manual' });
      assert.match(headers.get('content-security-policy') ?? '', csp);
      assert.doesNotMatch(headers.get('content-security-policy') ?? '', /unsafe-|https:|\*/);
      assert.equal(headers.get('x-content-type-options'), 'nosniff');
      assert.match(headers.get('strict-transport-security') ?? '', /max-age=\d{8}/);
      assert.equal(headers.get('referrer-policy'), 'no-referrer');
      assert.equal(headers.get('x-frame-options'), 'DENY');
      assert.equal(headers.get('x-powered-by'), null);
      assert.equal(headers.get('server'), null);
      assert.equal(headers.get('access-control-allow-origin'), null);
      assert.match(headers.get('x-request-id') ?? '', /^[0-9a-f]{32}$/);
    });
  }

  await it('with a token in it is kept by nobody', async () => {
    const { email, password } = await newPerson(running);
    const { headers } = await running.anyone.post('/v1/sessions', { email, password });
    assert.equal(headers.get('cache-control'), 'no-store');
  });
});

describe('slow clients', async () => {
  await it('that never finish their headers are sent away, and others are served meanwhile', async () => {
    const { hostname, port } = new URL(running.anyone.url);
    const begun = performance.now();
    const ends = Array.from({ length: 200 }, () => {
      const socket = connect(Number(port), hostname, () =>
        socket.write('GET /v1/movies HTTP/1.1\r\nhost: x\r\nx-slow: '),
      );
      // A byte now and then, as such clients do.
      const dripping = setInterval(() => socket.write('a'), 500);
      return new Promise<void>((resolve) => {
        socket
          .on('error', () => undefined)
          .on('close', () => {
            clearInterval(dripping);
            resolve();
          });
        socket.resume();
      });
    });
    for (let asked = 0; asked < 20; asked += 1) assert.equal((await running.anyone.get('/v1/movies')).status, 200);
    await Promise.all(ends);
    assert.ok(performance.now() - begun < 10_000, 'they were kept for too long');
  });

  await it('are told what was too slow', async () => {
    const answer = await rawRequest(running.anyone.url, 'GET /v1/movies HTTP/1.1\r\nhost: x\r\n');
    assert.match(answer, /^HTTP\/1.1 408 /);
    assert.match(answer, /"code":"request_timeout"/);
  });
});

describe('requests a minute', async () => {
  await it('are limited per user, and another user is served', async () => {
    const busy = (await newPerson(running)).client;
    const other = (await newPerson(running)).client;
    await changeSetting(running, 'rateLimitPerUser', 20);
    const answers = await Promise.all(
      Array.from({ length: 30 }, (_, n) => busy.get('/v1/me', { headers: { 'x-forwarded-for': `10.0.0.${n}` } })),
    );
    const refused = answers.filter(({ status }) => status !== 200);
    assert.equal(refused.length, 10);
    for (const each of refused) {
      assertRefused(each, limited);
      assert.ok(Number(each.headers.get('retry-after')) >= 1);
    }
    assert.equal((await other.get('/v1/me')).status, 200);
    await changeSetting(running, 'rateLimitPerUser', 3_000);
  });

  await it('are limited per address, whatever address a header claims', async () => {
    await changeSetting(running, 'rateLimitPerAddress', 1);
    for (const headers of [
      {},
      { 'x-forwarded-for': '10.1.2.3' },
      { forwarded: 'for=10.1.2.4' },
      { 'x-real-ip': '10.1.2.5' },
    ]) {
      const answer = await running.anyone.get('/v1/movies', { headers });
      assertRefused(answer, limited);
      assert.ok(Number(answer.headers.get('retry-after')) >= 1);
    }
  });
});

describe('requests that come through a balancer that is trusted', () => {
  it('are limited per address of who sent them to it, whatever else a header claims', async () => {
    const behind = await runApp({ TRUSTED_PROXIES: '127.0.0.1' });
    try {
      await changeSetting(behind, 'rateLimitPerAddress', 2);
      const from = async (claimed: string) => {
        const headers = { 'x-forwarded-for': claimed };
        return (await behind.anyone.get('/v1/movies', { headers })).status;
      };
      for (const customer of ['203.0.113.1', '203.0.113.2', '2001:db8::1'])
        assert.deepEqual([await from(customer), await from(`10.0.0.1, ${customer}`)], [200, 200]);
      assert.equal(await from('10.0.0.2, 203.0.113.1'), 429);
      // Whoever has one address of IPv6 has all of its network.
      assert.deepEqual([await from('2001:db8::2'), await from('2001:db8:0:0:a:b:c:d')], [429, 429]);
      assert.equal(await from('2001:db8:0:1::1'), 200);
      assert.equal(await from('gateway, 203.0.113.1'), 429);
      assert.deepEqual([await from('gateway'), await from('gateway'), await from('gateway')], [200, 200, 429]);
    } finally {
      await behind.stop();
    }
  });

  it('take turns to sign in with others: whoever sends hundreds from one address keeps nobody else out', async () => {
    const behind = await runApp({ TRUSTED_PROXIES: '127.0.0.1' });
    try {
      const { email, password } = await newPerson(behind);
      const from = (address: string, body: object) =>
        behind.anyone.post('/v1/sessions', body, { headers: { 'x-forwarded-for': address } });
      let answered = 0;
      // One network, with an address for each.
      const many = Array.from({ length: 200 }, async (_, number) => {
        await from(`2001:db8::${number}`, { email: `${randomUUID()}@example.com`, password: 'wrong' });
        answered += 1;
      });
      await Promise.race(many);
      const { status } = await from('203.0.113.1', { email, password });
      assert.equal(status, 200);
      assert.ok(answered < many.length / 2, `${answered} of the others were answered before`);
      await Promise.all(many);
    } finally {
      await behind.stop();
    }
  });
});
