import { Readable } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Endpoint, Principal } from '../runtime/http/endpoint.ts';
import { createServer, serveEndpoints } from '../runtime/http/server.ts';
import type { Logger } from '../runtime/logger.ts';
import { plainly } from '../runtime/wording.ts';
import { check, checkQuery } from './check.ts';
import { type Installation, OperationRefused } from './installation.ts';
import { onSale, onSaleQuery } from './on-sale.ts';
import { showParked } from './parked.ts';
import { rebuild, rebuildQuery } from './rebuild.ts';
import { replay, replayQuery } from './replay.ts';
import { republish, republishQuery } from './republish.ts';
import { restored, restoredQuery } from './restored.ts';
import { shadowReplay } from './shadow-replay.ts';
import { tail, tailQuery } from './tail.ts';
import { describeTopic } from './topics.ts';

/**
 * What the command line asks a running instance. Below `/v1` it is the API as an administrator sees it; `/control/<name>`
 * are operations that no network may ask for. An operation answers with lines of JSON (`ControlLine`), so that a long one
 * tells how it goes.
 */
export type ControlLine =
  | { readonly item: unknown }
  /** The operation says no: a sentence for the person who asked. */
  | { readonly refused: string }
  | { readonly failed: string };

/** What a running instance says of itself. */
export interface InstanceStatus {
  readonly url: string;
  readonly adminUrl: string;
  readonly dataDirectory: string;
  readonly services: readonly string[];
}

/** Whoever may open the socket is the operator: the name stands in the settings' history. */
const operator: Principal = { userId: 'command-line', roles: ['admin'], sessionId: '' };

interface Operation {
  readonly input: z.ZodType;
  readonly run: (installation: Installation, input: never, signal: AbortSignal) => AsyncIterable<unknown>;
}

function operation<Input>(definition: {
  readonly input: z.ZodType<Input>;
  readonly run: (installation: Installation, input: Input, signal: AbortSignal) => AsyncIterable<unknown>;
}): Operation {
  return definition as unknown as Operation;
}

/** An operation with one answer. */
async function* once(answer: Promise<unknown>): AsyncGenerator<unknown> {
  yield await answer;
}

const named = z.strictObject({ name: z.string().min(1).max(200) });

const operations: Readonly<Record<string, Operation>> = {
  tail: operation({ input: tailQuery, run: tail }),
  check: operation({ input: checkQuery, run: check }),
  replay: operation({ input: replayQuery, run: replay }),
  'shadow-replay': operation({ input: named, run: (installation, { name }) => shadowReplay(installation, name) }),
  rebuild: operation({ input: rebuildQuery, run: rebuild }),
  republish: operation({ input: republishQuery, run: republish }),
  restored: operation({ input: restoredQuery, run: restored }),
  'on-sale': operation({ input: onSaleQuery, run: onSale }),
  topic: operation({ input: named, run: (installation, { name }) => once(describeTopic(installation, name)) }),
  parked: operation({ input: named, run: (installation, { name }) => once(showParked(installation, name)) }),
};

export interface ControlServerOptions {
  readonly installation: Installation;
  readonly endpoints: readonly Endpoint[];
  readonly logger: Logger;
  readonly status: () => InstanceStatus;
}

/** A server for the connections of the control socket; it listens to nothing itself. */
export async function createControlServer(options: ControlServerOptions): Promise<FastifyInstance> {
  const { installation, endpoints, logger, status } = options;
  const server = createServer(logger);
  serveEndpoints(server, endpoints, {
    authenticator: { authenticate: async () => operator },
    admit: async () => undefined,
  });
  server.get('/control/status', async () => status());
  server.post('/control/:operation', (request, reply) => {
    const { operation: name } = request.params as { readonly operation: string };
    const gone = new AbortController();
    reply.raw.on('close', () => gone.abort());
    const lines = linesOf(name, request.body, { installation, signal: gone.signal });
    return reply.type('application/x-ndjson').send(Readable.from(lines));
  });
  await server.ready();
  return server;
}

/** Runs an operation by its name. Throws `OperationRefused` where it says no. */
export async function* runOperation(
  installation: Installation,
  { name, input, signal }: { readonly name: string; readonly input: unknown; readonly signal: AbortSignal },
): AsyncGenerator<unknown> {
  const known = Object.hasOwn(operations, name) ? operations[name] : undefined;
  if (known === undefined) throw new OperationRefused('not_found', `There is no operation "${name}".`);
  const parsed = known.input.safeParse(input, { error: plainly });
  if (!parsed.success)
    throw new OperationRefused(
      'conflict',
      parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; '),
    );
  yield* known.run(installation, parsed.data as never, signal);
}

async function* linesOf(
  name: string,
  body: unknown,
  { installation, signal }: { readonly installation: Installation; readonly signal: AbortSignal },
): AsyncGenerator<string> {
  const line = (each: ControlLine) => `${JSON.stringify(each)}\n`;
  try {
    const input: unknown = JSON.parse(Buffer.isBuffer(body) ? body.toString() : '{}');
    for await (const item of runOperation(installation, { name, input, signal })) yield line({ item });
  } catch (error) {
    const { message } = error as Error;
    yield line(error instanceof OperationRefused ? { refused: message } : { failed: message });
  }
}
