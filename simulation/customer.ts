import type { Show } from '../src/contracts/catalog.ts';
import type { BookingDocument } from '../src/services/user/booking-document.ts';
import { isFinal } from '../src/services/user/booking-document.ts';
import { cards } from './cards.ts';
import type { Client } from './client.ts';
import { Erasing } from './erasing.ts';
import { shortId } from './faulty-store.ts';
import { Giving } from './giving.ts';
import type { Journal } from './journal.ts';
import { sleep } from './process.ts';
import type { Random } from './random.ts';
import type { Trace } from './trace.ts';
import { standingRoom, type Venue } from './venue.ts';

export interface CustomerOptions {
  readonly number: number;
  /** From the beginning of the sale. */
  readonly comesWithinMs: number;
  readonly client: Client;
  readonly staff: Client;
  /** Other customers, whom this one gives tickets to. */
  readonly friends: readonly Client[];
  /** Chance of its own, so that whoever gives nothing away does what they would have done. */
  readonly givingRandom: Random;
  /** And so that whoever exchanges nothing does. */
  readonly exchangingRandom: Random;
  /** And so that whoever erases nothing does. */
  readonly erasingRandom: Random;
  /** Where somebody goes on while they erase their account on the other one. */
  readonly secondDevice: Client;
  readonly venue: Venue;
  readonly journal: Journal;
  readonly random: Random;
  readonly trace: Trace;
}

const triesMax = 12;
const looksMax = 40;

/** One customer: books something, perhaps pays, perhaps changes their mind, perhaps is never heard of again. */
export class Customer {
  readonly #options: CustomerOptions;
  readonly #name: string;
  readonly #giving: Giving;
  readonly #erasing: Erasing;
  #requests = 0;

  constructor(options: CustomerOptions) {
    this.#options = options;
    this.#name = `customer ${options.number}`;
    this.#erasing = new Erasing({
      ...{ ...options, name: this.#name, random: options.erasingRandom },
      book: (body, device) => this.#request(body, `${this.#key()}-elsewhere`, undefined, device),
    });
    this.#giving = new Giving({
      ...{ ...options, random: options.givingRandom },
      onGiving: () => this.#erasing.meets('gives'),
    });
  }

  async live(): Promise<void> {
    const { random } = this.#options;
    await sleep(random.between(0, this.#options.comesWithinMs));
    const person = this.#options.venue.people[this.#options.number];
    if (person !== undefined) await this.#options.venue.register(person);
    this.#erasing.meets('comes');
    const bookings = random.chance(0.2) ? 2 : 1;
    const show = random.pick(this.#options.venue.shows);
    for (let count = 0; count < bookings; count += 1) await this.#book(show);
    await this.#erasing.done();
  }

  async #book(show: Show): Promise<void> {
    const { random, journal } = this.#options;
    const wish = this.#wish();
    const quote = random.chance(0.35) ? await this.#quote(show.showId, wish) : undefined;
    const payment = random.chance(0.5) ? { method: 'card', token: random.pick(cards) } : undefined;
    const body = {
      showId: show.showId,
      ...(quote === undefined ? wish : { quote: quote.text }),
      ...(random.chance(0.1) ? { maxTotal: { amount: random.between(800, 4_000), currency: 'EUR' } } : {}),
      ...(payment === undefined ? {} : { payment }),
      ...(quote === undefined && !('seats' in wish) ? this.#patience() : {}),
    };
    journal.note(payment === undefined ? 'books and pays later' : 'books with a payment');
    if (quote !== undefined) journal.note('books with a quote');
    const key = this.#key();
    this.#erasing.meets('asks');
    if (random.chance(0.1)) {
      journal.note('sends twice at once');
      void this.#request(body, key, quote);
    }
    const bookingId = await this.#request(body, key, quote);
    if (bookingId === undefined) return;
    this.#erasing.meets('has a booking');
    if (random.chance(0.1)) {
      journal.note('retries with the same key');
      await this.#request(body, key, quote);
    }
    await this.#follow(bookingId, payment !== undefined);
  }

  /** Some wait where no seats are free, for as long as they can. */
  #patience(): Readonly<Record<string, unknown>> {
    const { random, journal } = this.#options;
    if (!random.chance(0.6)) return {};
    journal.note('waits for seats');
    return { waitForSeats: { until: new Date(Date.now() + random.between(30_000, 1_200_000)).toISOString() } };
  }

  #wish(): Readonly<Record<string, unknown>> {
    const { random, venue, journal } = this.#options;
    const kind = random.next();
    if (kind < 0.2) return { bestAvailable: { count: random.between(1, 4) } };
    if (kind < 0.45) return { areas: [{ area: 'standing', count: random.between(1, standingRoom / 2) }] };
    // Most want the same few seats.
    const wanted = random.chance(0.7) ? venue.seats.slice(0, 8) : venue.seats;
    if (wanted.length === 8) journal.note('fights for a seat');
    const count = random.between(1, 3);
    const first = random.between(0, wanted.length - count);
    return { seats: wanted.slice(first, first + count) };
  }

  async #quote(showId: string, wish: Readonly<Record<string, unknown>>) {
    const { client, random } = this.#options;
    const params = { showId };
    const answered = await client.ask({
      service: 'pricing',
      method: 'POST',
      path: '/shows/{showId}/quotes',
      params,
      body: wish,
    });
    if (answered.status !== 200) return undefined;
    const { quote, total, expiresAt } = answered.body as {
      quote: string;
      total: { amount: number };
      expiresAt: string;
    };
    // Some think it over until it has expired.
    await sleep(random.chance(0.1) ? random.between(121_000, 160_000) : random.between(500, 20_000));
    return { text: quote, amount: total.amount, expiresAt: Date.parse(expiresAt) };
  }

  /** Asks until there is an answer; the key makes that one request. */
  async #request(
    body: unknown,
    key: string,
    quote: { readonly amount: number; readonly expiresAt: number } | undefined,
    { client, random }: Pick<CustomerOptions, 'client' | 'random'> = this.#options,
  ): Promise<string | undefined> {
    const { journal, trace } = this.#options;
    for (let tries = 0; tries < triesMax; tries += 1) {
      if (tries > 0) journal.note('retries with the same key');
      const sentAt = performance.now();
      const answered = await client.ask({ service: 'user', method: 'POST', path: '/bookings', body, key });
      if (answered.status === 'unanswered') {
        if (random.chance(0.05)) {
          journal.note('vanishes');
          trace.tell(this.#name, () => 'gives up asking');
          return undefined;
        }
        await sleep(random.between(200, 3_000));
        continue;
      }
      if (answered.status >= 400) return undefined;
      const { bookingId } = answered.body as { readonly bookingId: string };
      const { showId } = body as { readonly showId: string };
      const { userId } = client.principal;
      const before = journal.answers.get(key);
      trace.tell(this.#name, () => `has booking ${shortId(bookingId)} for ${shortId(showId)}`);
      if (before === undefined) journal.acknowledged.push({ bookingId, key, userId, showId, sentAt, quoted: quote });
      journal.answers.set(key, (before ?? new Set()).add(bookingId));
      return bookingId;
    }
    return undefined;
  }

  /** Looks at the booking now and then, and does what a person would, until it is over or the person has gone. */
  async #follow(bookingId: string, paymentSent: boolean): Promise<void> {
    const { random, journal, trace } = this.#options;
    const character = random.next();
    const vanishes = character < 0.12;
    const cancels = character > 0.8;
    const cancelsAt = random.between(0, 12);
    let payments = paymentSent ? 1 : 0;
    for (let look = 0; look < looksMax; look += 1) {
      await sleep(random.between(300, 8_000));
      if (vanishes && random.chance(0.4)) {
        journal.note('vanishes');
        trace.tell(this.#name, () => `vanishes from ${shortId(bookingId)}`);
        return;
      }
      if (cancels && look === cancelsAt) {
        await this.#cancel(bookingId);
        if (random.chance(0.3)) await this.#cancel(bookingId);
      }
      const document = await this.#look(bookingId);
      if (document === undefined) continue;
      this.#erasing.sees(document);
      if (document.status === 'awaiting_payment' && document.payment.status !== 'pending' && payments < 4) {
        payments += 1;
        await this.#pay(document, payments);
        continue;
      }
      if (document.status === 'confirmed' && cancels && look < cancelsAt) continue;
      if (document.status === 'confirmed' && document.tickets.length > 0)
        await this.#giving.giveAway(document, () => this.#cancel(bookingId));
      if (document.status === 'confirmed' && document.tickets.length > 0) await this.#exchange(document);
      if (document.status === 'confirmed' && document.tickets.length > 0 && random.chance(0.2)) {
        const cancelled = random.chance(0.3) ? this.#cancel(bookingId) : undefined;
        if (cancelled !== undefined) await sleep(random.between(0, 100));
        await this.#giving.goIn(`${random.pick(document.tickets)} ${document.showId} 1`);
        await cancelled;
      }
      if (isFinal(document.status)) return;
    }
  }

  /** Perhaps exchanges a booking for another, which may not be had or never be paid for, and may cancel or use the first one meanwhile. */
  async #exchange({ bookingId: replaces, tickets, showId }: BookingDocument): Promise<void> {
    const { exchangingRandom: random, journal, venue } = this.#options;
    if (!random.chance(0.2)) return;
    journal.note('exchanges');
    this.#erasing.meets('exchanges');
    const body = {
      showId: random.pick(venue.shows).showId,
      bestAvailable: { count: random.between(1, 3) },
      ...(random.chance(0.7) ? { payment: { method: 'card', token: random.pick(cards) } } : {}),
      replaces,
    };
    const meanwhile = random.next();
    const soon = async (deed: () => Promise<void>) => {
      await sleep(random.between(0, 400));
      await deed();
    };
    const [bookingId] = await Promise.all([
      this.#request(body, this.#key(), undefined),
      ...(meanwhile < 0.2 ? [soon(() => this.#cancel(replaces))] : []),
      ...(meanwhile > 0.8 ? [soon(() => this.#giving.goIn(`${random.pick(tickets)} ${showId} 1`))] : []),
    ]);
    if (bookingId === undefined || random.chance(0.3)) return;
    await sleep(random.between(300, 8_000));
    const document = await this.#look(bookingId);
    if (document?.status === 'awaiting_payment' && document.payment.status !== 'pending') await this.#pay(document, 3);
  }

  async #look(bookingId: string): Promise<BookingDocument | undefined> {
    const { client } = this.#options;
    const params = { bookingId };
    const answered = await client.ask({ service: 'user', method: 'GET', path: '/bookings/{bookingId}', params });
    return answered.status === 200 ? (answered.body as BookingDocument) : undefined;
  }

  async #pay({ bookingId, holdExpiresAt = '' }: BookingDocument, payments: number): Promise<void> {
    const { random, journal, client, staff } = this.#options;
    if (random.chance(0.35)) {
      // About when the hold ends.
      journal.note('pays late');
      await sleep(Math.max(0, Date.parse(holdExpiresAt) - Date.now() + random.between(-8_000, 2_000)));
    }
    const cash = random.chance(0.08);
    if (cash) journal.note('pays cash at the counter');
    const body = cash ? { method: 'cash' } : { method: 'card', token: payments > 2 ? 'tok_visa' : random.pick(cards) };
    const asked = {
      service: 'user',
      method: 'POST',
      path: '/bookings/{bookingId}/payments',
      params: { bookingId },
    } as const;
    if (random.chance(0.15)) {
      journal.note('pays twice');
      void client.ask({ ...asked, body: { method: 'card', token: random.pick(cards) }, key: this.#key() });
    }
    const key = this.#key();
    this.#erasing.meets('pays');
    for (let tries = 0; tries < triesMax; tries += 1) {
      if (tries > 0) journal.note('retries with the same key');
      const answered = await (cash ? staff : client).ask({ ...asked, body, key });
      if (answered.status !== 'unanswered') return;
      await sleep(random.between(200, 3_000));
    }
  }

  async #cancel(bookingId: string): Promise<void> {
    const { random, journal, client, trace } = this.#options;
    journal.note('cancels');
    this.#erasing.meets('cancels');
    trace.tell(this.#name, () => `cancels ${shortId(bookingId)}`);
    const params = { bookingId };
    const key = this.#key();
    for (let tries = 0; tries < triesMax; tries += 1) {
      const asked = { service: 'user', method: 'POST', path: '/bookings/{bookingId}/cancellation' } as const;
      const answered = await client.ask({ ...asked, params, body: {}, key });
      if (answered.status !== 'unanswered') return;
      await sleep(random.between(200, 3_000));
    }
  }

  #key(): string {
    this.#requests += 1;
    return `customer-${this.#options.number}-${this.#requests}`;
  }
}
