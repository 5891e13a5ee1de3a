import type { AppliedBatch } from '../src/runtime/service.ts';
import {
  type Commit,
  type EventsFrom,
  type Store,
  StoreUnavailable,
  type StreamToLoad,
  type Takeover,
} from '../src/runtime/store/store.ts';
import type { SimulatedProcess } from './process.ts';

/** Told of what a service has stored. */
export interface Auditor {
  /** `applied`: what the batch was made from; empty where nothing of it concerns a view. */
  committed(service: string, process: string, commit: Commit, applied: AppliedBatch['applied']): void;
  tookOver(service: string, takeover: Takeover): void;
}

export interface FaultyStoreOptions {
  readonly service: string;
  readonly process: SimulatedProcess;
  readonly memory: Store;
  readonly auditor: Auditor;
  /** What the batch that is being committed has applied. */
  readonly applied: () => AppliedBatch['applied'];
}

/** A service's database as one process sees it: slow, failing before or after a commit, or never answering again. */
export class FaultyStore implements Store {
  readonly #options: FaultyStoreOptions;

  constructor(options: FaultyStoreOptions) {
    this.#options = options;
  }

  async takeOver(partitions: readonly number[]) {
    await this.#reading();
    const takeover = await this.#options.memory.takeOver(partitions);
    const { process, auditor, service } = this.#options;
    auditor.tookOver(service, takeover);
    process.world.trace.mix(`${process.name} takes over ${partitions.join()}`);
    process.world.trace.tell(process.name, () => `takes over partitions ${partitions.join(', ')}`);
    await process.pass();
    return takeover;
  }

  async loadStreams(streams: readonly StreamToLoad[]) {
    await this.#reading();
    return this.#options.memory.loadStreams(streams);
  }

  async loadReferences(keys: Parameters<Store['loadReferences']>[0]) {
    await this.#reading();
    return this.#options.memory.loadReferences(keys);
  }

  async loadDocuments(view: string, ids: readonly string[]) {
    await this.#reading();
    return this.#options.memory.loadDocuments(view, ids);
  }

  async loadParked(parkedIds: readonly string[]) {
    await this.#reading();
    return this.#options.memory.loadParked(parkedIds);
  }

  async readEvents(from: EventsFrom) {
    await this.#reading();
    return this.#options.memory.readEvents(from);
  }

  async commit(commit: Commit): Promise<void> {
    const { memory, process, service, auditor } = this.#options;
    const { faults, trace } = process.world;
    const applied = this.#options.applied();
    await process.pass();
    if (faults.strikes('store is slow', process.name)) await process.waitBetween(100, 15_000);
    if (process.dead) await process.pass();
    await process.mayCrash('crash before commit');
    if (faults.strikes('store fails before commit', process.name)) throw new StoreUnavailable('the connection broke');
    await memory.commit(commit);
    trace.mix(`${process.name} commits ${commit.tasks.map(({ partition, epoch }) => `${partition}@${epoch}`).join()}`);
    for (const event of commit.events) {
      trace.mix(`${event.channel}/${event.partition}/${event.sequence} ${event.type} ${event.time} ${event.json}`);
      trace.tell(process.name, () => `${event.type} ${told(event)}`);
    }
    auditor.committed(service, process.name, commit, applied);
    await process.mayCrash('crash after commit');
    await process.pass();
    if (faults.strikes('store fails after commit', process.name)) throw new StoreUnavailable('no answer to the commit');
  }

  async close(): Promise<void> {
    // The database stays.
  }

  async #reading(): Promise<void> {
    const { process } = this.#options;
    await process.pass();
    if (process.world.faults.strikes('store fails while reading', process.name))
      throw new StoreUnavailable('the connection broke');
  }
}

/** What a reader wants to know of an event. */
function told({ subject, data }: Commit['events'][number]): string {
  const { seats, reason, amount, total, status, attempt, kind, channel, cause } = (data ?? {}) as Record<
    string,
    unknown
  >;
  const money = (total ?? amount) as { readonly amount: number } | undefined;
  const details = [
    Array.isArray(seats) && seats.length > 0 ? `seats ${seats.join(' ')}` : undefined,
    money === undefined ? undefined : `amount ${money.amount}`,
    attempt === undefined ? undefined : `attempt ${attempt}`,
    kind === undefined ? undefined : `${kind} by ${channel}: ${status ?? 'planned'}`,
    cause === undefined ? undefined : `because of ${cause}`,
    reason === undefined ? undefined : `reason ${reason}`,
  ];
  return [shortId(subject), ...details].filter((each) => each !== undefined).join(', ');
}

/** The last digits of an id tell it from the others of a run. */
export function shortId(id: string): string {
  return `${id.slice(0, 4)}…${id.slice(-5)}`;
}
