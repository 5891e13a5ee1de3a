import type { BookingDocument } from '../src/services/user/booking-document.ts';
import { cards } from './cards.ts';
import type { Client } from './client.ts';
import type { Journal } from './journal.ts';
import { sleep } from './process.ts';
import type { Random } from './random.ts';
import type { Trace } from './trace.ts';
import { standingRoom, type Venue } from './venue.ts';

/** What somebody is doing when they come to erase their account. */
const moments = [
  'comes',
  'asks',
  'has a booking',
  'has a hold',
  'pays',
  'is charged',
  'has tickets',
  'gives',
  'exchanges',
  'cancels',
] as const;
/** Few ever come to these, and so many of them erase their account then. */
const rareMoments = [
  ['waits', 0.3],
  ['has found seats', 0.8],
] as const;
export type Moment = (typeof moments)[number] | (typeof rareMoments)[number][0];

export interface ErasingOptions {
  readonly name: string;
  readonly client: Client;
  readonly journal: Journal;
  /** Chance of its own, so that whoever stays does what they would have done. */
  readonly random: Random;
  readonly trace: Trace;
  /** Where they go on while they erase their account on the other one. */
  readonly secondDevice: Client;
  readonly venue: Venue;
  /** Asks for seats on a device until there is an answer. */
  readonly book: (body: unknown, device: { readonly client: Client; readonly random: Random }) => Promise<unknown>;
}

const triesMax = 12;

/** A customer who perhaps erases their account, in the middle of something else and while another device of theirs goes on. */
export class Erasing {
  readonly #options: ErasingOptions;
  readonly #moments: readonly Moment[];
  #erasing: Promise<void> | undefined;

  constructor(options: ErasingOptions) {
    this.#options = options;
    const { random } = options;
    this.#moments = [
      ...(random.chance(0.25) ? [random.pick(moments)] : []),
      ...rareMoments.filter(([, probability]) => random.chance(probability)).map(([moment]) => moment),
    ];
  }

  /** They are at something: perhaps at what they erase their account in the middle of. */
  meets(moment: Moment): void {
    if (this.#moments.includes(moment)) this.#erasing ??= this.#eraseSoon();
  }

  /** They look at a booking of theirs. */
  sees({ status, tickets, history }: BookingDocument): void {
    if (status === 'waiting') this.meets('waits');
    if (status === 'awaiting_payment') this.meets('has a hold');
    if (status === 'awaiting_payment' && history.some((step) => step.status === 'waiting'))
      this.meets('has found seats');
    if (status === 'paying') this.meets('is charged');
    if (status === 'confirmed' && tickets.length > 0) this.meets('has tickets');
  }

  /** Resolves when it is done, where it was begun. */
  async done(): Promise<void> {
    await this.#erasing;
  }

  async #eraseSoon(): Promise<void> {
    const { random, journal, trace, name } = this.#options;
    await sleep(random.chance(0.8) ? random.between(0, 300) : random.between(300, 20_000));
    const books = random.chance(0.4) ? this.#bookMeanwhile() : undefined;
    journal.note('erases the account');
    trace.tell(name, () => 'erases the account');
    const twice = random.chance(0.2) ? this.#erase() : undefined;
    if (twice !== undefined) journal.note('erases the account twice');
    await this.#erase();
    await Promise.all([books, twice]);
    if (random.chance(0.2)) await this.#erase();
  }

  /** Just before it, or a little later than that would do any good; nobody looks at what becomes of it. */
  async #bookMeanwhile(): Promise<void> {
    const { random, journal, venue, secondDevice, book } = this.#options;
    await sleep(random.between(0, 1_500));
    journal.note('books while erasing the account');
    const until = new Date(Date.now() + random.between(300_000, 1_200_000)).toISOString();
    // So much of the little standing room that it has to be waited for.
    const waits = { areas: [{ area: 'standing', count: random.between(4, standingRoom) }], waitForSeats: { until } };
    const body = {
      showId: random.pick(venue.shows).showId,
      ...(random.chance(0.6) ? waits : { seats: [random.pick(venue.seats.slice(0, 8))] }),
      ...(random.chance(0.5) ? { payment: { method: 'card', token: random.pick(cards) } } : {}),
    };
    await book(body, { client: secondDevice, random });
  }

  async #erase(): Promise<void> {
    const { client, journal, random } = this.#options;
    const { userId } = client.principal;
    for (let tries = 0; tries < triesMax; tries += 1) {
      journal.erasureAsked(userId);
      const { status } = await client.ask({ service: 'user', method: 'DELETE', path: '/me' });
      if (status === 204) journal.erasureTold(userId);
      if (status !== 'unanswered') return;
      await sleep(random.between(200, 3_000));
    }
  }
}
