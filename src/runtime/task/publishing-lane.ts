import type { EventRow } from '../store/store.ts';

/** Stored events of one channel partition that are read when their turn comes. */
export interface Stored {
  readonly channel: string;
  readonly partition: number;
  next: number;
  last: number;
}

/** A partition of a channel: events are in order within it. */
export type Place = Pick<Stored, 'channel' | 'partition'>;

export interface LaneOptions {
  readonly append: (rows: readonly EventRow[]) => Promise<void>;
  readonly read: (stored: Stored) => Promise<readonly EventRow[]>;
  readonly onPublished: (rows: readonly EventRow[]) => void;
  /** An append has failed in these places, or what comes next in one of them cannot be read. Awaited before anything else. */
  readonly onFailed: (error: Error, places: ReadonlySet<string>) => Promise<void>;
  /** Nothing waits in it any more. */
  readonly onEmpty?: () => void;
  /** Whether one more event is kept in memory. */
  readonly hasRoom: () => boolean;
}

/** Events of one append. */
const publishEventsMax = 2_000;

/**
 * A way of committed events to the log: in the order of their sequences, one append in flight. What is too much for memory stays
 * in the store and is read from there page by page.
 */
export class PublishingLane {
  readonly #options: LaneOptions;
  readonly #stored = new Map<string, Stored>();
  #queue: EventRow[] = [];
  #inFlight = 0;
  /** Of tasks that were given up while an append was in flight. */
  readonly #givenUp = new Set<number>();
  #running: Promise<void> | undefined;
  #stopped = false;

  constructor(options: LaneOptions) {
    this.#options = options;
  }

  get waiting(): number {
    let waiting = this.#queue.length;
    for (const { next, last } of this.#stored.values()) waiting += last - next + 1;
    return waiting;
  }

  get inMemory(): number {
    return this.#queue.length;
  }

  get running(): Promise<void> | undefined {
    return this.#running;
  }

  add(row: EventRow): void {
    const stored = this.#stored.size === 0 ? undefined : this.#stored.get(nameOfPlace(row));
    if (stored !== undefined) stored.last = row.sequence;
    else if (this.#options.hasRoom()) this.#queue.push(row);
    else this.addStored({ ...row, next: row.sequence, last: row.sequence });
  }

  /** Before anything that comes later in the same place. */
  addStored({ channel, partition, next, last }: Stored): void {
    this.#stored.set(nameOfPlace({ channel, partition }), { channel, partition, next, last });
  }

  start(): void {
    if (this.waiting > 0 && !this.#stopped) this.#running ??= this.#run();
  }

  /** What waits in these places is somebody else's to publish from now on. */
  takeOut(places: ReadonlySet<string>): {
    readonly rows: readonly EventRow[];
    readonly stored: readonly Stored[];
  } {
    const rows = this.#queue.filter((row) => places.has(nameOfPlace(row)));
    this.#queue = this.#queue.filter((row) => !places.has(nameOfPlace(row)));
    const stored = [...this.#stored].filter(([name]) => places.has(name));
    for (const [name] of stored) this.#stored.delete(name);
    return { rows, stored: stored.map(([, each]) => each) };
  }

  /** Forgets what waits of tasks that are no longer owned, or are taken over anew: their owner reads it from the store. */
  drop(partitions: readonly number[]): void {
    if (this.#inFlight > 0) for (const partition of partitions) this.#givenUp.add(partition);
    this.#queue = this.#queue.filter((row, index) => index < this.#inFlight || !partitions.includes(row.partition));
    for (const [name, { partition }] of this.#stored) if (partitions.includes(partition)) this.#stored.delete(name);
  }

  stop(): void {
    this.#stopped = true;
  }

  async #run(): Promise<void> {
    while (this.waiting > 0 && !this.#stopped) {
      const stored = this.#nextStored();
      const rows = stored === undefined ? this.#queue.slice(0, publishEventsMax) : [];
      try {
        if (stored === undefined) await this.#publish(rows);
        else await this.#publishFromStore(stored);
      } catch (error) {
        this.#keepWhatIsOurs();
        await this.#options.onFailed(error as Error, new Set([...rows, ...(stored ? [stored] : [])].map(nameOfPlace)));
      }
    }
    // In the same turn as the check above: what comes later starts anew.
    this.#running = undefined;
    if (this.waiting === 0) this.#options.onEmpty?.();
  }

  async #publish(rows: readonly EventRow[]): Promise<void> {
    this.#inFlight = rows.length;
    await this.#options.append(rows);
    this.#queue = this.#queue.slice(rows.length);
    this.#landed();
    this.#options.onPublished(rows.filter((row) => !this.#comesAfterStored(row)));
  }

  #landed(): void {
    this.#inFlight = 0;
    this.#givenUp.clear();
  }

  /**
   * What was in flight is tried again, but for what has another owner by now: that one has published it, perhaps with what follows
   * from it, and of a compacted topic the last record of a key is the one that stays.
   */
  #keepWhatIsOurs(): void {
    const [inFlight, givenUp] = [this.#inFlight, this.#givenUp];
    this.#queue = this.#queue.filter((row, index) => index >= inFlight || !givenUp.has(row.partition));
    this.#landed();
  }

  /** Published for an earlier takeover, while what comes before it on the topic is still to be published (again). */
  #comesAfterStored(row: EventRow): boolean {
    const stored = this.#stored.size === 0 ? undefined : this.#stored.get(nameOfPlace(row));
    return stored !== undefined && stored.next <= row.sequence;
  }

  /** Something stored whose turn has come: nothing earlier of the same place waits in memory. */
  #nextStored(): Stored | undefined {
    if (this.#stored.size === 0) return undefined;
    const inMemory = new Set(this.#queue.map(nameOfPlace));
    return [...this.#stored].find(([name]) => !inMemory.has(name))?.[1];
  }

  async #publishFromStore(stored: Stored): Promise<void> {
    const rows = await this.#options.read(stored);
    if (rows.length > 0) await this.#options.append(rows);
    // Dropped meanwhile: whoever owns the task now reads it for himself.
    const name = nameOfPlace(stored);
    if (this.#stored.get(name) !== stored) return;
    stored.next = (rows.at(-1)?.sequence ?? stored.last) + 1;
    if (stored.next > stored.last) this.#stored.delete(name);
    this.#options.onPublished(rows);
  }
}

export function nameOfPlace({ channel, partition }: Place): string {
  return `${channel}/${partition}`;
}
