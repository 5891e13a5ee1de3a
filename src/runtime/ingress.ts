import type pg from 'pg';
import type { QueryConfig } from 'pg';
import { newId } from '../contracts/ids.ts';
import { publication } from '../contracts/topics.ts';
import { type Batcher, createBatcher } from './batcher.ts';
import { Problem } from './http/problem.ts';
import { type AnswerRow, insertDocuments, insertRequests, keepAnswers, selectAnswers } from './ingress-statements.ts';
import { partitionOf } from './log/partitioner.ts';
import type { Statement, View } from './service.ts';
import type {
  FirstAnswer,
  FirstDocument,
  Idempotency,
  OwnedFact,
  Request,
  Submission,
  Submitted,
  Transaction,
} from './service-runtime.ts';
import { type ConnectionOptions, PipelinedConnection, storeError } from './store/postgres/connection.ts';
import { ConstraintViolated, type RequestRow, StoreUnavailable } from './store/store.ts';

/** Submissions that share one transaction. */
const submissionsMax = 200;
/** Submissions waiting before new ones are refused with 503. */
const submissionsQueuedMax = 5_000;

export interface IngressOptions {
  readonly connection: ConnectionOptions;
  readonly pool: pg.Pool;
  readonly views: readonly View[];
  readonly partitions: number;
  readonly now: () => number;
  /** Statements that tell other instances of the rows a transaction stores, as part of it. */
  readonly telling?: (rows: readonly RequestRow[]) => readonly Statement[];
  /** Called after the commit with the rows it stored, and the documents it began. */
  readonly onStored: (rows: readonly RequestRow[], documents: readonly FirstDocument[]) => void;
  /** Called where a commit's outcome is unknown: rows may be stored that nobody was told of. */
  readonly onUnknown: (error: StoreUnavailable) => void;
  /** Whether what was stored before is still waiting in too large a number. */
  readonly isFull: () => boolean;
}

/**
 * How a HTTP request enters: one transaction, shared by concurrent requests, stores the idempotency key, the request rows
 * and the documents that must be readable at once. Only then is it answered; the partition’s owner takes the rows.
 *
 * A little longer than other files: the shared and the single transaction keep one set of promises, and are read together.
 */
export class Ingress {
  readonly #options: IngressOptions;
  readonly #connection: PipelinedConnection;
  readonly #submissions: Batcher<Submission, Stored | { readonly failed: Error }>;
  /** By key: the request that is being stored. */
  readonly #storing = new Map<string, Promise<unknown>>();

  constructor(options: IngressOptions) {
    this.#options = options;
    this.#connection = new PipelinedConnection(options.connection);
    this.#submissions = createBatcher({
      itemsMax: submissionsMax,
      queuedMax: submissionsQueuedMax,
      run: (all) => this.#store(all),
    });
  }

  /** Submissions that are being stored. */
  get entering(): number {
    return this.#submissions.size;
  }

  /** Throws `idempotency_key_reused`, `request_in_progress` or `overloaded`. */
  async submit(submission: Submission): Promise<Submitted> {
    if (this.#options.isFull())
      throw new Problem('overloaded', 'Too much is waiting. Come back in a second.', { retryAfterSeconds: 1 });
    return this.#once(submission, async () => {
      const stored = await this.#submissions.add(submission);
      if ('failed' in stored) throw stored.failed;
      if (stored.reused) throw reused();
      return stored;
    });
  }

  /**
   * Lets the first request with a key through. One that comes meanwhile gets what was answered before, where anything was; while
   * the very first is being stored, it is told to come back, or waits for what becomes of it.
   */
  async #once(
    { idempotency, joins = false }: Pick<Submission, 'idempotency' | 'joins'>,
    work: () => Promise<Submitted>,
  ): Promise<Submitted> {
    if (idempotency === undefined) return work();
    const name = `${idempotency.scope} ${idempotency.key}`;
    for (let first = this.#storing.get(name); first !== undefined; first = this.#storing.get(name)) {
      if (joins) await first.catch(() => undefined);
      const answer = await this.answered(idempotency);
      if (answer !== undefined) return { repeated: true, answer };
      if (!joins)
        throw new Problem('request_in_progress', 'Send the request again in a second.', { retryAfterSeconds: 1 });
    }
    const storing = work();
    this.#storing.set(name, storing);
    try {
      return await storing;
    } finally {
      this.#storing.delete(name);
    }
  }

  /**
   * One transaction for all, taking every key for a new one. Where that fails, those answered before are told from the
   * new ones; where one of these makes it impossible, one transaction for each.
   */
  async #store(submissions: readonly Submission[]): Promise<readonly (Stored | { readonly failed: Error })[]> {
    try {
      await this.#insert(submissions);
      return submissions.map(({ answer }) => ({ repeated: false, reused: false, answer }));
    } catch (error) {
      if (!(error instanceof ConstraintViolated)) throw error;
      if (submissions.length === 1) return this.#firstAnswersOrThrow(submissions, error);
    }
    const firsts = await this.#firstAnswers(submissions);
    const fresh = submissions.filter((_, index) => firsts[index] === undefined);
    // None was answered before: one of them cannot be stored, whatever comes with it.
    if (fresh.length === submissions.length) return this.#storeEach(submissions);
    const stored = fresh.length === 0 ? [] : [...(await this.#store(fresh))];
    return firsts.map((first) => (first === undefined ? shifted(stored) : { repeated: true, ...first }));
  }

  /** Stores submissions as new; throws `ConstraintViolated` where a key was answered before. */
  async #insert(submissions: readonly Submission[]): Promise<void> {
    const now = this.#options.now();
    const rows = submissions.flatMap((each) => each.requests.map((request) => this.#rowOf(request, now)));
    const statements = [
      ...(submissions.some((each) => each.idempotency !== undefined) ? [keepAnswers(submissions, now)] : []),
      ...(rows.length > 0 ? [insertRequests(rows)] : []),
      ...insertDocuments(submissions, this.#options),
      ...this.#telling(rows),
    ];
    try {
      await this.#connection.write(statements);
    } catch (error) {
      if (error instanceof StoreUnavailable && rows.length > 0) this.#options.onUnknown(error);
      throw error;
    }
    this.#options.onStored(
      rows,
      submissions.flatMap((each) => each.documents ?? []),
    );
  }

  #telling(rows: readonly RequestRow[]): QueryConfig[] {
    return (this.#options.telling?.(rows) ?? []).map((each) => ({ ...each, values: [...each.values] }));
  }

  async #storeEach(submissions: readonly Submission[]) {
    const stored = await Promise.all(
      submissions.map((each) => this.#store([each]).catch((error: unknown) => [{ failed: error as Error }])),
    );
    return stored.flat();
  }

  async #firstAnswersOrThrow(submissions: readonly Submission[], error: ConstraintViolated) {
    const firsts = await this.#firstAnswers(submissions);
    return firsts.map((first) => {
      if (first === undefined) throw error;
      return { repeated: true, ...first };
    });
  }

  async #firstAnswers(submissions: readonly Submission[]): Promise<readonly (StoredAnswer | undefined)[]> {
    const keyed = submissions.flatMap((each) => (each.idempotency === undefined ? [] : [each.idempotency]));
    if (keyed.length === 0) return submissions.map(() => undefined);
    const [found] = await this.#connection.query([selectAnswers(keyed)]);
    const answers = new Map(((found?.rows ?? []) as AnswerRow[]).map((row) => [`${row.scope} ${row.key}`, row]));
    return submissions.map(({ idempotency }) => {
      const row = idempotency === undefined ? undefined : answers.get(`${idempotency.scope} ${idempotency.key}`);
      return row === undefined || idempotency === undefined
        ? undefined
        : { answer: toAnswer(row), reused: row.bodyHash !== idempotency.bodyHash };
    });
  }

  #rowOf(request: Request, acceptedAt: number): RequestRow {
    return {
      requestId: newId('request'),
      partition: partitionOf(request.key, this.#options.partitions),
      intent: 'decide',
      type: request.type,
      key: request.key,
      subject: request.subject,
      stream: undefined,
      streamVersion: undefined,
      traceparent: request.traceparent,
      acceptedAt,
      data: request.data,
    };
  }

  #factRow(fact: OwnedFact, acceptedAt: number): RequestRow {
    const global = publication(fact.type)?.topic.partitions === 'one';
    return {
      requestId: newId('request'),
      partition: global ? 0 : partitionOf(fact.key, this.#options.partitions),
      intent: 'publish',
      type: fact.type,
      key: fact.key,
      subject: fact.subject,
      stream: fact.stream,
      streamVersion: fact.streamVersion,
      traceparent: fact.traceparent,
      acceptedAt,
      data: fact.data,
    };
  }

  /** What was answered to a key before; throws `idempotency_key_reused`. */
  async answered(idempotency: Idempotency): Promise<FirstAnswer | undefined> {
    const { text, values } = selectAnswers([idempotency]);
    const found = await this.#options.pool.query<AnswerRow>(text, values).catch((error: unknown) => {
      throw storeError(error);
    });
    const row = found.rows[0];
    if (row === undefined) return undefined;
    if (row.bodyHash !== idempotency.bodyHash) throw reused();
    return toAnswer(row);
  }

  /**
   * A transaction of a request-owned stream. Throws `StoreUnavailable` and its like for what the database says; errors of
   * the work itself come through as they are.
   */
  async transaction<Result>(work: (transaction: Transaction) => Promise<Result>): Promise<Result> {
    const client = await this.#options.pool.connect().catch((error: unknown) => {
      throw storeError(error);
    });
    const query = (text: string, values: readonly unknown[] = []) =>
      client.query(text, [...values]).catch((error: unknown) => {
        throw storeError(error);
      });
    const rows: RequestRow[] = [];
    let committing = false;
    try {
      await query('begin');
      const result = await work(this.#transactionOver(query, rows));
      if (rows.length > 0) {
        for (const { text, values } of [insertRequests(rows), ...this.#telling(rows)]) await query(text, values);
      }
      committing = true;
      await query('commit');
      client.release();
      if (rows.length > 0) this.#options.onStored(rows, []);
      return result;
    } catch (error) {
      // A connection in an unknown state is thrown away; the server rolls back.
      await client.query('rollback').then(
        () => client.release(),
        () => client.release(true),
      );
      if (committing && error instanceof StoreUnavailable && rows.length > 0) this.#options.onUnknown(error);
      throw error;
    }
  }

  #transactionOver(
    query: (text: string, values?: readonly unknown[]) => Promise<pg.QueryResult>,
    rows: RequestRow[],
  ): Transaction {
    const now = this.#options.now();
    return {
      query: async <Row>(text: string, values: readonly unknown[] = []) => (await query(text, values)).rows as Row[],
      publish: async (facts: OwnedFact | readonly OwnedFact[]) => {
        for (const fact of [facts].flat() as OwnedFact[]) rows.push(this.#factRow(fact, now));
      },
      request: async (request) => {
        rows.push(this.#rowOf(request, now));
      },
    };
  }

  async transactionOnce(
    idempotency: Idempotency | undefined,
    work: (transaction: Transaction) => Promise<FirstAnswer>,
    { joins = false }: Pick<Submission, 'joins'> = {},
  ): Promise<Submitted> {
    return this.#once({ idempotency, joins }, async () => {
      const first = idempotency === undefined ? undefined : await this.answered(idempotency);
      if (first !== undefined) return { repeated: true, answer: first };
      try {
        const answer = await this.transaction(async (transaction) => {
          const done = await work(transaction);
          if (idempotency !== undefined) {
            const { text, values } = keepAnswers([{ idempotency, answer: done, requests: [] }], this.#options.now());
            await transaction.query(text, values);
          }
          return done;
        });
        return { repeated: false, answer };
      } catch (error) {
        // Another instance may have done it a moment ago, and ours failed for just that: its work counts, ours was rolled back.
        const mayBeTheirs = idempotency !== undefined && !(error instanceof StoreUnavailable);
        const answer = mayBeTheirs ? await this.answered(idempotency) : undefined;
        if (answer === undefined) throw error;
        return { repeated: true, answer };
      }
    });
  }

  async close(): Promise<void> {
    await this.#submissions.idle();
    await this.#connection.close();
  }
}

type Stored = Submitted & { readonly reused: boolean };

/** The next result, in order. */
function shifted<Result>(results: Result[]): Result {
  const next = results.shift();
  if (next === undefined) throw new Error('a submission has no result');
  return next;
}

interface StoredAnswer {
  readonly answer: FirstAnswer;
  /** The key came with another body this time. */
  readonly reused: boolean;
}

export function reused(): Problem {
  return new Problem(
    'idempotency_key_reused',
    'This Idempotency-Key came with another body before. Use a new key for a new request.',
  );
}

function toAnswer({ status, location, resource }: AnswerRow): FirstAnswer {
  return { status, resource, ...(location === null ? {} : { location }) };
}
