import pg from 'pg';
import { ConstraintViolated, Fenced, StoreUnavailable } from '../store.ts';

/** Connections to PostgreSQL: one place for their limits and for what their errors mean. */

// Counts and times are far below 2^53, so they are numbers here.
pg.types.setTypeParser(pg.types.builtins.INT8, Number);

/** A frozen owner must not block its successor: every connection gives up by itself. */
const idleInTransactionMs = 5_000;
const lockWaitMs = 5_000;
const statementMs = 30_000;
const connectMs = 5_000;

export interface ConnectionOptions {
  readonly url: string;
  readonly applicationName: string;
  /** A commit need not reach the disk before it is answered. */
  readonly asynchronousCommit?: boolean;
}

function settingsOf({ url, applicationName, asynchronousCommit = false }: ConnectionOptions): pg.ClientConfig {
  return {
    connectionString: url,
    application_name: applicationName,
    connectionTimeoutMillis: connectMs,
    keepAlive: true,
    options: [
      `-c idle_in_transaction_session_timeout=${idleInTransactionMs}`,
      `-c lock_timeout=${lockWaitMs}`,
      `-c statement_timeout=${statementMs}`,
      '-c jit=off',
      ...(asynchronousCommit ? ['-c synchronous_commit=off'] : []),
    ].join(' '),
  };
}

/** A pool for queries of requests. */
export function createPool(options: ConnectionOptions & { readonly connectionsMax: number }): pg.Pool {
  const pool = new pg.Pool({ ...settingsOf(options), max: options.connectionsMax, idleTimeoutMillis: 60_000 });
  // A connection that dies while idle is replaced at the next query; without a listener it would end the process.
  pool.on('error', () => undefined);
  return pool;
}

/**
 * One connection that sends without waiting: the statements of a transaction travel together and cost one round trip.
 * It connects at the first use and again after it broke.
 */
export class PipelinedConnection {
  readonly #options: ConnectionOptions;
  #client: Promise<pg.Client> | undefined;

  constructor(options: ConnectionOptions) {
    this.#options = options;
  }

  async #connected(): Promise<pg.Client> {
    this.#client ??= (async () => {
      const client = new pg.Client({ ...settingsOf(this.#options), pipeline: true } as pg.ClientConfig);
      client.on('error', () => {
        this.#client = undefined;
      });
      await client.connect();
      return client;
    })();
    try {
      return await this.#client;
    } catch (error) {
      this.#client = undefined;
      throw storeError(error);
    }
  }

  /** Runs statements that need no transaction, all at once. */
  async query(statements: readonly pg.QueryConfig[]): Promise<pg.QueryResult[]> {
    const client = await this.#connected();
    return this.#settle(statements.map((statement) => client.query(statement)));
  }

  /** Runs statements in one transaction and one round trip. */
  async transaction(statements: readonly pg.QueryConfig[]): Promise<pg.QueryResult[]> {
    return this.query([{ text: 'begin' }, ...statements, { text: 'commit' }]);
  }

  async #settle(running: readonly Promise<pg.QueryResult>[]): Promise<pg.QueryResult[]> {
    const settled = await Promise.allSettled(running);
    // The first failure is the cause; those behind it only say that the transaction is aborted.
    const failed = settled.find((each) => each.status === 'rejected');
    if (failed?.status === 'rejected') {
      const error = storeError(failed.reason);
      if (error instanceof StoreUnavailable) await this.close();
      throw error;
    }
    return settled.map((each) => (each as PromiseFulfilledResult<pg.QueryResult>).value);
  }

  async close(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    if (client !== undefined) await client.then((each) => each.end()).catch(() => undefined);
  }
}

/** What an error of the driver means to the task loop. */
export function storeError(error: unknown): Error {
  if (error instanceof Fenced || error instanceof ConstraintViolated || error instanceof StoreUnavailable) return error;
  const { code, message, detail, constraint } = error as pg.DatabaseError;
  if (code === 'FH001') return new Fenced(message, { cause: error });
  if (code === 'FH002') return new ConstraintViolated(message, { cause: error });
  // Class 23: integrity constraint violation; class 22: data exception (a value the column cannot hold).
  if (code?.startsWith('23') || code?.startsWith('22')) {
    const what = [message, detail, constraint && `constraint ${constraint}`].filter(Boolean).join('; ');
    return new ConstraintViolated(what, { cause: error });
  }
  return new StoreUnavailable(message ?? String(error), { cause: error });
}
