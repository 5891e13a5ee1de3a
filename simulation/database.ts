import { newId } from '../src/contracts/ids.ts';
import { publication } from '../src/contracts/topics.ts';
import { partitionOf } from '../src/runtime/log/partitioner.ts';
import type { FirstAnswer, Idempotency, OwnedFact, Request, Submission } from '../src/runtime/service-runtime.ts';
import { MemoryStore } from '../src/runtime/store/memory-store.ts';
import type { RequestRow } from '../src/runtime/store/store.ts';

/** What was answered to a key, and to which body. */
export interface StoredAnswer {
  readonly answer: FirstAnswer;
  readonly bodyHash: string;
}

/**
 * The database of one simulated service: the memory store, and beside it what the gate of the real one keeps in tables of
 * its own. It outlives every process of the service.
 */
export class Database {
  readonly store = new MemoryStore();
  readonly answers = new Map<string, StoredAnswer>();
  /** Sendings that were begun on a channel that does not know delivery keys. */
  readonly sendings = new Set<string>();
  /** Genuine webhooks that matched nothing. */
  readonly unmatchedWebhooks = new Set<string>();
  /** Tickets somebody was let in with. */
  readonly admissions = new Map<string, { readonly admittedAt: Date; readonly gate: string }>();
  readonly #partitions: number;
  readonly #waiting: (() => void)[] = [];
  #locked = false;

  constructor(partitions: number) {
    this.#partitions = partitions;
  }

  /** One transaction: the key, the requests and the first documents; nothing of it where the key was answered before. */
  async submit({ idempotency, answer, requests, documents }: Submission, now: number) {
    const name = nameOf(idempotency);
    const before = name === undefined ? undefined : this.answers.get(name);
    if (before !== undefined) return { before, rows: [] };
    const rows = requests.map((request) => this.#rowOf(request, now));
    if (name !== undefined) this.answers.set(name, { answer, bodyHash: idempotency?.bodyHash ?? '' });
    await this.store.accept(rows);
    for (const document of documents ?? []) this.store.keepFirstDocument(document.view, document);
    return { before: undefined, rows };
  }

  answered(idempotency: Idempotency): StoredAnswer | undefined {
    return this.answers.get(nameOf(idempotency) ?? '');
  }

  /** Facts of request-owned streams, as their transaction stores them. */
  async publish(facts: readonly OwnedFact[], now: number): Promise<readonly RequestRow[]> {
    const rows = facts.map((fact) => this.#factRow(fact, now));
    await this.store.accept(rows);
    return rows;
  }

  /** Work that locks rows: one after the other. */
  async exclusively<Result>(work: () => Promise<Result>): Promise<Result> {
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

  #rowOf({ type, key, subject, data, traceparent }: Request, acceptedAt: number): RequestRow {
    const partition = partitionOf(key, this.#partitions);
    const requestId = newId('request');
    const about = { requestId, partition, type, key, subject, data, traceparent, acceptedAt };
    return { ...about, intent: 'decide', stream: undefined, streamVersion: undefined };
  }

  #factRow(fact: OwnedFact, acceptedAt: number): RequestRow {
    const global = publication(fact.type)?.topic.partitions === 'one';
    const partition = global ? 0 : partitionOf(fact.key, this.#partitions);
    const { type, key, subject, stream, streamVersion, data, traceparent } = fact;
    const about = { type, key, subject, stream, streamVersion, data, traceparent };
    return { ...about, requestId: newId('request'), partition, acceptedAt, intent: 'publish' };
  }
}

function nameOf(idempotency: Idempotency | undefined): string | undefined {
  return idempotency && `${idempotency.scope} ${idempotency.key}`;
}
