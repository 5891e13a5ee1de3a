import type { FastifyReply, FastifyRequest } from 'fastify';
import { closingSignal, isOver } from './closing.ts';

/** Bytes a client may leave unread before it is dropped: one that never reads must not fill our memory. */
const unreadBytesMax = 1_048_576;
const heartbeatMs = 15_000;

/** A stream of server-sent events (WHATWG HTML, section 9.2). */
export interface EventStream {
  /** Whether anybody may still be listening. */
  readonly isOpen: boolean;
  send(event: string, data: unknown, id?: string): void;
  /** Sends a frame made before, for streams that many clients follow. */
  sendFrame(frame: Buffer): void;
  close(): void;
}

/** One event as it goes over the wire. */
export function eventFrame(event: string, data: unknown, id?: string): Buffer {
  return Buffer.from(`event: ${event}\n${id === undefined ? '' : `id: ${id}\n`}data: ${JSON.stringify(data)}\n\n`);
}

/**
 * Takes over the socket of a request. `onClose` is called once, when the client has gone, was dropped or `close` was
 * called.
 */
export function openEventStream(
  call: { readonly request: FastifyRequest; readonly reply: FastifyReply },
  { onClose }: { readonly onClose: () => void },
): EventStream {
  const { reply } = call;
  const closing = closingSignal(reply.server);
  reply.hijack();
  const answer = reply.raw;
  const headers = Object.entries(reply.getHeaders()).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string',
  );
  // It ends with its connection, which needs no chunks: events go straight to the socket.
  answer.removeHeader('transfer-encoding');
  answer.writeHead(200, {
    ...Object.fromEntries(headers),
    'content-type': 'text/event-stream',
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
    // So that a server that closes has nothing to wait for.
    connection: 'close',
  });
  answer.flushHeaders();
  let open = true;
  const heartbeat = setInterval(() => write(Buffer.from(': still here\n\n')), heartbeatMs);
  const close = () => {
    if (!open) return;
    open = false;
    clearInterval(heartbeat);
    closing.removeEventListener('abort', close);
    answer.end();
    onClose();
  };
  const write = (frame: Buffer) => {
    if (!open) return;
    // There is no socket yet where an earlier answer of the connection is under way.
    const to = answer.socket ?? answer;
    to.write(frame);
    if (to.writableLength > unreadBytesMax) {
      to.destroy();
      close();
    }
  };
  closing.addEventListener('abort', close);
  // Nothing follows the head of such an answer, and nobody hears what comes after the client has gone. Once our caller has it,
  // since it is told of the end.
  if (call.request.method === 'HEAD' || answer.closed || isOver(answer)) queueMicrotask(close);
  answer.on('close', close);
  answer.on('error', close);
  return {
    get isOpen() {
      return open;
    },
    send: (event, data, id) => write(eventFrame(event, data, id)),
    sendFrame: write,
    close,
  };
}
