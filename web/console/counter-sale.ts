import { html, type TemplateResult } from 'lit-html';
import { live } from 'lit-html/directives/live.js';
import { bookingNumber } from '../../src/contracts/rules/booking-number.ts';
import { byId, type PlaceNames, placeNames, placeOf, placesText } from '../../src/contracts/rules/places.ts';
import type { Booking, Quote, Show } from '../kit/answers.ts';
import { get, post } from '../kit/api.ts';
import { amountText, timeText } from '../kit/format.ts';
import { type App, fieldsOf, onSubmit, problemBox } from '../kit/page.ts';
import { planById } from '../kit/plans.ts';
import { messageOf, Problem } from '../kit/problem.ts';
import { WishKey } from '../kit/wish-key.ts';
import type { Answered, Ticket } from './answers.ts';
import { asking } from './asking.ts';
import { badge } from './badge.ts';
import { field } from './field.ts';
import { plain, seatsIn } from './words.ts';

/**
 * A sale at the counter, in three steps: what is wanted, its price with who pays how, the tickets. The price is a quoted one, so that
 * what the customer was told is what is taken.
 */
type Step =
  | { readonly name: 'choosing' }
  | { readonly name: 'paying'; readonly quote: Quote }
  | { readonly name: 'sold'; readonly booking: Booking; readonly tickets: readonly Ticket[] };

type Fields = Readonly<Record<string, string>>;

const outcomeWithinSeconds = 30;
const ticketsWithinMs = 10_000;
const lookAgainMs = 250;

export class CounterSale {
  readonly #app: App;
  readonly #showId: string;
  readonly #sold: () => void;
  readonly #plan;
  #key = new WishKey();
  #step: Step = { name: 'choosing' };
  /** `best`, `seats`, or an area of the plan. */
  #what = 'best';
  #method = 'cash';
  /** Seats that were chosen on the map. */
  #seats = '';
  #isAsking = false;
  #problem: unknown;

  constructor(app: App, { showId, sold }: { readonly showId: string; readonly sold: () => void }) {
    this.#app = app;
    this.#showId = showId;
    this.#sold = sold;
    this.#plan = asking(app, async (signal) => {
      const { seatPlanId } = await get<Show>(`/v1/shows/${encodeURIComponent(showId)}`, { signal });
      return planById(seatPlanId, { signal });
    });
    void this.#plan.again();
  }

  leave(): void {
    this.#plan.stop();
  }

  /** Takes seats as what is wanted; a sale that has its price already goes on as it is. */
  choose(seats: readonly string[]): void {
    this.#seats = seats.join(' ');
    if (this.#step.name === 'choosing') this.#what = seats.length > 0 ? 'seats' : 'best';
  }

  view({ status, priceCategories }: Show): TemplateResult | undefined {
    // What is being sold goes on to its end: the last seats of a show are sold, and their tickets are still to be shown.
    if (status !== 'on_sale' && this.#step.name === 'choosing')
      return html`<p class="quiet">Nothing is sold at the counter: the show is ${plain(status)}.</p>`;
    return html`
      <section aria-labelledby="counter">
        <h2 id="counter">Sell at the counter</h2>
        <div class="counter card" tabindex="-1">${this.#stepView(priceCategories.map(({ name }) => name))}</div>
      </section>
    `;
  }

  #stepView(categories: readonly string[]): TemplateResult {
    switch (this.#step.name) {
      case 'choosing':
        return this.#choosing(categories);
      case 'paying':
        return this.#paying(this.#step.quote);
      case 'sold':
        return this.#ended(this.#step);
      default:
        return this.#step satisfies never;
    }
  }

  #choosing(categories: readonly string[]): TemplateResult {
    const areas = this.#plan.answer?.areas ?? [];
    return html`
      <form @submit=${onSubmit((form) => void this.#price(fieldsOf(form)))}>
        <div class="row">
          <label>
            What
            <select @change=${this.#choose('what')} .value=${live(this.#what)}>
              <option value="best">the best seats there are</option>
              <option value="seats">certain seats</option>
              ${areas.map(({ area, name }) => html`<option value=${area}>${name}</option>`)}
            </select>
          </label>
          ${
            this.#what === 'seats'
              ? field(
                  'Ids of the seats, such as S-A-1 S-A-2',
                  html`<input name="seats" required size="30" spellcheck="false" .value=${this.#seats}>`,
                )
              : field('How many', html`<input type="number" name="count" required min="1" max="100" value="1">`)
          }
          ${
            this.#what === 'best'
              ? html`
                  <label>
                    Category
                    <select name="category"><option value="">any</option>${categories.map((each) => html`<option>${each}</option>`)}</select>
                  </label>
                `
              : undefined
          }
          <button ?disabled=${this.#isAsking}>What does it cost?</button>
        </div>
        ${this.#said()}
      </form>
    `;
  }

  #paying(quote: Quote): TemplateResult {
    const isUnheard = this.#problem instanceof Problem && this.#problem.isPassing;
    return html`
      <form class="stacked" @submit=${onSubmit((form) => void this.#sell(quote, fieldsOf(form)))}>
        <p>
          <strong class="sum">${amountText(quote.total)}</strong>
          for ${placesText(quote, this.#names)} <span class="quiet">(the price holds until ${timeText(quote.expiresAt)})</span>
        </p>
        ${field('Name of the customer', html`<input name="customerName" required maxlength="100" autocomplete="off">`)}
        <label>
          Paid by
          <select name="method" @change=${this.#choose('method')}>
            <option value="cash" ?selected=${this.#method === 'cash'}>cash</option>
            <option value="card" ?selected=${this.#method === 'card'}>card</option>
          </select>
        </label>
        ${
          this.#method === 'card'
            ? field(
                'Token of the card, from the terminal',
                html`<input name="token" required maxlength="200" autocomplete="off">`,
              )
            : undefined
        }
        ${this.#said()}
        ${isUnheard ? html`<p class="note">It may be sold already. Sell again to find out: it is not sold twice.</p>` : undefined}
        <p class="row">
          <button ?disabled=${this.#isAsking}>${this.#isAsking ? 'Selling …' : `Sell for ${amountText(quote.total)}`}</button>
          <button type="button" class="plain" ?disabled=${this.#isAsking || isUnheard} @click=${() => this.#goTo({ name: 'choosing' })}>Choose again</button>
        </p>
      </form>
    `;
  }

  #ended({ booking, tickets }: Extract<Step, { name: 'sold' }>): TemplateResult {
    const { bookingId, status, reason, total, payment } = booking;
    const why = reason ?? payment.error?.message;
    return html`
      <div role="status">
        <p>
          ${badge(status)} ${why === undefined ? undefined : plain(why)} ${total === undefined ? undefined : html`<strong class="sum">${amountText(total)}</strong>`}
        </p>
        ${status === 'confirmed' && tickets.length === 0 ? html`<p>The tickets are still being made; the booking will have them.</p>` : undefined}
        <p>Booking <strong>${bookingNumber(bookingId)}</strong></p>
        <ul class="plain-list">
          ${tickets.map(({ code, ...place }) => html`<li><strong>${placeOf(place, this.#names)}</strong> <code class="ticket-code">${code}</code></li>`)}
        </ul>
      </div>
      <p class="row">
        <a class="button" href="/bookings/${bookingId}">Tickets to print</a>
        <a class="button plain" href="/console/bookings/${bookingId}">The booking</a>
        <button type="button" class="plain" @click=${() => this.#goTo({ name: 'choosing' })}>The next customer</button>
      </p>
    `;
  }

  get #names(): PlaceNames {
    return this.#plan.answer === undefined ? byId : placeNames(this.#plan.answer);
  }

  #said(): TemplateResult | undefined {
    return problemBox(this.#problem === undefined ? undefined : messageOf(this.#problem));
  }

  #choose(which: 'what' | 'method') {
    return (event: Event) => {
      const { value } = event.target as HTMLSelectElement;
      if (which === 'what') this.#what = value;
      else this.#method = value;
      this.#app.redraw();
    };
  }

  #goTo(step: Step): void {
    this.#step = step;
    this.#problem = undefined;
    if (step.name === 'choosing') {
      this.#key = new WishKey();
      this.#what = 'best';
      this.#method = 'cash';
    }
    this.#app.redraw();
    requestAnimationFrame(() =>
      document.querySelector<HTMLElement>('.counter select, .counter input, .counter')?.focus(),
    );
  }

  async #price(fields: Fields): Promise<void> {
    await this.#ask(async () => {
      const path = `/v1/shows/${encodeURIComponent(this.#showId)}/quotes`;
      this.#goTo({ name: 'paying', quote: await post<Quote>(path, wanted(this.#what, fields)) });
    });
  }

  async #sell({ quote }: Quote, { customerName, method, token }: Fields): Promise<void> {
    await this.#ask(async () => {
      const payment = method === 'card' ? { method, token } : { method: 'cash' };
      const body = { showId: this.#showId, quote, payment, customerName };
      const { bookingId } = await post<Answered>('/v1/bookings', body, {
        key: this.#key.of(body),
        wait: outcomeWithinSeconds,
      });
      const booking = await get<Booking>(`/v1/bookings/${bookingId}`);
      const tickets = booking.status === 'confirmed' ? await ticketsOf(booking) : [];
      this.#goTo({ name: 'sold', booking, tickets });
      this.#sold();
    });
  }

  async #ask(work: () => Promise<void>): Promise<void> {
    if (this.#isAsking) return;
    this.#isAsking = true;
    this.#problem = undefined;
    this.#app.redraw();
    try {
      await work();
    } catch (error) {
      this.#problem = error;
    }
    this.#isAsking = false;
    this.#app.redraw();
  }
}

function wanted(what: string, { seats, count, category }: Fields) {
  if (what === 'seats') return { seats: seatsIn(seats ?? '') };
  if (what !== 'best') return { areas: [{ area: what, count: Number(count) }] };
  return { bestAvailable: { count: Number(count), ...(category === undefined ? {} : { priceCategory: category }) } };
}

/** The tickets follow a confirmed booking by moments. */
async function ticketsOf({ bookingId, seats, areas = [] }: Booking): Promise<readonly Ticket[]> {
  const count = areas.reduce((sum, area) => sum + area.count, seats.length);
  const until = performance.now() + ticketsWithinMs;
  for (;;) {
    const { items } = await get<{ readonly items: readonly Ticket[] }>(`/v1/bookings/${bookingId}/tickets`);
    if (items.length >= count || performance.now() > until) return items;
    await new Promise((resolve) => setTimeout(resolve, lookAgainMs));
  }
}
