import assert from 'node:assert/strict';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { pino } from 'pino';
import { type Endpoint, endpoint } from '../runtime/http/endpoint.ts';
import { createServer, serveEndpoints } from '../runtime/http/server.ts';
import { forwarding, Overloads } from './forwarding.ts';
import type { Sent, UpstreamAnswer } from './upstreams.ts';

const book = (more: Partial<Endpoint>): Endpoint =>
  endpoint({
    ...{ method: 'POST', path: '/book', summary: 'Books', tag: 'test', who: 'anyone', answers: {}, ...more },
    handle: async () => ({ status: 202 }),
  });

test('what a service said no to for all that comes is refused for it for a moment, and nothing else is', () => {
  let now = 0;
  const overloads = new Overloads(() => now);
  const full = overloads.guarded(book({ isFull: () => true }));
  const other = overloads.guarded(book({ path: '/other', isFull: () => true }));
  assert.equal(full.isFull?.(), false);
  overloads.told(full);
  assert.deepEqual([full.isFull?.(), other.isFull?.()], [true, false]);
  now = 1_000;
  assert.equal(full.isFull?.(), false);
});

test('an endpoint that never is full is served as it is', () => {
  const plain = book({});
  assert.equal(new Overloads().guarded(plain), plain);
});

/** A gateway before a service that answers as the test says. */
async function gateway(context: TestContext, send: (sent: Sent) => Promise<UpstreamAnswer>) {
  const server = createServer(pino({ level: 'silent' }));
  const doors = {
    authenticator: { authenticate: () => Promise.reject(new Error('no')) },
    admit: async () => undefined,
  };
  const upstream = { send, close: async () => undefined };
  serveEndpoints(
    server,
    [book({ idempotency: 'honoured' }), book({ path: '/sign-in-again' })],
    doors,
    forwarding(() => upstream, new Overloads()),
  );
  await server.listen({ port: 0, host: '127.0.0.1' });
  context.after(() => server.close());
  const { port } = server.server.address() as AddressInfo;
  const ask = (headers: Readonly<Record<string, string>>, path = '/book') =>
    fetch(`http://127.0.0.1:${port}/v1${path}`, { method: 'POST', headers });
  return { server, ask };
}

const answered = (status: number): UpstreamAnswer => ({ status, headers: {}, body: Buffer.from('{}') });
const untilAborted = ({ signal }: Sent) =>
  new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));

test('at its end a gateway lets nobody wait for an outcome, and answers that it was accepted', async (context) => {
  const asked: Sent[] = [];
  const first = Promise.withResolvers<void>();
  const { server, ask } = await gateway(context, (sent) => {
    asked.push(sent);
    if (!sent.headers.includes('prefer')) return Promise.resolve(answered(202));
    first.resolve();
    return untilAborted(sent);
  });
  const answer = ask({ prefer: 'wait=30', 'idempotency-key': 'one' });
  await first.promise;
  const closed = server.close();
  assert.equal((await answer).status, 202);
  await closed;
  assert.deepEqual(
    asked.map(({ headers }) => headers.includes('prefer')),
    [true, false],
  );
});

test('at its end a gateway waits for what is under way', async (context) => {
  const begun = Promise.withResolvers<void>();
  const goOn = Promise.withResolvers<void>();
  const { server, ask } = await gateway(context, async ({ signal }) => {
    begun.resolve();
    await goOn.promise;
    return answered(signal.aborted ? 500 : 200);
  });
  const answer = ask({});
  await begun.promise;
  const closed = server.close();
  goOn.resolve();
  assert.equal((await answer).status, 200);
  await closed;
});

test('a key makes a request one that may be asked again only where the service knows it by its key', async (context) => {
  const asked: Sent[] = [];
  const { ask } = await gateway(context, (sent) => {
    asked.push(sent);
    return Promise.resolve(answered(200));
  });
  await ask({ 'idempotency-key': 'one' });
  await ask({});
  await ask({ 'idempotency-key': 'one' }, '/sign-in-again');
  assert.deepEqual(
    asked.map(({ repeatable }) => repeatable),
    [true, false, false],
  );
});
