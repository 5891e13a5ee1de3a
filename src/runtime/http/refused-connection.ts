import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import { type ProblemCode, problemCodes, typeOf } from './problem.ts';

/** What every answer carries, also one that no route ever saw. */
export const bareHeaders = {
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'strict-transport-security': 'max-age=31536000; includeSubDomains',
  'x-content-type-options': 'nosniff',
} as const;

const details = {
  header_fields_too_large: 'Send fewer or shorter headers, and a shorter path.',
  request_timeout: 'The request did not come in time. Send it again.',
  bad_request: 'This is not a HTTP request that can be served. Check its first line, its headers and its length.',
} as const satisfies Partial<Record<ProblemCode, string>>;

/** Answers what cannot be parsed as HTTP, or never came to its end, and closes the connection. */
export function refuseConnection(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return;
  const code = codeOf(error.code);
  const { status, title } = problemCodes[code];
  const traceId = randomBytes(16).toString('hex');
  const body = JSON.stringify({ type: typeOf(code), title, status, detail: details[code], code, traceId });
  const headers = {
    ...bareHeaders,
    'content-type': 'application/problem+json',
    'content-length': Buffer.byteLength(body),
    connection: 'close',
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(`HTTP/1.1 ${status} ${title}\r\n${lines.join('')}\r\n${body}`, () => socket.destroy());
}

function codeOf(code: string | undefined): keyof typeof details {
  if (code === 'HPE_HEADER_OVERFLOW') return 'header_fields_too_large';
  return code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 'request_timeout' : 'bad_request';
}
