import type { Server, ServerResponse } from 'node:http';
import type { FastifyInstance } from 'fastify';

/** Which servers are about to close: who holds a request open then lets it go. */
const closing = new WeakMap<Server, AbortController>();

/** Aborted when the server begins to close. */
export function closingSignal({ server }: Pick<FastifyInstance, 'server'>): AbortSignal {
  return controllerOf(server).signal;
}

/** Makes a server tell when it begins to close, and then keep no connection that has been answered. */
export function tellClosing(instance: FastifyInstance): void {
  instance.addHook('preClose', async () => controllerOf(instance.server).abort());
  instance.addHook('onSend', async (_, reply) => {
    if (closingSignal(instance).aborted) void reply.header('connection', 'close');
  });
}

function controllerOf(server: Server): AbortController {
  const known = closing.get(server);
  if (known !== undefined) return known;
  const made = new AbortController();
  closing.set(server, made);
  return made;
}

/** Answers that are to end with their head: nobody is to hear what would follow. */
const over = new WeakSet<ServerResponse>();

/** Ends an answer that goes on: at once where it has begun, as soon as it has begun otherwise, so that there is an answer at all. */
export function endAnswer(answer: ServerResponse): void {
  if (answer.headersSent) answer.destroy();
  else over.add(answer);
}

/** Whether an answer was to end before it began. */
export function isOver(answer: ServerResponse): boolean {
  return over.has(answer);
}
