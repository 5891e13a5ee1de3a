import pg from 'pg';
import {
  type AnswerRow,
  insertDocuments,
  insertRequests,
  keepAnswers,
  selectAnswers,
} from '../../src/runtime/ingress-statements.ts';
import type { ServiceDefinition } from '../../src/runtime/service.ts';
import type { Idempotency, OwnedFact, Submission } from '../../src/runtime/service-runtime.ts';
import type { Contents } from '../../src/runtime/store/memory-store.ts';
import { storeError } from '../../src/runtime/store/postgres/connection.ts';
import { PostgresStore, selectRequests } from '../../src/runtime/store/postgres/postgres-store.ts';
import type { RequestRow, Store } from '../../src/runtime/store/store.ts';
import {
  factRow,
  type GateTransaction,
  requestRow,
  rowsStored,
  type SimulatedDatabase,
  type StoredAnswer,
} from '../database.ts';
import type { RealWork } from './real-work.ts';

/**
 * The database of one simulated service in a real PostgreSQL: the product's own migrations, its store, the statements that
 * services add to their commits, their questions, and the SQL of the gate. All of it is real work, for which virtual time
 * stands still.
 */
export class SqlDatabase implements SimulatedDatabase {
  readonly store: Store;
  readonly #definition: ServiceDefinition;
  readonly #client: pg.Client;
  readonly #own: PostgresStore;
  readonly #work: RealWork;
  readonly #partitions: number;

  private constructor(options: SqlDatabaseOptions, client: pg.Client) {
    const { definition, url, work, partitions } = options;
    this.#definition = definition;
    this.#client = client;
    this.#work = work;
    this.#partitions = partitions;
    this.#own = new PostgresStore({ url, applicationName: 'simulation', views: definition.views ?? [] });
    this.store = inTurn(this.#own, work);
  }

  runs(): boolean {
    return true;
  }

  static async open(options: SqlDatabaseOptions): Promise<SqlDatabase> {
    const client = new pg.Client({ connectionString: options.url });
    await client.connect();
    return new SqlDatabase(options, client);
  }

  /** Forgets everything; for the next run. */
  async empty(): Promise<void> {
    const { rows } = await this.#client.query<{ tables: string }>(
      `select string_agg(quote_ident(tablename), ', ') as tables from pg_tables
       where schemaname = 'public' and tablename <> 'migrations'`,
    );
    await this.#client.query(`truncate ${rows[0]?.tables} restart identity`);
  }

  async close(): Promise<void> {
    await this.#own.close();
    await this.#client.end();
  }

  async submit(submission: Submission, now: number) {
    const { idempotency, requests } = submission;
    const accepted = { acceptedAt: now, partitions: this.#partitions };
    const rows = requests.map((request) => requestRow(request, accepted));
    return this.#work.take(async () => {
      const before = idempotency && (await this.#answerTo(idempotency));
      if (before !== undefined) return { before, rows: [] };
      const statements = [
        ...(idempotency === undefined ? [] : [keepAnswers([submission], now)]),
        ...(rows.length > 0 ? [insertRequests(rows)] : []),
        ...insertDocuments([submission], { views: this.#definition.views ?? [], partitions: this.#partitions }),
      ];
      await this.#ask('begin');
      for (const { text, values = [] } of statements) await this.#ask(text, values);
      await this.#ask('commit');
      return { before: undefined, rows };
    });
  }

  answered(idempotency: Idempotency): Promise<StoredAnswer | undefined> {
    return this.#work.take(() => this.#answerTo(idempotency));
  }

  async publish(facts: readonly OwnedFact[], now: number): Promise<readonly RequestRow[]> {
    const rows = this.#factRows(facts, now);
    await this.#work.take(async () => {
      const { text, values } = insertRequests(rows);
      await this.#ask(text, values);
    });
    return rows;
  }

  transaction<Result>(now: number, work: (transaction: GateTransaction) => Promise<Result>) {
    return this.#work.take(async () => {
      const stored = rowsStored({ acceptedAt: now, partitions: this.#partitions });
      await this.#ask('begin');
      try {
        const result = await work({
          ...stored.transaction,
          query: async <Found>(text: string, values: readonly unknown[] = []) =>
            (await this.#ask(text, values)) as readonly Found[],
          keep: async (idempotency, answer) => {
            const { text, values } = keepAnswers([{ idempotency, answer, requests: [] }], now);
            await this.#ask(text, values);
          },
        });
        const { text, values } = insertRequests(stored.rows);
        await this.#ask(text, values);
        await this.#ask('commit');
        return { result, rows: stored.rows };
      } catch (error) {
        await this.#ask('rollback');
        throw error;
      }
    });
  }

  query(text: string, values: readonly unknown[]): Promise<readonly unknown[]> {
    return this.#work.take(() => this.#ask(text, values));
  }

  contents(): Promise<Contents> {
    return this.#work.take(async () => {
      const rows = async <Row>(text: string) => (await this.#ask(text)) as readonly Row[];
      const documents = new Map<string, ReadonlyMap<string, unknown>>();
      for (const { name } of this.#definition.views ?? []) {
        const found = await rows<{ readonly id: string; readonly body: unknown }>(
          `select id, body from ${name} order by id`,
        );
        documents.set(name, new Map(found.map(({ id, body }) => [id, body])));
      }
      return {
        documents,
        tasks: await rows('select * from tasks order by partition'),
        events: await rows(
          `select channel, partition, sequence, timeline, stream, stream_version as "streamVersion", type, version, subject, key,
             time, causation_id as "causationId", correlation_id as "correlationId", traceparent, data, data::text as json
           from events order by channel, partition, sequence`,
        ),
        deadlines: await rows('select stream, part, partition, kind, key, due_at as "dueAt" from deadlines'),
        effects: await rows(
          `select o.stream, o.stream_version as "streamVersion", e.type, e.subject
           from open_effects o join events e using (stream, stream_version)`,
        ),
        requests: await rows(selectRequests),
        parked: await rows('select parked_id as "parkedId", partition, subject, reason, detail from parked'),
      };
    });
  }

  #factRows(facts: readonly OwnedFact[], acceptedAt: number): readonly RequestRow[] {
    return facts.map((fact) => factRow(fact, { acceptedAt, partitions: this.#partitions }));
  }

  async #answerTo(idempotency: Idempotency): Promise<StoredAnswer | undefined> {
    const { text, values } = selectAnswers([idempotency]);
    const [row] = (await this.#ask(text, values)) as readonly AnswerRow[];
    if (row === undefined) return undefined;
    const { status, location, resource, bodyHash } = row;
    return { bodyHash, answer: { status, resource, ...(location === null ? {} : { location }) } };
  }

  async #ask(text: string, values: readonly unknown[] = []): Promise<readonly unknown[]> {
    try {
      return (await this.#client.query(text, [...values])).rows;
    } catch (error) {
      throw storeError(error);
    }
  }
}

export interface SqlDatabaseOptions {
  readonly definition: ServiceDefinition;
  readonly url: string;
  readonly work: RealWork;
  readonly partitions: number;
}

/** A store whose every call is real work; its clock is the simulation's. */
function inTurn(store: PostgresStore, work: RealWork): Store {
  return {
    takeOver: (partitions) => work.take(async () => ({ ...(await store.takeOver(partitions)), now: Date.now() })),
    loadStreams: (streams) => work.take(() => store.loadStreams(streams)),
    loadReferences: (keys) => work.take(() => store.loadReferences(keys)),
    loadDocuments: (view, ids) => work.take(() => store.loadDocuments(view, ids)),
    loadParked: (parkedIds) => work.take(() => store.loadParked(parkedIds)),
    readEvents: (from) => work.take(() => store.readEvents(from)),
    commit: (commit) => work.take(() => store.commit(commit)),
    close: async () => undefined,
  };
}
