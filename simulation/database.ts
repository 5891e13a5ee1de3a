import { newId } from '../src/contracts/ids.ts';
import { publication } from '../src/contracts/topics.ts';
import { partitionOf } from '../src/runtime/log/partitioner.ts';
import type { Statement } from '../src/runtime/service.ts';
import type {
  FirstAnswer,
  Idempotency,
  OwnedFact,
  Request,
  Submission,
  Transaction,
} from '../src/runtime/service-runtime.ts';
import { type Contents, MemoryStore } from '../src/runtime/store/memory-store.ts';
import type { Commit, RequestRow, Store } from '../src/runtime/store/store.ts';
import type { Account } from './account-queries.ts';
import { answer, type Holding, type Transfer } from './queries.ts';

/** What was answered to a key, and to which body. */
export interface StoredAnswer {
  readonly answer: FirstAnswer;
  readonly bodyHash: string;
}

/** A transaction of the gate, and the answer to a key that is kept with it. */
export interface GateTransaction extends Transaction {
  keep(idempotency: Idempotency, answer: FirstAnswer): Promise<void>;
}

/** The database of one simulated service: in memory, or in a PostgreSQL. It outlives every process of the service. */
export interface SimulatedDatabase {
  readonly store: Store;
  /** Whether one of the statements that a service adds to its commits is run. */
  runs(statement: Statement): boolean;
  contents(): Promise<Contents>;
  /** One transaction: the key, the requests and the first documents; nothing of it where the key was answered before. */
  submit(
    submission: Submission,
    now: number,
  ): Promise<{ readonly before: StoredAnswer | undefined; readonly rows: readonly RequestRow[] }>;
  answered(idempotency: Idempotency): Promise<StoredAnswer | undefined>;
  /** Facts of request-owned streams, as their transaction stores them. */
  publish(facts: readonly OwnedFact[], now: number): Promise<readonly RequestRow[]>;
  /** Work that locks rows: one after the other, with the facts it publishes. */
  transaction<Result>(
    now: number,
    work: (transaction: GateTransaction) => Promise<Result>,
  ): Promise<{ readonly result: Result; readonly rows: readonly RequestRow[] }>;
  query(text: string, values: readonly unknown[]): Promise<readonly unknown[]>;
}

/** What is published of a profile is the only thing that ever changes of what is stored; it is told by a statement. */
const erasing = 'erase-profiles';

/** The memory store, where profiles are erased as the statement of the user service does it. */
class ErasingStore extends MemoryStore {
  override async commit(commit: Commit): Promise<void> {
    await super.commit(commit);
    for (const { name, values } of commit.statements) {
      if (name !== erasing) continue;
      const erased = new Set(values[0] as readonly string[]);
      for (const event of this.contents.events)
        if (event.channel === 'user-profiles' && erased.has(event.subject))
          Object.assign(event, { data: null, json: 'null' });
    }
  }
}

/** In memory: the memory store, and beside it what the gate of the real one keeps in tables of its own. */
export class Database implements SimulatedDatabase {
  readonly store = new ErasingStore();
  readonly answers = new Map<string, StoredAnswer>();
  /** Accounts of the user service, by the ids of their owners. */
  readonly users = new Map<string, Account>();
  /** Sendings that were begun on a channel that does not know delivery keys. */
  readonly sendings = new Set<string>();
  /** Genuine webhooks that matched nothing. */
  readonly unmatchedWebhooks = new Set<string>();
  /** Tickets somebody was let in with. */
  readonly admissions = new Map<string, { readonly admittedAt: Date; readonly gate: string }>();
  /** Tickets that were offered, by the ids of the offers. */
  readonly transfers = new Map<string, Transfer>();
  /** By ticket: who took it last. */
  readonly taken = new Map<string, Holding>();
  /** Bookings whose tickets were given back. */
  readonly returned = new Set<string>();
  readonly #partitions: number;
  readonly #waiting: (() => void)[] = [];
  #locked = false;

  constructor(partitions: number) {
    this.#partitions = partitions;
  }

  /** All others are walls and reports. */
  runs({ name }: Statement): boolean {
    return name === erasing;
  }

  async contents(): Promise<Contents> {
    return this.store.contents;
  }

  async submit({ idempotency, answer, requests, documents }: Submission, now: number) {
    const name = nameOf(idempotency);
    const before = name === undefined ? undefined : this.answers.get(name);
    if (before !== undefined) return { before, rows: [] };
    const rows = requests.map((request) => requestRow(request, { acceptedAt: now, partitions: this.#partitions }));
    if (name !== undefined) this.answers.set(name, { answer, bodyHash: idempotency?.bodyHash ?? '' });
    await this.store.accept(rows);
    for (const document of documents ?? []) this.store.keepFirstDocument(document.view, document);
    return { before: undefined, rows };
  }

  async answered(idempotency: Idempotency): Promise<StoredAnswer | undefined> {
    return this.answers.get(nameOf(idempotency) ?? '');
  }

  async publish(facts: readonly OwnedFact[], now: number): Promise<readonly RequestRow[]> {
    const rows = facts.map((fact) => factRow(fact, { acceptedAt: now, partitions: this.#partitions }));
    await this.store.accept(rows);
    return rows;
  }

  transaction<Result>(now: number, work: (transaction: GateTransaction) => Promise<Result>) {
    return this.#exclusively(async () => {
      const stored = rowsStored({ acceptedAt: now, partitions: this.#partitions });
      const result = await work({
        ...stored.transaction,
        query: async <Found>(text: string, values: readonly unknown[] = []) =>
          answer(this, text, values) as readonly Found[],
        keep: async (idempotency, kept) => void (await this.submit({ idempotency, answer: kept, requests: [] }, now)),
      });
      await this.store.accept(stored.rows);
      return { result, rows: stored.rows };
    });
  }

  async query(text: string, values: readonly unknown[]): Promise<readonly unknown[]> {
    return answer(this, text, values);
  }

  async #exclusively<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#locked) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#locked = true;
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#locked = false;
      else next();
    }
  }
}

interface Accepted {
  readonly acceptedAt: number;
  readonly partitions: number;
}

export function requestRow(
  { type, key, subject, data, traceparent }: Request,
  { acceptedAt, partitions }: Accepted,
): RequestRow {
  const partition = partitionOf(key, partitions);
  const requestId = newId('request');
  const about = { requestId, partition, type, key, subject, data, traceparent, acceptedAt };
  return { ...about, intent: 'decide', stream: undefined, streamVersion: undefined };
}

/** What a transaction stores beside its own rows, in the order in which it says so. */
export function rowsStored(accepted: Accepted): {
  readonly rows: readonly RequestRow[];
  readonly transaction: Pick<Transaction, 'publish' | 'request'>;
} {
  const rows: RequestRow[] = [];
  return {
    rows,
    transaction: {
      publish: async (facts) => {
        for (const fact of [facts].flat() as OwnedFact[]) rows.push(factRow(fact, accepted));
      },
      request: async (request) => void rows.push(requestRow(request, accepted)),
    },
  };
}

export function factRow(fact: OwnedFact, { acceptedAt, partitions }: Accepted): RequestRow {
  const global = publication(fact.type)?.topic.partitions === 'one';
  const partition = global ? 0 : partitionOf(fact.key, partitions);
  const { type, key, subject, stream, streamVersion, data, traceparent } = fact;
  const about = { type, key, subject, stream, streamVersion, data, traceparent };
  return { ...about, requestId: newId('request'), partition, acceptedAt, intent: 'publish' };
}

function nameOf(idempotency: Idempotency | undefined): string | undefined {
  return idempotency && `${idempotency.scope} ${idempotency.key}`;
}
