import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { Pool } from 'undici';
import { z } from 'zod';
import { bookingStatus } from '../contracts/booking.ts';
import type { Comer } from './crowd.ts';

/**
 * The customers of a rehearsal, over HTTP and as the pages do it: whoever comes waits in the waiting room where there is one, looks
 * at the hall, books, and pays. Who is told to come back comes back when they were told to, with the same idempotency key. Nobody
 * waits for anybody else: they come at their times, however long the others take.
 */
export interface Visit {
  /** Milliseconds since the sale began: when they came, and when they knew how it ended. */
  readonly cameMs: number;
  readonly knewMs: number;
  /** How long they waited in the waiting room, and then for answers; not how long they thought before they paid. */
  readonly inRoomMs: number;
  readonly tookMs: number;
  /** The status of their booking, why it was rejected, or how else it ended. */
  readonly outcome: Outcome;
  readonly places: number;
  /** How often they were told to come back later, or got no answer. */
  readonly toldToComeBack: number;
}

/** `left`: out of the waiting room, since nothing was left of what they wanted. */
export type Outcome = 'confirmed' | 'held' | 'waiting' | 'gave_up' | 'left' | (string & {});

export interface Sale {
  readonly url: string;
  readonly showIds: readonly string[];
  /** The access token of a customer. */
  tokenOf(customer: number): string;
  /** Whether people come through a waiting room. */
  readonly hasWaitingRoom: boolean;
  readonly signal: AbortSignal;
}

/** So often somebody comes back who is told to, before they give up. */
const comesBackMax = 10;
/** Who was told no time comes back after so long. */
const comesBackAfterMs = 1_000;
/** The longest that an answer is waited for, by the gateway and here. */
const waitSeconds = 30;
const answerMaxMs = 40_000;
/** Times that a booking which is still under way is looked at again. */
const looksMax = 4;
const answered = z.object({
  bookingId: z.string(),
  status: bookingStatus,
  reason: z.string().optional(),
  seats: z.array(z.string()).optional(),
  areas: z.array(z.object({ count: z.int() })).optional(),
});
type Booking = z.infer<typeof answered>;

const placeAnswered = z.object({ status: z.string(), askAgainInSeconds: z.number() });

/** All of them; `onVisit` is told of each who knows how it ended. */
export async function visitAll(
  comers: readonly Comer[],
  sale: Sale,
  onVisit: (visit: Visit) => void,
): Promise<readonly Visit[]> {
  // As many connections as there are people: nobody waits for somebody else's.
  const pool = new Pool(sale.url, { connections: null, pipelining: 1, headersTimeout: answerMaxMs });
  const began = performance.now();
  const soldOut = new Set<string>();
  const visits: Promise<Visit>[] = [];
  try {
    for (const comer of comers) {
      const left = comer.atMs - (performance.now() - began);
      if (left > 1) await delay(left, undefined, { signal: sale.signal });
      const visiting = new Customer(comer, { pool, sale, began, soldOut }).visit();
      visits.push(visiting);
      void visiting.then(onVisit, () => undefined);
    }
    return await Promise.all(visits);
  } finally {
    await Promise.allSettled(sale.signal.aborted ? [] : visits);
    await pool.destroy();
  }
}

interface Reply {
  readonly status: number;
  readonly body: unknown;
  readonly comeBackMs: number;
}

interface Shared {
  readonly pool: Pool;
  readonly sale: Sale;
  /** Of the monotonic clock. */
  readonly began: number;
  /** Wishes of which somebody was told that nothing is left: who waits in a waiting room hears of it. */
  readonly soldOut: Set<string>;
}

class Customer {
  readonly #comer: Comer;
  readonly #pool: Pool;
  readonly #sale: Sale;
  readonly #began: number;
  readonly #soldOut: Set<string>;
  #toldToComeBack = 0;
  #thoughtMs = 0;

  constructor(comer: Comer, { pool, sale, began, soldOut }: Shared) {
    this.#comer = comer;
    this.#pool = pool;
    this.#sale = sale;
    this.#began = began;
    this.#soldOut = soldOut;
  }

  async visit(): Promise<Visit> {
    const { atMs, paysAfterMs } = this.#comer;
    const room = await this.#waitInRoom();
    const letInMs = this.#now();
    const inRoomMs = this.#sale.hasWaitingRoom ? letInMs - atMs : 0;
    const booking = room === 'in' ? await this.#book() : undefined;
    const ended =
      booking?.status === 'awaiting_payment' && paysAfterMs !== undefined && paysAfterMs > 0
        ? await this.#pay(booking, letInMs + paysAfterMs)
        : booking;
    const knewMs = this.#now();
    return {
      ...{ cameMs: atMs, knewMs, inRoomMs, tookMs: knewMs - atMs - inRoomMs - this.#thoughtMs },
      toldToComeBack: this.#toldToComeBack,
      outcome: room === 'left' ? 'left' : outcomeOf(ended),
      places: ended?.status === 'confirmed' ? placesOf(ended) : 0,
    };
  }

  #now(): number {
    return performance.now() - this.#began;
  }

  get #showId(): string {
    return this.#sale.showIds[this.#comer.show] ?? '';
  }

  /** Asks as often as they are told to, until they are in, or have nothing to wait for. */
  async #waitInRoom(): Promise<'in' | 'left' | 'gave_up'> {
    if (!this.#sale.hasWaitingRoom) return 'in';
    for (;;) {
      if (this.#soldOut.has(this.#wish)) return 'left';
      const { status, body } = await this.#patiently('POST', `/v1/shows/${this.#showId}/waiting-room/places`);
      // Closed meanwhile: everybody may book.
      if (status === 404) return 'in';
      const place = placeAnswered.safeParse(body);
      if (!place.success) return 'gave_up';
      if (place.data.status === 'let_in') return 'in';
      await this.#pause(place.data.askAgainInSeconds * 1_000);
    }
  }

  get #wish(): string {
    return JSON.stringify([this.#comer.show, this.#comer.wants]);
  }

  async #book(): Promise<Booking | undefined> {
    const { wants, paysAfterMs } = this.#comer;
    await this.#patiently('GET', `/v1/shows/${this.#showId}/availability`);
    const request = { showId: this.#showId, ...wants, ...(paysAfterMs === 0 ? { payment } : {}) };
    const booking = await this.#asItEnds(await this.#patiently('POST', '/v1/bookings', request));
    if (booking?.reason === 'seats_unavailable') this.#soldOut.add(this.#wish);
    return booking;
  }

  async #pay({ bookingId }: Booking, atMs: number): Promise<Booking | undefined> {
    this.#thoughtMs = Math.max(0, atMs - this.#now());
    await this.#pause(this.#thoughtMs);
    return this.#asItEnds(await this.#patiently('POST', `/v1/bookings/${bookingId}/payments`, payment));
  }

  /** A booking that goes on without its customer is looked at until it does not. */
  async #asItEnds(reply: Reply): Promise<Booking | undefined> {
    let booking = bookingIn(reply);
    for (let look = 0; look < looksMax && booking !== undefined && underWay.includes(booking.status); look += 1) {
      await this.#pause(comesBackAfterMs);
      booking = bookingIn(await this.#patiently('GET', `/v1/bookings/${booking.bookingId}`)) ?? booking;
    }
    return (
      booking ?? (reply.status >= 400 ? { bookingId: '', status: 'rejected', reason: problemIn(reply) } : undefined)
    );
  }

  /** An answer that is one: who is told to come back does so, and gives up in the end. */
  async #patiently(method: 'GET' | 'POST', path: string, body?: object): Promise<Reply> {
    const key = randomUUID();
    for (let comesBack = 0; ; comesBack += 1) {
      const reply = await this.#ask(method, path, { body, key });
      const isTold = reply.status === 0 || reply.status === 429 || reply.status >= 500;
      if (!isTold || comesBack >= comesBackMax || this.#sale.signal.aborted) return reply;
      this.#toldToComeBack += 1;
      await this.#pause(reply.comeBackMs);
    }
  }

  async #ask(
    method: 'GET' | 'POST',
    path: string,
    { body, key }: { readonly body: object | undefined; readonly key: string },
  ): Promise<Reply> {
    try {
      const {
        statusCode,
        headers,
        body: answer,
      } = await this.#pool.request({
        ...{ method, path, signal: this.#sale.signal },
        headers: {
          authorization: `Bearer ${this.#sale.tokenOf(this.#comer.customer)}`,
          ...(method === 'POST' ? { 'idempotency-key': key, prefer: `wait=${waitSeconds}` } : {}),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        body: body === undefined ? null : JSON.stringify(body),
      });
      const retryAfter = Number(headers['retry-after']);
      return {
        status: statusCode,
        body: await answer.json().catch(() => undefined),
        comeBackMs: retryAfter > 0 ? retryAfter * 1_000 : comesBackAfterMs,
      };
    } catch {
      return { status: 0, body: undefined, comeBackMs: comesBackAfterMs };
    }
  }

  async #pause(ms: number): Promise<void> {
    if (ms > 0) await delay(ms, undefined, { signal: this.#sale.signal });
  }
}

/** What the sandbox charges. */
const payment = { method: 'card', token: 'tok_visa' };
const underWay: readonly string[] = ['requested', 'paying'];

function bookingIn({ status, body }: Reply): Booking | undefined {
  return status >= 200 && status < 300 ? answered.safeParse(body).data : undefined;
}

function problemIn({ body }: Reply): string {
  return z.object({ code: z.string() }).safeParse(body).data?.code ?? 'gave_up';
}

function outcomeOf(booking: Booking | undefined): Outcome {
  if (booking === undefined || underWay.includes(booking.status)) return 'gave_up';
  if (booking.status === 'awaiting_payment') return 'held';
  return booking.status === 'rejected' ? (booking.reason ?? 'rejected') : booking.status;
}

function placesOf({ seats = [], areas = [] }: Booking): number {
  return areas.reduce((all, { count }) => all + count, seats.length);
}
