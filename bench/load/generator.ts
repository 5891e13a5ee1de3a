import { runningInstance } from '../../src/cli/instance.ts';
import type { FollowingMark, TailedRecord } from '../../src/operations/tail.ts';
import { visa } from '../../tests/support/client.ts';
import { type Answer, Connections } from './connections.ts';
import { distributionOf, type FromGenerator, type LoadPlan, type LoadResult } from './plan.ts';

/**
 * The customers of a measurement, in a process of their own: asks for bookings at planned times (open loop: it does not
 * wait for answers, and latency counts from the planned moment), and follows `ticket-details` as any consumer would.
 */
const tickMs = 2;
/** Nothing more comes when no ticket came for so long. */
const quietMs = 5_000;

interface Asked {
  readonly plannedAt: number;
  readonly isMeasured: boolean;
}

class Generator {
  readonly #plan: LoadPlan;
  readonly #connections: Connections;
  readonly #bodies: readonly string[];
  readonly #underWay = new Map<string, Asked>();
  /** Tickets that were faster than the answer. */
  readonly #early = new Map<string, number>();
  readonly #answerMs: number[] = [];
  readonly #ticketMs: number[] = [];
  readonly #refused: Record<string, number> = {};
  readonly #refusalMs: number[] = [];
  /** Asked for at these moments, and waiting for a connection that is free. */
  #waiting: Asked[] = [];
  #waitingFrom = 0;
  #number = 0;
  #unanswered = 0;
  #planned = 0;
  #accepted = 0;
  #acceptedInAll = 0;
  #ticketed = 0;
  #lastTicketAt = 0;
  #measuring = false;

  constructor(plan: LoadPlan) {
    this.#plan = plan;
    this.#connections = new Connections(plan.url, plan.connections);
    const { wanted } = plan;
    const choice =
      'seats' in wanted
        ? { bestAvailable: { count: wanted.seats } }
        : { areas: [{ area: wanted.area, count: wanted.places }] };
    const payment = plan.until === 'hold' ? {} : { payment: visa };
    this.#bodies = plan.showIds.map((showId) => JSON.stringify({ showId, ...choice, ...payment }));
  }

  get inFlight(): number {
    return this.#unanswered + this.#unsent + this.#underWay.size;
  }

  get #unsent(): number {
    return this.#waiting.length - this.#waitingFrom;
  }

  ask(plannedAt: number): void {
    const asked = { plannedAt, isMeasured: this.#measuring };
    if (asked.isMeasured) this.#planned += 1;
    this.#waiting.push(asked);
    this.#sendWaiting();
  }

  #sendWaiting(): void {
    while (this.#unsent > 0 && this.#connections.isFree) {
      const asked = this.#waiting[this.#waitingFrom];
      this.#waitingFrom += 1;
      if (asked !== undefined) this.#send(asked);
    }
    if (this.#unsent > 0) return;
    this.#waiting = [];
    this.#waitingFrom = 0;
  }

  /** Customers who got no connection while it was measured have gone. */
  #giveUpWaiting(): number {
    const given = this.#unsent;
    this.#waiting = [];
    this.#waitingFrom = 0;
    return given;
  }

  #send(asked: Asked): void {
    const { tokens } = this.#plan;
    const number = this.#number;
    this.#number += 1;
    this.#unanswered += 1;
    const sentAt = performance.now();
    const headers =
      `authorization: Bearer ${tokens[number % tokens.length]}\r\n` +
      `content-type: application/json\r\nidempotency-key: ${process.pid}-${number}\r\n`;
    const body = this.#bodies[number % this.#bodies.length] ?? '';
    this.#connections.post('/v1/bookings', headers, body, (answer) => this.#answered(asked, { ...answer, sentAt }));
  }

  #answered(asked: Asked, { status, location, sentAt }: Answer & { readonly sentAt: number }): void {
    this.#unanswered -= 1;
    this.#sendWaiting();
    const now = performance.now();
    if (status !== 202) {
      this.#refused[status] = (this.#refused[status] ?? 0) + 1;
      if (asked.isMeasured) this.#refusalMs.push(now - sentAt);
      return;
    }
    const bookingId = location.slice(location.lastIndexOf('/') + 1);
    this.#acceptedInAll += 1;
    if (asked.isMeasured) {
      this.#accepted += 1;
      this.#answerMs.push(now - asked.plannedAt);
    }
    const early = this.#early.get(bookingId);
    if (early === undefined) this.#underWay.set(bookingId, asked);
    else {
      this.#early.delete(bookingId);
      this.#complete(asked, early);
    }
  }

  #complete(asked: Asked, at: number): void {
    if (asked.isMeasured) this.#ticketMs.push(at - asked.plannedAt);
  }

  done(bookingId: string): void {
    const now = performance.now();
    this.#lastTicketAt = now;
    if (this.#measuring) this.#ticketed += 1;
    const asked = this.#underWay.get(bookingId);
    if (asked === undefined) this.#early.set(bookingId, now);
    else {
      this.#underWay.delete(bookingId);
      this.#complete(asked, now);
    }
  }

  async run(tell: (message: FromGenerator) => void): Promise<LoadResult> {
    const { pace, warmUpMs, measuredMs, drainMs } = this.#plan;
    const began = performance.now();
    let planned = 0;
    await new Promise<void>((resolve) => {
      const timer = setInterval(() => {
        const now = performance.now();
        const elapsed = now - began;
        if (!this.#measuring && elapsed >= warmUpMs) {
          this.#measuring = true;
          tell({ kind: 'measuring' });
        }
        if (elapsed >= warmUpMs + measuredMs) {
          clearInterval(timer);
          this.#measuring = false;
          tell({ kind: 'measured' });
          resolve();
          return;
        }
        if ('inFlightMax' in pace) {
          for (let room = pace.inFlightMax - this.inFlight; room > 0; room -= 1) this.ask(now);
          return;
        }
        for (; planned <= (elapsed * pace.ratePerSecond) / 1_000; planned += 1)
          this.ask(began + (planned * 1_000) / pace.ratePerSecond);
      }, tickMs);
    });
    const unsent = this.#giveUpWaiting();
    await this.#drained(drainMs);
    return {
      planned: this.#planned,
      unsent,
      accepted: this.#accepted,
      refused: this.#refused,
      ticketed: this.#ticketed,
      ticketedPerSecond: Number(((this.#ticketed * 1_000) / measuredMs).toFixed(1)),
      acceptedInAll: this.#acceptedInAll,
      unticketed: this.#underWay.size,
      answerMs: distributionOf(this.#answerMs),
      refusalMs: distributionOf(this.#refusalMs),
      ticketMs: distributionOf(this.#ticketMs),
    };
  }

  #drained(drainMs: number): Promise<void> {
    const began = performance.now();
    return new Promise((resolve) => {
      const timer = setInterval(() => {
        const now = performance.now();
        const quiet = now - Math.max(this.#lastTicketAt, began) > quietMs;
        if (this.inFlight > 0 && !quiet && now - began < drainMs) return;
        clearInterval(timer);
        resolve();
      }, 50);
    });
  }
}

/** The event with which a booking is done, where that is not its last ticket. */
const doneBy = { ticket: undefined, hold: 'BookingHeld', rejection: 'BookingRejected' } as const;

/** Calls `onDone` with each booking that is done; resolves once nothing is missed. */
async function followBookings(until: LoadPlan['until'], onDone: (bookingId: string) => void): Promise<void> {
  const instance = await runningInstance();
  const topics = until === 'ticket' ? 'ticket-details' : 'booking-events';
  const tail = instance.run<TailedRecord | FollowingMark>('tail', { topics, from: 'end', follow: 'true' });
  const following = Promise.withResolvers<void>();
  const issued = new Map<string, number>();
  const isDone = ({ type, data, subject }: TailedRecord): boolean => {
    if (type !== 'TicketIssued') return type === doneBy[until];
    const { ticketCount } = data as { readonly ticketCount: number };
    const count = (issued.get(subject) ?? 0) + 1;
    if (count < ticketCount) issued.set(subject, count);
    else issued.delete(subject);
    return count >= ticketCount;
  };
  const follow = async () => {
    for await (const record of tail) {
      if ('following' in record) following.resolve();
      else if (isDone(record)) onDone(record.subject);
    }
  };
  follow().catch(following.reject);
  await following.promise;
}

const tell = (message: FromGenerator): void => void process.send?.(message);
process.once('message', async (plan: LoadPlan) => {
  try {
    const generator = new Generator(plan);
    await followBookings(plan.until, (bookingId) => generator.done(bookingId));
    tell({ kind: 'ready' });
    tell({ kind: 'result', result: await generator.run(tell) });
  } catch (error) {
    tell({ kind: 'failed', message: (error as Error).message });
  }
  process.disconnect();
  process.exit(0);
});
