import type { EventEmitter } from 'node:events';
import pg from 'pg';
import { ConstraintViolated, Fenced, RequestsTaken, StatementRefused, StoreUnavailable } from '../store.ts';
import { bindMessage } from './bind-message.ts';
import { Together } from './together.ts';

/** Connections to PostgreSQL: one place for their limits and for what their errors mean. */

// Counts and times are far below 2^53, so they are numbers here.
pg.types.setTypeParser(pg.types.builtins.INT8, Number);

/** A frozen owner must not block its successor: every connection gives up by itself. */
const idleInTransactionMs = 5_000;
const lockWaitMs = 5_000;
const statementMs = 30_000;
const connectMs = 5_000;
/** A server that says nothing at all is given up a little after it should have given up itself. */
const answerMs = statementMs + 5_000;

export interface ConnectionOptions {
  readonly url: string;
  readonly applicationName: string;
}

/**
 * How a connection's statements find their rows. The planner guesses from what it was last told of a table, and what comes and
 * goes at once, or within a minute, it was told nothing of: a timer's table is empty when its statement is planned, and holds
 * fifty thousand of them in the rush. So who knows better says so.
 */
const ways = {
  /** As the planner thinks best. */
  planned: [],
  /**
   * Rows by their keys, the keys as arrays of any length: a plan for one length is as good as another, planning costs more than
   * running, and a table is never read through.
   */
  byKey: ['plan_cache_mode=force_generic_plan', 'enable_seqscan=off', 'enable_hashjoin=off', 'enable_mergejoin=off'],
  /** Pages in the order of an index, from its beginning: all that is left is never sorted to find the next few. */
  inOrder: ['enable_bitmapscan=off'],
} as const;
type Ways = keyof typeof ways;

export function settingsOf({ url, applicationName }: ConnectionOptions, finds: Ways = 'planned'): pg.ClientConfig {
  return {
    connectionString: url,
    application_name: applicationName,
    connectionTimeoutMillis: connectMs,
    query_timeout: answerMs,
    keepAlive: true,
    options: [
      `-c idle_in_transaction_session_timeout=${idleInTransactionMs}`,
      `-c lock_timeout=${lockWaitMs}`,
      `-c statement_timeout=${statementMs}`,
      '-c jit=off',
      ...ways[finds].map((setting) => `-c ${setting}`),
    ].join(' '),
  };
}

/** SQLSTATE: no write is taken, by a former primary that is a standby since a failover, or while somebody has forbidden it. */
const readOnly = '25006';

/** A pool for queries, of requests where nothing else is said. */
export function createPool(
  options: ConnectionOptions & { readonly connectionsMax: number; readonly finds?: Ways },
): pg.Pool {
  const settings = settingsOf(options, options.finds);
  const pool = new pg.Pool({ ...settings, max: options.connectionsMax, idleTimeoutMillis: 60_000 });
  survive(pool);
  return pool;
}

/**
 * Has connections that break end nothing but themselves: whoever uses one is told by its query, and one that is idle is replaced at
 * the next one. Without a listener an error of theirs would end the process.
 */
export function survive(connections: pg.Pool | pg.Client): void {
  (connections as EventEmitter).on('error', () => undefined);
  if (connections instanceof pg.Pool) connections.on('connect', survive);
}

/**
 * One connection that sends without waiting: the statements of a transaction travel together and cost one round trip.
 * It connects at the first use and again after it broke.
 */
export class PipelinedConnection {
  readonly #options: ConnectionOptions;
  readonly #together = new Together();
  #client: Promise<pg.Client> | undefined;

  constructor(options: ConnectionOptions) {
    this.#options = options;
  }

  async #connected(): Promise<pg.Client> {
    this.#client ??= this.#connect();
    const connecting = this.#client;
    try {
      return await connecting;
    } catch (error) {
      this.#forget(connecting);
      throw storeError(error);
    }
  }

  #connect(): Promise<pg.Client> {
    const client = new pg.Client({ ...settingsOf(this.#options, 'byKey'), pipeline: true } as pg.ClientConfig);
    bindInOneGo(client);
    const connecting = client.connect().then(() => client);
    // However it ends, also without an error (the server was stopped in order): the next use connects anew.
    client.on('error', () => this.#forget(connecting));
    client.on('end', () => this.#forget(connecting));
    return connecting;
  }

  async #ended(client: pg.Client): Promise<void> {
    const current = this.#client;
    if ((await current) === client && current !== undefined) this.#forget(current);
  }

  /** Only this one: another may have taken its place. */
  #forget(connecting: Promise<pg.Client>): void {
    if (this.#client === connecting) this.#client = undefined;
  }

  /** Runs statements that need no transaction, all at once. */
  async query(statements: readonly pg.QueryConfig[]): Promise<pg.QueryResult[]> {
    const client = await this.#connected();
    // One write for all of them: the server wakes up once.
    const { stream } = client.connection;
    stream.cork();
    const running = statements.map((statement) => client.query(statement));
    stream.uncork();
    return this.#settle(running, client);
  }

  /** Runs statements in one transaction and one round trip. */
  async transaction(statements: readonly pg.QueryConfig[]): Promise<pg.QueryResult[]> {
    return this.query([{ text: 'begin' }, ...statements, { text: 'commit' }]);
  }

  /**
   * Writes in one transaction: first what may be one statement, since no two of `together` touch the same row, then what
   * must come one after the other.
   */
  async write(together: readonly pg.QueryConfig[], inOrder: readonly pg.QueryConfig[] = []): Promise<void> {
    const one = this.#together.of(together);
    if (one !== undefined && inOrder.length === 0) await this.query([one]);
    else await this.transaction([...(one === undefined ? together : [one]), ...inOrder]);
  }

  async #settle(running: readonly Promise<pg.QueryResult>[], client: pg.Client): Promise<pg.QueryResult[]> {
    const settled = await Promise.allSettled(running);
    // The first failure is the cause; those behind it only say that the transaction is aborted.
    const failed = settled.find((each) => each.status === 'rejected');
    if (failed?.status === 'rejected') {
      const { severity, code } = failed.reason as pg.DatabaseError;
      // The server closes the connection after this; who comes next need not run into it.
      if (severity === 'FATAL') await this.#ended(client);
      // Nobody closes this one, and it never leads anywhere else: another may lead to the server that is written to by now.
      if (code === readOnly) {
        await this.#ended(client);
        void client.end().catch(() => undefined);
      }
      throw storeError(failed.reason);
    }
    return settled.map((each) => (each as PromiseFulfilledResult<pg.QueryResult>).value);
  }

  async close(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    if (client !== undefined) await client.then((each) => each.end()).catch(() => undefined);
  }
}

/** A buffer that is larger is not kept for the next message. */
const spareBytesMax = 2 ** 20;

/** Has a client write its parameters straight into a buffer, the same one again when the socket is done with it. */
function bindInOneGo({ connection }: pg.Client): void {
  let spare: Buffer | undefined;
  connection.bind = (config) => {
    if (!connection.stream.writable) return;
    let taken: Buffer | undefined;
    const room = (bytes: number) => {
      taken = spare !== undefined && spare.length >= bytes ? spare : Buffer.allocUnsafeSlow(roomFor(bytes));
      spare = undefined;
      return taken.subarray(0, bytes);
    };
    let message: Buffer;
    try {
      message = bindMessage(config ?? {}, room);
    } catch (error) {
      // The driver would go on with the statements behind this one, and commit them without it.
      connection.stream.destroy();
      throw error;
    }
    connection.stream.write(message, () => {
      if (taken !== undefined && taken.length <= spareBytesMax) spare = taken;
    });
  };
}

/** A message is about as long as the one before it: with some room to spare, its buffer is long enough for the next. */
function roomFor(bytes: number): number {
  return bytes > spareBytesMax ? bytes : 2 ** Math.ceil(Math.log2(Math.max(bytes, 4_096)));
}

/**
 * What an error of the driver means, by its SQLSTATE class. Only what the data at hand may have caused counts as a violated
 * constraint, so that whoever brought the data can be set aside; a wrong statement is nobody's data. Errors that are no
 * business of the database come through as they are.
 */
export function storeError(error: unknown): Error {
  if (error instanceof Fenced || error instanceof ConstraintViolated) return error;
  if (error instanceof StatementRefused || error instanceof StoreUnavailable) return error;
  if (error instanceof TypeError || error instanceof RangeError) return error;
  const { code = '', message, detail = '', constraint } = error as pg.DatabaseError;
  if (code === 'FH001') return new Fenced(detail.split(',').map(Number), { cause: error });
  if (code === 'FH002' || dataClasses.has(code.slice(0, 2))) {
    const what = [message, detail, constraint && `constraint ${constraint}`].filter(Boolean).join('; ');
    return new (code === 'FH002' ? RequestsTaken : ConstraintViolated)(what, { cause: error });
  }
  // Access rule violation, syntax error, undefined or mismatched names; feature not supported.
  if (code.startsWith('42') || code.startsWith('0A')) return new StatementRefused(message, { cause: error });
  return new StoreUnavailable(message ?? String(error), { cause: error });
}

/** The same, with the name of a database that cannot be reached or did not answer. */
export function storeErrorOf(database: string, error: unknown): Error {
  const meant = storeError(error);
  if (!(meant instanceof StoreUnavailable)) return meant;
  return new StoreUnavailable(`${database} does not answer: ${meant.message}`, { cause: meant });
}

/**
 * SQLSTATE classes: 21 cardinality (one row twice in a statement), 22 data exception (a value the column cannot hold),
 * 23 integrity constraint, 44 check option, 54 program limit (a key too long for its index), P0 raised by our own walls.
 */
const dataClasses: ReadonlySet<string> = new Set(['21', '22', '23', '44', '54', 'P0']);
