import assert from 'node:assert/strict';
import { connect } from 'node:net';
import type { Answer } from './client.ts';
import type { RunningApp } from './servers.ts';

/** How things are refused: problem details, and nothing changed. */

/** A refusal as a test reads it. */
export interface Refused {
  readonly code?: string;
  readonly errors?: readonly { readonly pointer: string; readonly message: string }[];
}

/** The status and the code of an answer. */
export const refusal = ({ status, body }: Answer<{ readonly code?: string }>) => [status, body.code];

export interface Refusal {
  readonly status: number;
  readonly code: string;
  /** The field that has to be named in `errors`. */
  readonly pointer?: string;
}

interface ProblemBody {
  readonly type?: unknown;
  readonly title?: unknown;
  readonly status?: unknown;
  readonly detail?: unknown;
  readonly code?: unknown;
  readonly traceId?: unknown;
  readonly errors?: readonly { readonly pointer: string; readonly code: string; readonly message: string }[];
}

/** Words that only the inside knows: a stack trace, a path of the sources, SQL. */
const insides =
  /node_modules|\.ts:\d|\bat [\w.<>]+ \(|\bselect\b.+\bfrom\b|\binsert into\b|violates .*constraint|pg_|SQLSTATE/i;

/** Holds an answer against RFC 9457 and our own promises for it. */
export function assertRefused(answer: Answer<unknown>, { status, code, pointer }: Refusal): void {
  const problem = answer.body as ProblemBody;
  const shown = JSON.stringify(problem);
  assert.equal(answer.status, status, shown);
  assert.equal(answer.headers.get('content-type')?.split(';')[0], 'application/problem+json', shown);
  assert.equal(problem.code, code, shown);
  assert.equal(problem.status, status, shown);
  assert.ok(typeof problem.detail === 'string' && problem.detail.length > 10, `no detail: ${shown}`);
  assert.ok(typeof problem.title === 'string' && typeof problem.type === 'string', shown);
  assert.match(String(problem.traceId), /^[0-9a-f]{32}$/, shown);
  assert.doesNotMatch(shown, insides);
  if (pointer === undefined) return;
  const named = problem.errors?.find((error) => error.pointer === pointer);
  assert.ok(named !== undefined, `${pointer} is not named: ${shown}`);
  assert.ok(named.message !== '' && named.code !== '', shown);
}

const kept: Readonly<Record<string, readonly string[]>> = {
  user: ['users', 'user_sessions', 'bookings', 'events', 'requests', 'idempotency_keys'],
  catalog: [
    ...['movies', 'theatres', 'seat_plans', 'screens', 'shows', 'setting_changes'],
    ...['events', 'requests', 'idempotency_keys'],
  ],
  payment: ['payments', 'unmatched_webhooks', 'events', 'requests', 'idempotency_keys'],
  ticket: ['tickets', 'admissions', 'transfers', 'events', 'requests', 'idempotency_keys'],
};

/** How many rows the services that take requests keep: equal before and after what was refused. */
export async function rowCounts({ app }: RunningApp): Promise<Readonly<Record<string, number>>> {
  const counts: Record<string, number> = {};
  for (const host of app.hosts) {
    const { name } = host.definition;
    const tables = kept[name] ?? [];
    if (tables.length === 0) continue;
    const columns = tables.map((table) => `(select count(*)::int from ${table}) as ${table}`);
    const [row] = await host.query<Record<string, number>>(`select ${columns.join(', ')}`);
    for (const [table, count] of Object.entries(row ?? {})) counts[`${name}.${table}`] = count;
  }
  return counts;
}

/** Waits until every service has handled all there is, so that counts stand still. */
export async function quiet({ app }: RunningApp): Promise<void> {
  for (let round = 0; round < 2; round += 1) await Promise.all(app.hosts.map((host) => host.loop.caughtUp()));
}

/** Sends bytes as they are and reads until the other side closes (or `until` has come). */
export function rawRequest(url: string, bytes: string | Buffer, until?: RegExp): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = connect(Number(port), hostname, () => socket.write(bytes));
    socket.setEncoding('utf8').on('data', (chunk) => {
      text += String(chunk);
      if (until?.test(text) === true) socket.destroy();
    });
    socket.on('close', () => resolve(text));
    socket.on('error', (error: NodeJS.ErrnoException) => {
      // Cut off in the middle of what we sent: what was answered before counts.
      if (error.code === 'ECONNRESET' || error.code === 'EPIPE') resolve(text);
      else reject(error);
    });
  });
}
