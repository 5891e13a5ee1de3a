import type pg from 'pg';
import type { Logger } from './logger.ts';
import type { Notices } from './notices.ts';

/** Does what operators ask of the owner of a task. Throws to say no. */
export type Operate = (operation: string, input: unknown) => Promise<unknown>;

interface Asked {
  readonly operation_id: string;
  readonly partition: number;
  readonly operation: string;
  readonly input: unknown;
}

/**
 * What operators ask of tasks that this instance owns: stored in the service's database by whoever was asked, told by a
 * notice, taken once, answered in its row. One at a time.
 */
export class AskedOperations {
  readonly #options: AskedOperationsOptions;
  #again = false;
  #running: Promise<void> | undefined;

  constructor(options: AskedOperationsOptions) {
    this.#options = options;
  }

  /** Something may have been asked. */
  look(): void {
    this.#again = true;
    this.#running ??= this.#run();
  }

  async #run(): Promise<void> {
    while (this.#again) {
      this.#again = false;
      try {
        for (const asked of await this.#take()) await this.#answer(asked).catch((error: Error) => this.#failed(error));
      } catch (error) {
        this.#failed(error as Error);
      }
    }
    this.#running = undefined;
  }

  #failed({ message: error }: Error): void {
    this.#options.logger.error({ error }, 'what an operator asked for was not done, or not answered');
  }

  async #take(): Promise<readonly Asked[]> {
    const { pool, partitions } = this.#options;
    const { rows } = await pool.query<Asked>(
      `update operations set state = 'taken' where state = 'asked' and partition = any ($1)
       returning operation_id, partition, operation, input`,
      [[...partitions()]],
    );
    return rows;
  }

  async #answer({ operation_id: operationId, partition, operation, input }: Asked): Promise<void> {
    const { pool, notices, operate, logger } = this.#options;
    const { state, answer } = await operate(operation, input).then(
      (done) => ({ state: 'done', answer: done }),
      (error: Error & { readonly code?: unknown }) => ({
        state: error.name === 'OperationRefused' ? 'refused' : 'failed',
        answer: { code: String(error.code), message: error.message },
      }),
    );
    logger.info({ operationId, operation, partition, state }, 'an operator asked for it');
    const notice = { operations: [{ operationId, partition }] };
    const client = await pool.connect();
    try {
      await client.query('begin');
      const values = [operationId, state, JSON.stringify(answer ?? null)];
      await client.query('update operations set state = $2, answer = $3 where operation_id = $1', values);
      for (const { text, values: told } of notices.telling(notice)) await client.query(text, [...told]);
      await client.query('commit');
      client.release();
    } catch (error) {
      client.release(true);
      throw error;
    }
    notices.told(notice);
  }

  async idle(): Promise<void> {
    await this.#running;
  }
}

export interface AskedOperationsOptions {
  readonly pool: pg.Pool;
  readonly notices: Notices;
  readonly logger: Logger;
  readonly operate: Operate;
  /** The tasks that this instance owns. */
  readonly partitions: () => readonly number[];
}
