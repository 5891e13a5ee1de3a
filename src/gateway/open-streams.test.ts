import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type ClientRequest, get, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { pino } from 'pino';
import { endpoint } from '../runtime/http/endpoint.ts';
import { answerHere, createServer, serveEndpoints } from '../runtime/http/server.ts';
import { openEventStream } from '../runtime/http/sse.ts';
import { OpenStreams, streamsOfUserMax } from './open-streams.ts';

interface Follower {
  readonly answer: IncomingMessage;
  leave(): Promise<void>;
}

/** A gateway with a stream; who asks says who it is. */
async function gateway(context: TestContext) {
  const server = createServer(pino({ level: 'silent' }));
  const closed: (() => void)[] = [];
  const opening = { held: Promise.resolve(), begun: 0 };
  const stream = endpoint({
    ...{ method: 'GET', path: '/stream', summary: 'Events', tag: 'test', who: ['customer'] },
    answers: { 200: { says: 'Events', body: 'text/event-stream' } },
    handle: async (call) => {
      opening.begun += 1;
      await opening.held;
      openEventStream(call, { onClose: () => closed.shift()?.() });
      return { status: 200, hijacked: true };
    },
  });
  const plain = endpoint({
    ...{ method: 'GET', path: '/plain', summary: 'No events', tag: 'test', who: ['customer'], answers: {} },
    handle: async () => ({ status: 200, body: {} }),
  });
  const door = { held: Promise.resolve(), asked: 0 };
  const doors = {
    authenticator: {
      authenticate: async (userId = '') => {
        door.asked += 1;
        await door.held;
        return { userId, roles: ['customer' as const], sessionId: '' };
      },
    },
    admit: async () => undefined,
  };
  const streams = new OpenStreams();
  serveEndpoints(server, [stream, plain], doors, streams.limiting(answerHere));
  await server.listen({ port: 0, host: '127.0.0.1' });
  context.after(() => {
    server.server.closeAllConnections();
    return server.close();
  });
  const { port } = server.server.address() as AddressInfo;
  const ask = async (user: string, path = '/v1/stream'): Promise<Follower> => {
    const request: ClientRequest = get({
      port,
      host: '127.0.0.1',
      path,
      headers: { authorization: user },
      agent: false,
    });
    request.on('error', () => undefined);
    const [answer] = (await once(request, 'response')) as [IncomingMessage];
    answer.on('error', () => undefined);
    return {
      answer,
      leave: async () => {
        const gone = new Promise<void>((resolve) => closed.push(resolve));
        request.destroy();
        await gone;
      },
    };
  };
  /** Somebody who has gone before it is known who that is. */
  const askAndLeave = async (user: string) => {
    const before = door.asked;
    const request = get({
      port,
      host: '127.0.0.1',
      path: '/v1/stream',
      headers: { authorization: user },
      agent: false,
    });
    request.on('error', () => undefined);
    while (door.asked === before) await new Promise(setImmediate);
    request.destroy();
  };
  const connections = promisify(server.server.getConnections.bind(server.server));
  return { ask, askAndLeave, door, opening, closed, connections, streams };
}

test('a user may follow so many streams at once, and another one when one is left', async (context) => {
  const { ask } = await gateway(context);
  const followed = await Promise.all(Array.from({ length: streamsOfUserMax }, () => ask('usr_1')));
  assert.ok(followed.every(({ answer }) => answer.statusCode === 200));
  const { answer } = await ask('usr_1');
  assert.deepEqual([answer.statusCode, answer.headers['retry-after']], [429, '5']);
  assert.equal((await ask('usr_2')).answer.statusCode, 200);
  assert.equal((await ask('usr_1', '/v1/plain')).answer.statusCode, 200);
  await followed[0]?.leave();
  assert.equal((await ask('usr_1')).answer.statusCode, 200);
});

test('all streams of a user are ended at once, and of nobody else', async (context) => {
  const { ask, closed, streams } = await gateway(context);
  const [one, another, other] = await Promise.all([ask('usr_1'), ask('usr_1'), ask('usr_2')]);
  const ended = [one, another].map(({ answer }) => once(answer, 'close'));
  const noticed = [0, 1].map(() => new Promise<void>((resolve) => closed.push(resolve)));
  for (const { answer } of [one, another]) answer.resume();
  streams.endOf('usr_1');
  await Promise.all([...ended, ...noticed]);
  assert.equal(other.answer.closed, false);
});

test('a stream of a user whose streams are ended while it opens is answered, and ends with its head', async (context) => {
  const { ask, opening, closed, streams } = await gateway(context);
  const gate = Promise.withResolvers<void>();
  opening.held = gate.promise;
  const asked = ask('usr_1');
  while (opening.begun === 0) await new Promise(setImmediate);
  const noticed = new Promise<void>((resolve) => closed.push(resolve));
  streams.endOf('usr_1');
  gate.resolve();
  const { answer } = await asked;
  assert.equal(answer.statusCode, 200);
  answer.resume();
  await Promise.all([once(answer, 'end'), noticed]);
});

test('whoever has gone before a stream opens takes no place, and the stream is closed', async (context) => {
  const { ask, askAndLeave, door, closed, connections } = await gateway(context);
  const gate = Promise.withResolvers<void>();
  door.held = gate.promise;
  for (let gone = 0; gone < 3; gone += 1) await askAndLeave('usr_1');
  const ended = Array.from({ length: 3 }, () => new Promise<void>((resolve) => closed.push(resolve)));
  while ((await connections()) > 0) await new Promise(setImmediate);
  gate.resolve();
  await Promise.all(ended);
  const followed = await Promise.all(Array.from({ length: streamsOfUserMax }, () => ask('usr_1')));
  assert.ok(followed.every(({ answer }) => answer.statusCode === 200));
});
