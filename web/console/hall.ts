import { html, type TemplateResult } from 'lit-html';
import type { SeatPlan } from '../../src/contracts/catalog.ts';
import { byId, type PlaceNames, placeNames, placesText } from '../../src/contracts/rules/places.ts';
import { indexOfSeat } from '../../src/contracts/rules/plan-order.ts';
import type { Availability, SeatDelta } from '../kit/answers.ts';
import { all, get } from '../kit/api.ts';
import { momentText } from '../kit/format.ts';
import { type Hall, hallOf, type SeatPlace, statesOf } from '../kit/hall.ts';
import { type App, loading, problemBox } from '../kit/page.ts';
import { messageOf } from '../kit/problem.ts';
import { type SeatMap, seatMap, seatMapView } from '../kit/seat-map.ts';
import { type Following, follow } from '../kit/server-events.ts';
import type { SeatChange, SeatHistory } from './answers.ts';
import { countsOf, PastHall } from './past-hall.ts';

/**
 * The hall of a show for those who run it: as it is now, to choose seats for the counter or to keep off sale; as it was at any
 * moment; and what became of each seat.
 */
interface Stage {
  readonly hall: Hall;
  readonly names: PlaceNames;
  readonly map: SeatMap;
}

/** A hall of 50,000 seats that sell out has some 150,000 changes. */
const wholeStory = { most: 1_000_000, limit: 5_000 };
const stateNames = ['free', 'held', 'sold', 'kept off sale'] as const;
const takenColours = ['--seat-held', '--seat-sold', '--seat-blocked'] as const;

export class HallView {
  readonly #app: App;
  readonly #path: string;
  readonly #opsPath: string;
  readonly #mayLookBack: boolean;
  readonly #onChoose: (seats: readonly string[]) => void;
  readonly #leaving = new AbortController();
  #stage: Stage | undefined;
  #live: Following | undefined;
  #now: Uint8Array = new Uint8Array();
  #chosen: readonly string[] = [];
  /** The same by their indexes in the plan: asked for each seat of the hall that is drawn. */
  #chosenIndexes: ReadonlySet<number> = new Set();
  #looked: SeatPlace | undefined;
  #history: SeatHistory | undefined;
  #past: PastHall | undefined;
  /** After how many changes the hall is shown, where it is not shown as it is now. */
  #pastAt = 0;
  #pastStates: Uint8Array = new Uint8Array();
  #isAsking = false;
  #problem: unknown;

  /** `onChoose` is told of the seats that are chosen, by their ids. */
  constructor(
    app: App,
    of: {
      readonly showId: string;
      readonly mayLookBack: boolean;
      readonly onChoose: (seats: readonly string[]) => void;
    },
  ) {
    this.#app = app;
    this.#path = `/v1/shows/${encodeURIComponent(of.showId)}`;
    this.#opsPath = `/v1/ops/shows/${encodeURIComponent(of.showId)}`;
    this.#mayLookBack = of.mayLookBack;
    this.#onChoose = of.onChoose;
    void this.#ask(() => this.#load());
  }

  leave(): void {
    this.#leaving.abort();
    this.#live?.stop();
    this.#stage?.map.leave();
  }

  /** What was chosen is chosen no more: it was sold or kept off sale. */
  clear(): void {
    this.#choose([]);
  }

  /** What its seats are called, as far as its plan is known. */
  get names(): PlaceNames {
    return this.#stage?.names ?? byId;
  }

  view(): TemplateResult {
    const problem = problemBox(this.#problem === undefined ? undefined : messageOf(this.#problem));
    if (this.#stage === undefined) return problem ?? loading;
    const { hall, map, names } = this.#stage;
    if (hall.rows.length === 0) return html`<p class="quiet">All places of this show are without numbers.</p>`;
    const [free, held, sold, blocked] = countsOf(this.#states);
    return html`
      <div class="hall">
      <div class="map">
        ${seatMapView(map, this.#lookedText())}
        <ul class="legend">
          <li><i class="category-0"></i>${free} free</li>
          <li><i class="held"></i>${held} held</li>
          <li><i class="sold"></i>${sold} sold</li>
          <li><i class="blocked"></i>${blocked} kept off sale</li>
          <li><i class="mine"></i>chosen</li>
        </ul>
        ${this.#mayLookBack ? this.#lookingBack() : undefined}
      </div>
      <div class="card">
        <strong>Chosen</strong>
        ${problem}
        ${
          this.#chosen.length === 0
            ? html`<p class="quiet">${this.#mayLookBack ? 'Choose seats to sell them, to keep them off sale, or to see what became of them.' : 'Choose seats to keep them off sale.'}</p>`
            : html`
                <p>${placesText({ seats: this.#chosen }, names)}</p>
                <p><button type="button" class="plain" @click=${() => this.clear()}>None of them</button></p>
              `
        }
        ${this.#history === undefined ? undefined : historyView(this.#history, names)}
      </div>
      </div>
    `;
  }

  #lookedText(): string {
    const seat = this.#looked;
    if (seat === undefined) return this.#past === undefined ? 'As it is now.' : 'As it was.';
    return `${this.#stage?.names.seat(seat.id)} (${seat.id}): ${stateNames[this.#states[seat.index] ?? 0]}`;
  }

  #lookingBack(): TemplateResult {
    if (this.#past === undefined) {
      return html`
        <p><button type="button" class="plain" ?disabled=${this.#isAsking} @click=${() => void this.#ask(() => this.#lookBack())}>Look back</button></p>
      `;
    }
    const change = this.#past.after(this.#pastAt);
    const text = change === undefined ? 'before anything happened' : momentText(change.at);
    return html`
      <div class="past">
        <label>
          The hall as it was
          <input
            type="range" min="0" max=${this.#past.length} .value=${String(this.#pastAt)} aria-valuetext=${text}
            @input=${(event: Event) => this.#goTo(Number((event.target as HTMLInputElement).value))}
          >
        </label>
        <p role="status">
          <strong>${text}</strong>
          <span class="quiet">(change ${this.#pastAt} of ${this.#past.length})</span>
          ${change === undefined ? undefined : html`${change.says} ${change.bookingId === undefined ? undefined : bookingLink(change.bookingId)}`}
        </p>
        <p class="row">
          <button type="button" class="plain" ?disabled=${this.#pastAt === 0} @click=${() => this.#goTo(this.#pastAt - 1)}>One back</button>
          <button type="button" class="plain" ?disabled=${this.#pastAt === this.#past.length} @click=${() => this.#goTo(this.#pastAt + 1)}>One on</button>
          <button type="button" class="plain" @click=${() => this.#backToNow()}>Back to now</button>
        </p>
      </div>
    `;
  }

  get #states(): Uint8Array {
    return this.#past === undefined ? this.#now : this.#pastStates;
  }

  async #load(): Promise<void> {
    const { signal } = this.#leaving;
    const { seatPlanId: current } = await get<Availability>(`${this.#path}/availability`, { signal });
    const plan = await get<SeatPlan>(`/v1/seat-plans/${encodeURIComponent(current)}`, { signal });
    // One colour for all that is free: here the states are what matters.
    const hall = hallOf(plan, []);
    this.#now = new Uint8Array(hall.index.seatCount);
    const map = seatMap({
      ...{ hall, takenColours },
      states: () => this.#states,
      isMine: (index) => this.#chosenIndexes.has(index),
      onChoose: (seat) => this.#toggle(seat.id),
      onLook: (seat) => {
        this.#looked = seat;
        this.#app.redraw();
      },
    });
    this.#stage = { hall, names: placeNames(plan), map };
    this.#live = follow(`${this.#path}/availability/stream`, {
      event: ({ event, data }) => {
        if (event === 'snapshot') {
          const { seatPlanId, seats } = data as Availability;
          if (seatPlanId !== plan.seatPlanId) return this.#anew();
          this.#now = statesOf(seats, hall.index.seatCount);
        } else for (const [index, state] of (data as SeatDelta).seats) this.#now[index] = state;
        if (this.#past === undefined) this.#draw();
      },
    });
  }

  /** The show has another plan since: another hall. */
  #anew(): void {
    this.#live?.stop();
    this.#stage?.map.leave();
    this.#stage = undefined;
    this.#past = undefined;
    this.#choose([]);
    void this.#ask(() => this.#load());
  }

  #toggle(seat: string): void {
    const isChosen = this.#chosen.includes(seat);
    this.#choose(isChosen ? this.#chosen.filter((each) => each !== seat) : [...this.#chosen, seat]);
    if (!isChosen && this.#mayLookBack) void this.#ask(() => this.#tell(seat));
  }

  #choose(seats: readonly string[]): void {
    this.#chosen = seats;
    const { hall } = this.#stage ?? {};
    this.#chosenIndexes = new Set(hall && seats.flatMap((seat) => indexOfSeat(hall.index, seat) ?? []));
    if (seats.length === 0) this.#history = undefined;
    this.#onChoose(seats);
    this.#draw();
  }

  async #tell(seat: string): Promise<void> {
    const { signal } = this.#leaving;
    const history = await get<SeatHistory>(`${this.#opsPath}/seats/${encodeURIComponent(seat)}/history`, { signal });
    if (this.#chosen.includes(seat)) this.#history = history;
  }

  async #lookBack(): Promise<void> {
    const changes = await all<SeatChange>(`${this.#opsPath}/seat-changes`, wholeStory);
    const { hall } = this.#stage ?? {};
    if (hall === undefined) return;
    const { seatCount } = hall.index;
    this.#past = new PastHall(changes, { seatCount, indexOf: (seat) => indexOfSeat(hall.index, seat) });
    this.#goTo(this.#past.length);
  }

  #goTo(count: number): void {
    this.#pastAt = count;
    this.#pastStates = this.#past?.statesAfter(count) ?? this.#pastStates;
    this.#draw();
  }

  #backToNow(): void {
    this.#past = undefined;
    this.#draw();
  }

  #draw(): void {
    this.#stage?.map.draw();
    this.#app.redraw();
  }

  async #ask(work: () => Promise<void>): Promise<void> {
    this.#isAsking = true;
    this.#problem = undefined;
    try {
      await work();
    } catch (error) {
      if (this.#leaving.signal.aborted) return;
      this.#problem = error;
    }
    this.#isAsking = false;
    this.#app.redraw();
  }
}

function historyView({ seat, changes, conclusion }: SeatHistory, names: PlaceNames): TemplateResult {
  return html`
    <section class="seat-history" aria-labelledby="seat-history">
      <h3 id="seat-history">What became of ${names.seat(seat)}</h3>
      <p>${conclusion}</p>
      <ol class="plain-list">
        ${changes.map(
          ({ at, says, bookingId }) => html`
            <li>
              <span class="quiet">${momentText(at)}</span> ${says}
              ${bookingId === undefined ? undefined : bookingLink(bookingId)}
            </li>
          `,
        )}
      </ol>
    </section>
  `;
}

function bookingLink(bookingId: string): TemplateResult {
  return html`<a href="/console/bookings/${bookingId}">the booking</a>`;
}
