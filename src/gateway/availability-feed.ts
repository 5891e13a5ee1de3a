import { LRUCache } from 'lru-cache';
import { type SeatEvent, seatEvents } from '../contracts/seat-inventory.ts';
import type { AreaCount } from '../contracts/seats.ts';
import { type EventStream, eventFrame } from '../runtime/http/sse.ts';
import { dataIn } from '../runtime/log/data-in.ts';
import { type Following, followSoon } from '../runtime/log/follower.ts';
import type { Log, LogRecord } from '../runtime/log/log.ts';
import type { Logger } from '../runtime/logger.ts';
import { Paced } from './paced.ts';

/**
 * Live seat maps: one reader of `seat-events` for all who watch, outside the consumer groups. A watcher gets a snapshot
 * from seat-inventory and from then on what changed; the id of an event is the show's version, so that any instance can
 * go on where another one stopped. The topic is followed before the snapshot is asked for, so nothing falls in between.
 * Where few watch, each change is told at once; where many do, what changes within a moment goes in one event.
 */
export interface Availability {
  readonly showId: string;
  readonly version: number;
  readonly seatPlanId: string;
  readonly seats: string;
  readonly areas: readonly AreaAvailability[];
}
export interface AreaAvailability {
  readonly area: string;
  readonly capacity: number;
  readonly held: number;
  readonly sold: number;
  readonly blocked: number;
}

interface Change {
  readonly version: number;
  /** The plan that the seats are counted in, where the event says it. */
  readonly seatPlanId: string | undefined;
  readonly seats: readonly (readonly [number, number])[];
  readonly areas: readonly { readonly area: string; readonly held: number; readonly sold: number }[];
}

interface Watched {
  /** Those who watch, with the version up to which each has been told. */
  readonly streams: Map<EventStream, number>;
  readonly seatPlanId: string;
  version: number;
  areas: Map<string, AreaAvailability>;
  /** What those who watch have not been told yet. */
  news: Change[];
}

interface Recent {
  /** Every change after this version is in `changes`, and all of them are of one plan. */
  readonly completeFrom: number;
  readonly changes: Change[];
  /** The plan they are of, as far as events have said it. */
  readonly seatPlanId: string | undefined;
}

/** Late changes that are kept for those who come back: of how many shows, of each of them, and in all. */
const showsMax = 2_000;
const changesMax = 256;
const changesOfAllMax = 20_000;
const watchersMax = 20_000;
const usualTellingShare = 0.05;

const seatStates = { free: 0, held: 1, sold: 2, blocked: 3 } as const;

export class AvailabilityFeed {
  readonly #snapshot: (showId: string) => Promise<Availability | undefined>;
  readonly #logger: Logger;
  readonly #recent: LRUCache<string, Recent>;
  readonly #watched = new Map<string, Watched>();
  /** Shows with news. */
  readonly #changed = new Set<string>();
  readonly #telling: Paced;
  #watchers = 0;
  #following: Following | undefined;

  constructor(options: {
    readonly snapshot: (showId: string) => Promise<Availability | undefined>;
    readonly logger: Logger;
    /** What telling watchers may take of the time of the process; 1: all of it, so that each change is told at once. */
    readonly tellingShare?: number;
    /** Changes that are kept for those who come back. */
    readonly changesOfAllMax?: number;
  }) {
    this.#recent = new LRUCache({
      max: showsMax,
      maxSize: options.changesOfAllMax ?? changesOfAllMax,
      sizeCalculation: ({ changes }) => Math.max(1, changes.length),
    });
    this.#snapshot = options.snapshot;
    this.#logger = options.logger;
    this.#telling = new Paced({
      share: options.tellingShare ?? usualTellingShare,
      nextPiece: () => this.#tellNext(),
    });
  }

  /** Resolves when it follows the topic, or a moment later: then it follows as soon as the log can be reached. */
  async start(log: Log): Promise<void> {
    this.#following = followSoon(log, {
      topic: 'seat-events',
      from: ({ next }) => next,
      onRecords: (records) => this.#follow(records),
      onMissed: () => this.#startAnew(),
      // Who came before has seen a map without the changes that followed.
      onFollowing: () => this.#startAnew(),
      logger: this.#logger,
    });
    await this.#following.begun;
  }

  /** What is kept may have gaps: watchers come back, and begin with a snapshot. */
  #startAnew(): void {
    this.#recent.clear();
    for (const { streams } of this.#watched.values()) for (const stream of [...streams.keys()]) stream.close();
  }

  get isFull(): boolean {
    return this.#watchers >= watchersMax;
  }

  /** Whether there is such a show to watch. */
  async exists(showId: string): Promise<boolean> {
    return this.#watched.has(showId) || (await this.#snapshot(showId)) !== undefined;
  }

  /** Sends what a watcher has missed, or everything, and from then on every change. */
  async watch(showId: string, stream: EventStream, lastVersion: number | undefined): Promise<void> {
    const found = await this.#watch(showId);
    if (found === undefined) return stream.close();
    // The client may have gone while its show was looked up, and nobody would take it from the list again.
    if (!stream.isOpen) return this.#forget(showId, found.watched);
    const { watched } = found;
    // In the list from here on, so that its show is not forgotten; nothing is sent before it has its beginning.
    watched.streams.set(stream, Number.POSITIVE_INFINITY);
    this.#watchers += 1;
    const snapshot = this.#mayResume(showId, watched, lastVersion)
      ? undefined
      : (found.snapshot ?? (await this.#snapshot(showId)));
    if (!stream.isOpen) return;
    // Versions are the show's own: a newer one than was followed here may have been seen elsewhere, or say nothing of seats.
    const isKnown = snapshot === undefined || (lastVersion !== undefined && lastVersion <= snapshot.version);
    const resumed = isKnown && this.#isComplete(showId, lastVersion) ? lastVersion : undefined;
    const from = resumed ?? snapshot?.version;
    if (from === undefined) return stream.close();
    if (resumed === undefined) stream.send('snapshot', snapshot, String(from));
    this.#sendSince(showId, { watched, stream, from });
  }

  /**
   * Whether every change after a version is kept here. While nothing has changed since the first of them, who has it may have
   * seen it by another plan: a show takes one on without a new version, as long as nobody has a place.
   */
  #isComplete(showId: string, version: number | undefined): version is number {
    const recent = this.#recent.get(showId);
    if (version === undefined || recent === undefined) return false;
    return version > recent.completeFrom || (version === recent.completeFrom && recent.changes.length > 0);
  }

  #mayResume(showId: string, watched: Watched, lastVersion: number | undefined): boolean {
    return this.#isComplete(showId, lastVersion) && lastVersion <= watched.version;
  }

  #sendSince(
    showId: string,
    to: { readonly watched: Watched; readonly stream: EventStream; readonly from: number },
  ): void {
    const missed = (this.#recent.get(showId)?.changes ?? []).filter((change) => change.version > to.from);
    to.watched.streams.set(to.stream, Math.max(to.from, missed.at(-1)?.version ?? 0));
    if (missed.length > 0) to.stream.sendFrame(deltaFrame(to.watched, missed));
  }

  unwatch(showId: string, stream: EventStream): void {
    const watched = this.#watched.get(showId);
    if (watched?.streams.delete(stream) !== true) return;
    this.#watchers -= 1;
    this.#forget(showId, watched);
  }

  #forget(showId: string, watched: Watched): void {
    if (watched.streams.size === 0 && this.#watched.get(showId) === watched) this.#watched.delete(showId);
  }

  async #watch(showId: string): Promise<{ readonly watched: Watched; readonly snapshot?: Availability } | undefined> {
    const known = this.#watched.get(showId);
    if (known !== undefined) return { watched: known };
    const snapshot = await this.#snapshot(showId);
    if (snapshot === undefined) return undefined;
    const again = this.#watched.get(showId);
    if (again !== undefined) return { watched: again };
    const watched: Watched = {
      streams: new Map(),
      seatPlanId: snapshot.seatPlanId,
      version: snapshot.version,
      areas: new Map(snapshot.areas.map((area) => [area.area, area])),
      news: [],
    };
    this.#watched.set(showId, watched);
    for (const change of this.#recentUnder(showId, snapshot).changes)
      if (change.version > watched.version) apply(watched, change);
    return { watched, snapshot };
  }

  /** Late changes of a show by the plan of a snapshot; they begin with it where there are none, or only those of another plan. */
  #recentUnder(showId: string, { version: completeFrom, seatPlanId }: Availability): Recent {
    const known = this.#recent.get(showId);
    const isOfAnother = known?.seatPlanId !== undefined && known.seatPlanId !== seatPlanId;
    if (known !== undefined && !isOfAnother) return known;
    const recent: Recent = { completeFrom, changes: [], seatPlanId };
    this.#recent.set(showId, recent);
    return recent;
  }

  #follow(records: readonly LogRecord[]): void {
    for (const record of records) {
      const change = changeOf(record);
      if (change === undefined) continue;
      if (this.#isOfAnotherPlan(record.key, change)) this.#startShowAnew(record.key, change);
      if (!this.#keep(record.key, change)) continue;
      const watched = this.#watched.get(record.key);
      if (watched === undefined) continue;
      // A snapshot may be ahead of the log: not all who watch have begun with it.
      if (change.version > watched.version) apply(watched, change);
      watched.news.push(change);
      this.#changed.add(record.key);
    }
    if (this.#changed.size > 0) this.#telling.wanted();
  }

  #isOfAnotherPlan(showId: string, { version, seatPlanId }: Change): boolean {
    const recent = this.#recent.get(showId);
    const known = this.#watched.get(showId)?.seatPlanId ?? recent?.seatPlanId;
    const isNews = version > (recent?.changes.at(-1)?.version ?? recent?.completeFrom ?? 0);
    return isNews && seatPlanId !== undefined && known !== undefined && known !== seatPlanId;
  }

  /** The seats that were told of are those of another hall: who watches comes back, and begins with a snapshot. */
  #startShowAnew(showId: string, { version, seatPlanId }: Change): void {
    this.#recent.set(showId, { completeFrom: version, changes: [], seatPlanId });
    const watched = this.#watched.get(showId);
    if (watched === undefined) return;
    watched.news = [];
    for (const stream of [...watched.streams.keys()]) stream.close();
  }

  /** Tells the news of one show to all who watch it; returns whether there are others. */
  #tellNext(): boolean {
    const [showId] = this.#changed;
    if (showId === undefined) return false;
    this.#changed.delete(showId);
    const watched = this.#watched.get(showId);
    if (watched !== undefined && watched.news.length > 0) tellNews(watched);
    return this.#changed.size > 0;
  }

  /** Repeated records are dropped: versions of a show only grow. */
  #keep(showId: string, change: Change): boolean {
    const before = this.#recent.get(showId);
    if (before === undefined) {
      // Whatever was before it may have been of another plan.
      this.#recent.set(showId, { completeFrom: change.version, changes: [], seatPlanId: change.seatPlanId });
      return true;
    }
    const { completeFrom, changes } = before;
    if (change.version <= (changes.at(-1)?.version ?? completeFrom)) return false;
    changes.push(change);
    const dropped = changes.length > changesMax ? changes.shift() : undefined;
    // An entry of its own: how much it is counts anew.
    const seatPlanId = change.seatPlanId ?? before.seatPlanId;
    this.#recent.set(showId, { completeFrom: dropped?.version ?? completeFrom, changes, seatPlanId });
    return true;
  }

  async stop(): Promise<void> {
    this.#telling.stop();
    await this.#following?.stop();
    for (const { streams } of this.#watched.values()) for (const stream of [...streams.keys()]) stream.close();
  }
}

function apply(watched: Watched, change: Change): void {
  watched.version = change.version;
  for (const { area, held, sold } of change.areas) {
    const before = watched.areas.get(area);
    if (before !== undefined)
      watched.areas.set(area, { ...before, held: before.held + held, sold: before.sold + sold });
  }
}

function tellNews(watched: Watched): void {
  const news = watched.news;
  watched.news = [];
  const [first, last] = [news[0]?.version ?? 0, news.at(-1)?.version ?? 0];
  const frame = deltaFrame(watched, news);
  for (const [stream, sent] of watched.streams) {
    // A snapshot may be ahead of the log: what it has is not sent again.
    if (sent >= last) continue;
    // Before it is sent: whoever reads too slowly is dropped by it.
    watched.streams.set(stream, last);
    if (sent < first) stream.sendFrame(frame);
    else {
      const missed = news.filter((change) => change.version > sent);
      stream.sendFrame(deltaFrame(watched, missed));
    }
  }
}

/** Several changes in one event, up to the last of them: the last state of each seat, the counts as they are now. */
function deltaFrame(watched: Watched, changes: readonly Change[]): Buffer {
  const seats = new Map(changes.flatMap((change) => change.seats));
  const areas = new Set(changes.flatMap((change) => change.areas.map(({ area }) => area)));
  const version = changes.at(-1)?.version ?? watched.version;
  const counts = [...watched.areas.values()].filter(({ area }) => areas.has(area));
  return eventFrame('delta', { version, seats: [...seats], areas: counts }, String(version));
}

const readable = new Map(seatEvents.map((definition) => [definition.type as string, definition]));

function changeOf(record: LogRecord): Change | undefined {
  const definition = readable.get(record.headers['ce_type'] ?? '');
  const version = Number(record.headers['ce_streamversion']);
  if (definition === undefined || !Number.isSafeInteger(version)) return undefined;
  // A map waits for the next event where this one cannot be read.
  const data = dataIn(record, definition);
  if (data === undefined) return undefined;
  const event = { type: definition.type, data } as SeatEvent;
  return { version, seatPlanId: 'seatPlanId' in event.data ? event.data.seatPlanId : undefined, ...effectOf(event) };
}

function effectOf(event: SeatEvent): Pick<Change, 'seats' | 'areas'> {
  switch (event.type) {
    case 'SeatsReserved':
      return { seats: to(event.data.indexes, 'held'), areas: moved(event.data.areas, 1, 0) };
    case 'SeatsSold':
      return {
        seats: to(event.data.indexes, 'sold'),
        areas: moved(event.data.areas, event.data.from === 'free' ? 0 : -1, 1),
      };
    case 'SeatsReleased':
      return {
        seats: to(event.data.indexes, 'free'),
        areas: event.data.from === 'held' ? moved(event.data.areas, -1, 0) : moved(event.data.areas, 0, -1),
      };
    case 'SeatsBlocked':
      return { seats: to(event.data.indexes, 'blocked'), areas: [] };
    case 'SeatsUnblocked':
      return { seats: to(event.data.indexes, 'free'), areas: [] };
    case 'SeatsRefused':
    case 'SeatsAwaited':
    case 'SeatsLost':
      return { seats: [], areas: [] };
  }
}

function to(indexes: readonly number[], state: keyof typeof seatStates): readonly (readonly [number, number])[] {
  return indexes.map((index) => [index, seatStates[state]] as const);
}

function moved(areas: readonly AreaCount[], held: number, sold: number): Change['areas'] {
  return areas.map(({ area, count }) => ({ area, held: held * count, sold: sold * count }));
}
