import { hash, randomBytes } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Show } from '../../contracts/catalog.ts';
import { type Batcher, createBatcher } from '../../runtime/batcher.ts';
import { hasRole, type Principal } from '../../runtime/http/endpoint.ts';
import { Problem } from '../../runtime/http/problem.ts';
import type { ServiceRuntime } from '../../runtime/service-runtime.ts';
import type { WaitingRoomRow } from './projection.ts';
import * as projection from './projection.ts';
import {
  askAgainBeforeDraw,
  askAgainInside,
  askAgainSeconds,
  type Progress,
  secondsUntilCalled,
  withProgress,
} from './waiting-times.ts';

/**
 * Waiting rooms: for a show that has one, only those book who were let in. A customer joins and has a place; when the sale opens,
 * the places given until then are drawn by lot, and every later place is the next turn. Turns are called as room is made inside by
 * those who book or leave; whoever was called is let in when they ask next.
 *
 * Nothing here has a timer: people who wait ask again and again, and at most once a second their asking moves the room on. So a
 * room that nobody waits in costs nothing, and any instance may be the one that moves it: the room's row is its lock.
 */
export interface Place {
  readonly place: number;
  readonly status: 'before_draw' | 'waiting' | 'let_in';
  readonly turn?: number;
  /** Turns before this one that were not called yet. */
  readonly ahead?: number;
  readonly estimatedSeconds?: number;
  readonly letInUntil?: string;
  readonly askAgainInSeconds: number;
}

/** How old what is known of rooms may be, and how often one is moved on. */
const knownForMs = 1_000;
/**
 * Whoever was called keeps the room for so long: twice as long as between two askings of theirs, where not more than 15,000 wait. Of
 * more, some ask later for the first time after the draw; whoever comes later is let in as soon as there is room, before all others.
 */
const comingMs = 60_000;
/**
 * Whoever is inside and was not heard of for so long has gone, as far as room is concerned: pages ask more than twice as often, and in a
 * tab that nobody looks at, browsers let them do so once a minute. Who comes back goes on while their visit lasts.
 */
const silentMs = 150_000;
/** So often it is noted that somebody is still there. */
const noteEveryMs = 30_000;
/** Places that are known without asking the database. */
const placesMax = 200_000;
const askingMax = 500;
const askingQueuedMax = 20_000;
const seedBytes = 32;

interface Asking {
  readonly showId: string;
  readonly userId: string;
}
type KnownPlace = Pick<projection.WaitingPlaceRow, 'place' | 'turn'> & {
  readonly letInUntil?: Date;
  /** When it was noted, of somebody inside, that they are still there: by the monotonic clock. */
  heardAt?: number;
};

export class WaitingRooms {
  readonly #service: ServiceRuntime;
  #rooms: ReadonlyMap<string, WaitingRoomRow> = new Map();
  #knownUntil = Number.NEGATIVE_INFINITY;
  #loading: Promise<void> | undefined;
  #isMoving = false;
  /** By show: how far its room came lately, and when the sale opens. */
  #progress: ReadonlyMap<string, readonly Progress[]> = new Map();
  readonly #opensAt = new Map<string, string>();
  /** By room and customer; of those who wait, and of those inside. */
  #places: LRUCache<string, KnownPlace> | undefined;
  readonly #asking: Batcher<Asking, KnownPlace | undefined>;
  readonly #booked: Batcher<projection.BookedInside, void>;
  readonly #heard: Batcher<Asking, void>;

  constructor(service: ServiceRuntime) {
    this.#service = service;
    this.#asking = createBatcher({
      itemsMax: askingMax,
      queuedMax: askingQueuedMax,
      run: (askings) => this.#takePlaces(askings),
    });
    this.#booked = createBatcher({
      itemsMax: askingMax,
      queuedMax: askingQueuedMax,
      run: async (booked) => {
        await projection.noteBookedInside(service, booked);
        return [];
      },
    });
    this.#heard = createBatcher({
      itemsMax: askingMax,
      queuedMax: askingQueuedMax,
      run: async (heard) => {
        await projection.noteHeardInside(service, heard);
        return [];
      },
    });
  }

  /** The room of a show as it was a second ago, at most; `undefined` where people need not wait. */
  async of(showId: string): Promise<WaitingRoomRow | undefined> {
    if (performance.now() >= this.#knownUntil) await this.#refresh();
    return this.#rooms.get(showId);
  }

  /** Opens the room of a show, or sets how many may be inside of one that is open; `null`: as the settings say. */
  async open(showId: string, { insideMax, by }: { insideMax: number | null; by: string }): Promise<WaitingRoomRow> {
    const seed = randomBytes(seedBytes).toString('hex');
    const room = await projection.openWaitingRoom(this.#service, { showId, seed, insideMax, by });
    this.#service.logger.info({ showId, insideMax, by }, 'a waiting room is open');
    await this.#lookAgain();
    return room;
  }

  /** Closes it: everybody may book. False where there was none. */
  async close(showId: string, by: string): Promise<boolean> {
    const wasOpen = await projection.closeWaitingRoom(this.#service, showId);
    if (wasOpen) this.#service.logger.info({ showId, by }, 'a waiting room was closed');
    await this.#lookAgain();
    return wasOpen;
  }

  /** Somebody is here: their place, a new one where they have none; `undefined` where people need not wait. */
  async ask(showId: string, userId: string): Promise<Place | undefined> {
    const room = await this.of(showId);
    if (room === undefined) return undefined;
    const known = this.#known(room, userId) ?? (await this.#asking.add({ showId, userId }));
    if (known === undefined) return undefined;
    this.#hear({ showId, userId }, known);
    return this.#told(room, known);
  }

  /** Refuses, where a show has a room, whoever was not let in. Those who sell do not wait. */
  async mustBeIn(showId: string, principal: Principal): Promise<void> {
    const room = await this.of(showId);
    if (room === undefined || hasRole(principal, 'staff', 'organizer')) return;
    const { userId } = principal;
    const known = this.#known(room, userId);
    if (known?.letInUntil !== undefined) return this.#hear({ showId, userId }, known);
    // Another instance may have let them in a moment ago.
    const of = { showId, userIds: [userId], visitMs: this.#visitMs };
    const [row] = await projection.waitingPlacesOf(this.#service, of);
    if (row !== undefined && row.letInUntil !== null && !row.isOver) {
      const place = { place: row.place, turn: row.turn, letInUntil: row.letInUntil };
      this.#keep(room, userId, place);
      return this.#hear({ showId, userId }, place);
    }
    const path = `/v1/shows/${showId}/waiting-room`;
    const detail = `People wait for this show. Join with POST ${path}/places, and book when it lets you in.`;
    throw new Problem('waiting_room', detail, { extensions: { waitingRoom: path } });
  }

  /** Somebody has booked: they take no room inside any more, and may go on booking while their visit lasts. */
  booked(booked: projection.BookedInside): void {
    const { showId } = booked;
    if (!this.#rooms.has(showId)) return;
    // Where it cannot be noted, the end of their visit makes room.
    this.#booked.add(booked).catch((error: Error) => {
      this.#service.logger.warn({ showId, error: error.message }, 'a visitor who has booked was not noted');
    });
  }

  /** Somebody inside is still there. */
  #hear(asking: Asking, known: KnownPlace): void {
    const now = performance.now();
    if (known.letInUntil === undefined || now - (known.heardAt ?? Number.NEGATIVE_INFINITY) < noteEveryMs) return;
    known.heardAt = now;
    // Where it cannot be noted, it is with the next asking, or they are taken to have gone and may book all the same.
    this.#heard.add(asking).catch((error: Error) => {
      this.#service.logger.warn({ showId: asking.showId, error: error.message }, 'a visitor was not heard');
    });
  }

  get #visitMs(): number {
    return this.#service.settings().waitingRoomVisitMs;
  }

  /** How many may be inside of a room. */
  insideMax({ insideMax }: WaitingRoomRow): number {
    return insideMax ?? this.#service.settings().waitingRoomInsideMax;
  }

  /** What is known of a place without asking the database: while its turn was not called, or while somebody is inside. */
  #known(room: WaitingRoomRow, userId: string): KnownPlace | undefined {
    const known = this.#places?.get(keyOf(room, userId));
    if (known === undefined) return undefined;
    if (known.letInUntil !== undefined) return known.letInUntil.getTime() > Date.now() ? known : undefined;
    if (known.turn === null) return room.drawn === null ? known : undefined;
    return known.turn > room.called ? known : undefined;
  }

  #keep(room: WaitingRoomRow, userId: string, place: KnownPlace): void {
    // Made for the first of them: most houses have none.
    this.#places ??= new LRUCache({ max: placesMax });
    this.#places.set(keyOf(room, userId), place);
  }

  #told(room: WaitingRoomRow, { place, turn, letInUntil }: KnownPlace): Place {
    if (letInUntil !== undefined)
      return {
        ...{ place, status: 'let_in', letInUntil: letInUntil.toISOString() },
        ...(turn === null ? {} : { turn }),
        askAgainInSeconds: askAgainInside(letInUntil.getTime() - Date.now()),
      };
    const waiting = room.joined - room.called;
    if (turn === null) {
      const untilDrawMs = Date.parse(this.#opensAt.get(room.showId) ?? '') - Date.now() || 0;
      return { place, status: 'before_draw', askAgainInSeconds: askAgainBeforeDraw({ untilDrawMs, place, waiting }) };
    }
    const ahead = Math.max(0, turn - room.called - 1);
    const untilCalled = secondsUntilCalled(this.#progress.get(room.showId) ?? [], ahead + 1);
    const insideMax = this.insideMax(room);
    return {
      ...{ place, status: 'waiting', turn, ahead },
      ...(untilCalled === undefined ? {} : { estimatedSeconds: untilCalled }),
      askAgainInSeconds: askAgainSeconds({ ahead, room: insideMax - room.inside, insideMax, waiting, untilCalled }),
    };
  }

  /** What is being read may be from before the change. */
  async #lookAgain(): Promise<void> {
    await this.#loading?.catch(() => undefined);
    await this.#refresh();
  }

  /** Rooms are read once for all who need them at the same moment. */
  #refresh(): Promise<void> {
    this.#loading ??= projection
      .waitingRooms(this.#service)
      .then((rooms) => {
        this.#rooms = new Map(rooms.map((room) => [room.showId, room]));
        const at = performance.now();
        this.#knownUntil = at + knownForMs;
        const waitedIn = rooms.filter(({ called, joined }) => called < joined);
        this.#progress = new Map(
          waitedIn.map(({ showId, called }) => [
            showId,
            withProgress(this.#progress.get(showId) ?? [], { at, called }),
          ]),
        );
        // Those inside are counted also where nobody waits.
        void this.#moveAll(rooms.filter(({ called, joined, inside }) => called < joined || inside > 0));
      })
      .finally(() => {
        this.#loading = undefined;
      });
    return this.#loading;
  }

  /** One room after the other: many sales that open at once take one of the few connections that requests have, not all. */
  async #moveAll(rooms: readonly WaitingRoomRow[]): Promise<void> {
    if (this.#isMoving) return;
    this.#isMoving = true;
    for (const { showId } of rooms) await this.#move(showId);
    this.#isMoving = false;
  }

  /** Draws lots when the sale opens, and calls whom there is room for. Nobody waits for it, and nothing else fails with it. */
  async #move(showId: string): Promise<void> {
    try {
      const show = await this.#service.reference<Show>('catalog', showId);
      if (show === undefined) return;
      const { opensAt } = show.sales;
      this.#opensAt.set(showId, opensAt);
      await this.#service.transaction(async (transaction) => {
        const room = await projection.lockWaitingRoomToCall(transaction, { showId, opensAt, pacedMs: knownForMs });
        if (room?.isOnSale !== true) return;
        if (room.drawn === null) await projection.drawWaitingLots(transaction, showId);
        const limits = { insideMax: this.insideMax(room), visitMs: this.#visitMs, comingMs, silentMs };
        await projection.callFromRoom(transaction, { showId, ...limits });
      });
    } catch (error) {
      this.#service.logger.error({ showId, error: (error as Error).message }, 'a waiting room did not move on');
    }
  }

  /** Places for all who ask at the same moment, by one transaction for each room. */
  async #takePlaces(askings: readonly Asking[]): Promise<readonly (KnownPlace | undefined)[]> {
    const places = new Map<string, KnownPlace>();
    for (const showId of new Set(askings.map((each) => each.showId))) {
      const userIds = [...new Set(askings.filter((each) => each.showId === showId).map(({ userId }) => userId))];
      for (const [userId, place] of await this.#placesIn(showId, userIds)) places.set(`${showId} ${userId}`, place);
    }
    return askings.map(({ showId, userId }) => places.get(`${showId} ${userId}`));
  }

  async #placesIn(showId: string, userIds: readonly string[]): Promise<ReadonlyMap<string, KnownPlace>> {
    const of = { showId, userIds, visitMs: this.#visitMs };
    const found = await this.#service.transaction(async (transaction) => {
      const room = await projection.lockWaitingRoom(transaction, showId);
      if (room === undefined) return undefined;
      const had = new Map((await projection.waitingPlacesOf(transaction, of)).map((row) => [row.userId, row]));
      const isNew = (userId: string) => had.get(userId)?.isOver ?? true;
      const isCalled = (userId: string) => had.get(userId)?.isCalled === true && had.get(userId)?.letInUntil === null;
      const given = userIds.filter(isNew);
      const letIn = userIds.filter(isCalled);
      if (given.length > 0) await projection.giveWaitingPlaces(transaction, room, given);
      if (letIn.length > 0) {
        const to = { userIds: letIn, insideMax: this.insideMax(room), comingMs };
        await projection.letInFromRoom(transaction, room, to);
      }
      const rows =
        given.length + letIn.length > 0 ? await projection.waitingPlacesOf(transaction, of) : [...had.values()];
      return { room, rows };
    });
    const places = new Map<string, KnownPlace>();
    if (found === undefined) return places;
    // Only what is stored is known: a place that was not committed is given to somebody else.
    for (const { userId, place, turn, letInUntil } of found.rows) {
      const known = { place, turn, ...(letInUntil === null ? {} : { letInUntil }) };
      places.set(userId, known);
      this.#keep(found.room, userId, known);
    }
    return places;
  }
}

/** A room that was closed and opened again is another one: it has another seed. */
const keyOf = ({ seed }: WaitingRoomRow, userId: string) => `${seed} ${userId}`;

/** What everybody may know of a seed before lots are drawn with it: SHA-256 of its hexadecimal digits. */
export function commitmentTo(seed: string): string {
  return hash('sha256', seed, 'hex');
}
