import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { finished } from 'node:stream/promises';
import { describe, type TestContext, test } from 'node:test';
import { Problem } from '../runtime/http/problem.ts';
import { createLogger } from '../runtime/logger.ts';
import { createUpstream, type Places, type Sent, type Upstream } from './upstreams.ts';

interface Service {
  readonly url: string;
  readonly asked: string[];
  stop(): Promise<void>;
}

async function service(
  context: TestContext,
  answer: (request: IncomingMessage, response: ServerResponse) => void,
  port = 0,
): Promise<Service> {
  const asked: string[] = [];
  const server: Server = createServer((request, response) => {
    asked.push(request.method ?? '');
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const stop = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  context.after(stop);
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked, stop };
}

const fine = (_: IncomingMessage, response: ServerResponse) => void response.end('fine');
/** Takes the request and says nothing: nobody knows what was done. */
const cut = (request: IncomingMessage) => void request.socket.destroy();

function upstreamTo(context: TestContext, ...services: readonly Service[]): Upstream {
  return limitedTo(context, services);
}

function limitedTo(context: TestContext, services: readonly Service[], places?: Places): Upstream {
  const urls = services.map(({ url }) => url);
  const upstream = createUpstream('pricing', urls, { logger: createLogger('silent'), ...(places && { places }) });
  context.after(() => upstream.close());
  return upstream;
}

const sent = (more: Partial<Sent> = {}): Sent => ({
  method: 'POST',
  path: '/v1/bookings',
  headers: ['content-type', 'application/json'],
  body: Buffer.from('{}'),
  repeatable: false,
  answerWithinMs: 5_000,
  usuallyWithinMs: 1_000,
  isStream: false,
  signal: new AbortController().signal,
  ...more,
});

const unavailable = (error: unknown) => error instanceof Problem && error.code === 'unavailable';

describe('the HTTP side of a service', () => {
  test('is asked at another address when the first one is not there, whatever is asked', async (context) => {
    const [gone, there] = [await service(context, fine), await service(context, fine)];
    await gone.stop();
    const upstream = upstreamTo(context, gone, there);
    for (let requests = 0; requests < 4; requests += 1) {
      const { status, body } = await upstream.send(sent());
      assert.deepEqual([status, String(body)], [200, 'fine']);
    }
    assert.equal(there.asked.length, 4);
  });

  test('is asked at the other address by each of many who come at the same time', async (context) => {
    const [gone, there] = [await service(context, fine), await service(context, fine)];
    await gone.stop();
    const upstream = upstreamTo(context, gone, there);
    const answers = await Promise.all(Array.from({ length: 7 }, () => upstream.send(sent())));
    for (const { status, body } of answers) assert.deepEqual([status, String(body)], [200, 'fine']);
  });

  test('is asked again after a cut for what may be done twice', async (context) => {
    const services = [await service(context, cut), await service(context, fine)];
    const upstream = upstreamTo(context, ...services);
    for (let requests = 0; requests < 2; requests += 1)
      assert.equal((await upstream.send(sent({ repeatable: true }))).status, 200);
    assert.deepEqual(
      services.map(({ asked }) => asked.length),
      [1, 2],
    );
  });

  test('is asked again after a short answer was cut, and a long one comes as it is read', async (context) => {
    const halved = (_: IncomingMessage, response: ServerResponse) => {
      response.writeHead(200, { 'content-length': 4 }).write('fi', () => response.destroy());
    };
    const long = 'x'.repeat(100_000);
    const services = [await service(context, halved), await service(context, (_, response) => void response.end(long))];
    const upstream = upstreamTo(context, ...services);
    for (let requests = 0; requests < 2; requests += 1) {
      const { body } = await upstream.send(sent({ repeatable: true }));
      assert.equal(Buffer.isBuffer(body) ? body.toString() : await text(body), long);
    }
    assert.deepEqual(
      services.map(({ asked }) => asked.length),
      [1, 2],
    );
  });

  test('is asked elsewhere where it says nothing, and last from then on, until it is there again', async (context) => {
    let frozen = true;
    const held: ServerResponse[] = [];
    const freezing = (_: IncomingMessage, response: ServerResponse) => {
      if (frozen) held.push(response);
      else response.end('fine');
    };
    const [silent, there] = [await service(context, freezing), await service(context, fine)];
    const upstream = upstreamTo(context, there, silent);
    const asked = () => silent.asked.filter((method) => method === 'POST').length;
    for (let requests = 0; requests < 10; requests += 1)
      assert.equal((await upstream.send(sent({ repeatable: true, usuallyWithinMs: 50 }))).status, 200);
    assert.equal(asked(), 1, 'one request finds out');
    frozen = false;
    for (const response of held) response.end('late');
    while (asked() === 1) await upstream.send(sent({ repeatable: true }));
  });

  test('is waited for where the first one who was asked is at work on the same', async (context) => {
    let answers = 0;
    const working = (_: IncomingMessage, response: ServerResponse) => {
      answers += 1;
      if (answers > 2) return void response.writeHead(202).end('{}');
      const problem = JSON.stringify({ code: 'request_in_progress' });
      response.writeHead(409, { 'content-length': problem.length }).end(problem);
    };
    const upstream = upstreamTo(context, await service(context, working), await service(context, () => undefined));
    const { status } = await upstream.send(sent({ repeatable: true, usuallyWithinMs: 50 }));
    assert.deepEqual([status, answers], [202, 3]);
  });

  test('is waited for where the first connection was cut, and whoever is asked last is at work on the same', async (context) => {
    let answers = 0;
    const state = { isSlow: true, isEnding: false };
    const working = await service(context, (request, response) => {
      if (state.isSlow) return cut(request);
      answers += 1;
      if (answers > 2) return void response.writeHead(202).end('{}');
      const problem = JSON.stringify({ code: 'request_in_progress' });
      response.writeHead(409, { 'content-length': problem.length }).end(problem);
    });
    const ending = await service(context, (request, response) =>
      state.isEnding ? cut(request) : fine(request, response),
    );
    const upstream = upstreamTo(context, working, ending);
    for (let requests = 0; requests < 20; requests += 1) await upstream.send(sent({ repeatable: true }));
    state.isSlow = false;
    state.isEnding = true;
    const { status } = await upstream.send(sent({ repeatable: true }));
    assert.deepEqual([status, answers], [202, 3]);
  });

  test('is asked once where nobody knows what a cut request has done', async (context) => {
    const services = [await service(context, cut), await service(context, cut)];
    await assert.rejects(upstreamTo(context, ...services).send(sent()), unavailable);
    assert.equal(services.flatMap(({ asked }) => asked).length, 1);
  });

  test('is left alone for a while after it has failed several times', async (context) => {
    const broken = await service(context, cut);
    const upstream = upstreamTo(context, broken);
    for (let requests = 0; requests < 20; requests += 1) await assert.rejects(upstream.send(sent()), unavailable);
    assert.equal(broken.asked.length, 5);
  });

  test('is asked although all places of streams are taken, and refuses only more streams', async (context) => {
    const streaming = (request: IncomingMessage, response: ServerResponse) => {
      if (request.url?.endsWith('/stream') !== true) return fine(request, response);
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write(': hello\n\n');
    };
    const upstream = limitedTo(context, [await service(context, streaming)], { requests: 2, streams: 3 });
    const over = new AbortController();
    const stream = () => upstream.send(sent({ path: '/v1/stream', isStream: true, signal: over.signal }));
    const followed = await Promise.all([stream(), stream(), stream()]);
    await assert.rejects(stream(), (error) => error instanceof Problem && error.code === 'overloaded');
    assert.equal((await upstream.send(sent())).status, 200);
    const ended = followed.map(({ body }) => finished(body as Readable).catch(() => undefined));
    over.abort();
    await Promise.all(ended);
    const { status, body } = await upstream.send(sent({ path: '/v1/stream', isStream: true }));
    assert.equal(status, 200);
    (body as Readable).destroy();
  });

  test('is asked as soon as somebody listens there where no other answers, however often nobody did', async (context) => {
    const [next, old] = [await service(context, fine), await service(context, fine)];
    await next.stop();
    const upstream = upstreamTo(context, next, old);
    for (let requests = 0; requests < 20; requests += 1) await upstream.send(sent());
    const begun = await service(context, fine, Number(new URL(next.url).port));
    await old.stop();
    await Promise.all(Array.from({ length: 20 }, () => upstream.send(sent({ repeatable: true }))));
    assert.equal(begun.asked.length, 20);
  });

  test('is asked although it is left alone where nobody listens at any other address', async (context) => {
    let slow = true;
    const starting = await service(context, (request, response) => (slow ? cut(request) : fine(request, response)));
    const old = await service(context, fine);
    const upstream = upstreamTo(context, starting, old);
    for (let requests = 0; requests < 20; requests += 1) await upstream.send(sent({ repeatable: true }));
    assert.equal(starting.asked.length, 5, 'it is left alone');
    slow = false;
    await old.stop();
    await Promise.all(Array.from({ length: 20 }, () => upstream.send(sent({ repeatable: true }))));
    assert.equal(starting.asked.length, 25);
  });

  test('is asked although it is left alone where any other address cuts the connection', async (context) => {
    const state = { isSlow: true, isEnding: false };
    const starting = await service(context, (request, response) =>
      state.isSlow ? cut(request) : fine(request, response),
    );
    const ending = await service(context, (request, response) =>
      state.isEnding ? cut(request) : fine(request, response),
    );
    const upstream = upstreamTo(context, starting, ending);
    for (let requests = 0; requests < 20; requests += 1) await upstream.send(sent({ repeatable: true }));
    state.isSlow = false;
    state.isEnding = true;
    await Promise.all(Array.from({ length: 20 }, () => upstream.send(sent({ repeatable: true }))));
    assert.equal(starting.asked.length, 25);
  });

  test('is asked by whoever found it left alone, where it has answered others since', async (context) => {
    const state = { isSlow: true };
    const starting = await service(context, (request, response) =>
      state.isSlow ? cut(request) : fine(request, response),
    );
    const held: IncomingMessage[] = [];
    const ending = await service(context, (request, response) => {
      if (request.url !== '/v1/held') fine(request, response);
      else if (held.push(request) > 1) cut(request);
    });
    // The request that is held finds the first one left alone, and then asks the other.
    const upstream = upstreamTo(context, ending, starting);
    for (let requests = 0; requests < 20; requests += 1) await upstream.send(sent({ repeatable: true }));
    const waiting = upstream.send(
      sent({ path: '/v1/held', repeatable: true, answerWithinMs: 10_000, usuallyWithinMs: 10_000 }),
    );
    state.isSlow = false;
    const askedBefore = starting.asked.length;
    while (held.length === 0 || starting.asked.length === askedBefore) await upstream.send(sent({ repeatable: true }));
    for (const request of held) cut(request);
    assert.equal(String((await waiting).body), 'fine');
  });

  test('lets others go elsewhere while one request finds out whether an address answers again', async (context) => {
    const held: (() => void)[] = [];
    const state = { isBroken: true };
    const trying = await service(context, (request, response) => {
      if (state.isBroken) cut(request);
      else held.push(() => void response.end('late'));
    });
    const good = await service(context, fine);
    const upstream = upstreamTo(context, trying, good);
    for (let requests = 0; requests < 20; requests += 1) await upstream.send(sent({ repeatable: true }));
    state.isBroken = false;
    const asked = Array.from({ length: 5 }, async () => {
      while (held.length === 0) await upstream.send(sent({ repeatable: true }));
    });
    await Promise.race(asked);
    // One is held by the address that is tried, and nobody waits for it.
    const { body } = await upstream.send(sent({ repeatable: true }));
    assert.equal(String(body), 'fine');
    for (const answer of held) answer();
    await Promise.all(asked);
  });

  test('is asked again where the connection had waited for too long just as it was used', async (context) => {
    let times = 0;
    const slow = await service(context, (request, response) => {
      times += 1;
      if (times === 1) response.writeHead(408, { connection: 'close' }).end();
      else fine(request, response);
    });
    const { status } = await upstreamTo(context, slow).send(sent());
    assert.equal(status, 200);
    assert.equal(slow.asked.length, 2);
  });

  test('may refuse as often as it likes: that is an answer', async (context) => {
    const busy = await service(context, (_, response) => void response.writeHead(503).end());
    const upstream = upstreamTo(context, busy);
    for (let requests = 0; requests < 20; requests += 1) {
      const { status } = await upstream.send(sent());
      assert.equal(status, 503);
    }
    assert.equal(busy.asked.length, 20);
  });
});
