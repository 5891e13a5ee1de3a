import type { ServerResponse } from 'node:http';
import Fastify from 'fastify';
import { serveParent } from '../load/child.ts';
import type { BareServerPlan, ToldOfBareServer } from './run-bare-server.ts';

/**
 * The least that a server can do, in a process of its own: Fastify that validates a body and says 202, and event streams to
 * whose sockets the same bytes are written at a rate.
 */
const millisecond = 1_000;

serveParent<BareServerPlan, ToldOfBareServer>(async ({ bodySchema }, tell) => {
  // The description says defaults where this validator would pass them over.
  const server = Fastify({ ajv: { customOptions: { strict: false } } });
  const followers = new Set<ServerResponse>();
  server.post('/v1/bookings', { schema: { body: bodySchema } }, async (_, reply) => {
    void reply.code(202);
    return { status: 'requested' };
  });
  server.get('/stream', (_, reply) => {
    reply.hijack();
    const { raw } = reply;
    raw.writeHead(200, { 'content-type': 'text/event-stream', connection: 'close' });
    raw.write('data: welcome\n\n');
    followers.add(raw);
    raw.on('close', () => followers.delete(raw));
  });
  const url = await server.listen({ host: '127.0.0.1', port: 0 });
  let pushing: NodeJS.Timeout | undefined;
  process.on('message', ({ bytes, perSecond }: { readonly bytes: number; readonly perSecond: number }) => {
    const frame = Buffer.alloc(bytes, 'x');
    frame.write('\n\n', bytes - 2);
    pushing = setInterval(() => {
      for (const follower of followers) follower.socket?.write(frame);
    }, millisecond / perSecond);
  });
  tell({ kind: 'ready', url });
  return async () => {
    clearInterval(pushing);
    for (const follower of followers) follower.destroy();
    await server.close();
  };
});
