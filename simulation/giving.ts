import type { BookingDocument } from '../src/services/user/booking-document.ts';
import type { Asked, Client } from './client.ts';
import { shortId } from './faulty-store.ts';
import type { Journal } from './journal.ts';
import { sleep } from './process.ts';
import type { Random } from './random.ts';
import type { Trace } from './trace.ts';

/** Customers who give tickets to others: offered, taken back, taken by several at once, given on, and shown at the door all the while. */
export interface GivingOptions {
  readonly client: Client;
  /** Those who get to know the link. */
  readonly friends: readonly Client[];
  readonly staff: Client;
  readonly journal: Journal;
  readonly random: Random;
  readonly trace: Trace;
  /** Called when somebody is about to get to know the link. */
  readonly onGiving: () => void;
}

const triesMax = 6;

export class Giving {
  readonly #options: GivingOptions;
  #requests = 0;

  constructor(options: GivingOptions) {
    this.#options = options;
  }

  /** Perhaps gives one of the tickets away, while its giver may cancel or go in; the one who has it then may give it on. */
  async giveAway({ tickets, showId }: BookingDocument, cancel: () => Promise<void>): Promise<void> {
    const { random, client, friends } = this.#options;
    if (!random.chance(0.4)) return;
    const ticketId = random.pick(tickets);
    const first = `${ticketId} ${showId} 1`;
    const code = await this.#offer(client, ticketId);
    if (code === undefined) return;
    this.#options.onGiving();
    const meanwhile = [
      ...(random.chance(0.3) ? [this.#soon(cancel)] : []),
      ...(random.chance(0.3) ? [this.#soon(() => this.goIn(first))] : []),
      ...(random.chance(0.15) ? [this.#soon(() => this.#takeBack(client, ticketId))] : []),
    ];
    await Promise.all([
      ...meanwhile,
      ...[...friends, client].map((friend) => this.#soon(() => this.#take(friend, code))),
    ]);
    if (random.chance(0.6)) await this.goIn(first);
    const holder = await this.#holderOf(ticketId, friends);
    if (holder === undefined) return;
    if (random.chance(0.3)) await this.#soon(cancel);
    if (random.chance(0.4)) await this.#giveOn(holder, ticketId);
    for (const each of [client, ...friends]) {
      const newest = await this.#codeOf(each, ticketId);
      if (newest !== undefined && random.chance(0.7)) await this.goIn(newest);
    }
  }

  async #giveOn(holder: Client, ticketId: string): Promise<void> {
    const { journal, client, friends } = this.#options;
    const code = await this.#offer(holder, ticketId);
    if (code === undefined) return;
    journal.note('gives a ticket on');
    const others = [client, ...friends].filter((each) => each !== holder);
    await Promise.all(others.map((each) => this.#soon(() => this.#take(each, code))));
  }

  async #soon(deed: () => Promise<unknown>): Promise<void> {
    await sleep(this.#options.random.between(0, 80));
    await deed();
  }

  /** Offers a ticket; the secret, unless the answer that told it was lost. */
  async #offer(client: Client, ticketId: string): Promise<string | undefined> {
    const { journal, trace } = this.#options;
    const key = this.#key();
    journal.note('offers a ticket');
    trace.tell('giver', () => `offers ${shortId(ticketId)}`);
    const path = '/tickets/{ticketId}/transfer';
    const answered = await this.#ask(client, { service: 'ticket', method: 'POST', path, params: { ticketId }, key });
    if (answered?.status !== 201) return undefined;
    const { code } = answered.body as { readonly code?: string };
    if (code !== undefined) return code;
    await this.#takeBack(client, ticketId);
    return undefined;
  }

  async #takeBack(client: Client, ticketId: string): Promise<void> {
    this.#options.journal.note('takes an offer back');
    const path = '/tickets/{ticketId}/transfer';
    await this.#ask(client, { service: 'ticket', method: 'DELETE', path, params: { ticketId } });
  }

  async #take(client: Client, code: string): Promise<void> {
    const { journal, trace } = this.#options;
    const path = '/transfers/acceptance';
    const asked = { service: 'ticket', method: 'POST', path, body: { code }, key: this.#key() } as const;
    const answered = await this.#ask(client, asked);
    if (answered?.status !== 200) return;
    const { ticketId } = answered.body as { readonly ticketId: string };
    const { userId } = client.principal;
    journal.note('takes a ticket');
    journal.taken.push({ code, ticketId, userId });
    trace.tell('receiver', () => `has ${shortId(ticketId)}`);
  }

  async #holderOf(ticketId: string, clients: readonly Client[]): Promise<Client | undefined> {
    for (const client of clients) if ((await this.#codeOf(client, ticketId)) !== undefined) return client;
    return undefined;
  }

  /** The code of a ticket, as whoever holds it reads it. */
  async #codeOf(client: Client, ticketId: string): Promise<string | undefined> {
    const path = '/tickets/{ticketId}';
    const answered = await this.#ask(client, { service: 'ticket', method: 'GET', path, params: { ticketId } });
    return answered?.status === 200 ? (answered.body as { readonly code?: string }).code : undefined;
  }

  /** At the door, by a member of staff, with a code that counts or one that does not any more. */
  async goIn(code: string): Promise<void> {
    const { journal, staff } = this.#options;
    journal.note('goes in');
    const body = { code, gate: 'north' };
    for (let tries = 0; tries < 2; tries += 1) {
      const answered = await staff.ask({ service: 'ticket', method: 'POST', path: '/check-ins', body });
      if (answered.status === 200) journal.admitted.push(code);
    }
  }

  /** Asks until there is an answer. */
  async #ask(client: Client, asked: Asked) {
    const { random } = this.#options;
    for (let tries = 0; tries < triesMax; tries += 1) {
      const answered = await client.ask(asked);
      if (answered.status !== 'unanswered') return answered;
      await sleep(random.between(200, 3_000));
    }
    return undefined;
  }

  #key(): string {
    this.#requests += 1;
    return `giving-${this.#requests}`;
  }
}
