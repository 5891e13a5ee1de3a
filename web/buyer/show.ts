import { html, type TemplateResult } from 'lit-html';
import type { SeatPlan } from '../../src/contracts/catalog.ts';
import { byId, placeNames, placesText } from '../../src/contracts/rules/places.ts';
import { indexOfSeat } from '../../src/contracts/rules/plan-order.ts';
import type { AreaState, Availability, Booking, Quote, SeatDelta, Show } from '../kit/answers.ts';
import { get, type Listed, post } from '../kit/api.ts';
import { serverNow } from '../kit/clock.ts';
import { countText, placeTimeText } from '../kit/format.ts';
import { type Hall, hallOf, type SeatPlace, statesOf } from '../kit/hall.ts';
import { type App, fieldsOf, loading, type Page, problemBox } from '../kit/page.ts';
import { planById } from '../kit/plans.ts';
import { messageOf, Problem, tryingAgain } from '../kit/problem.ts';
import { type SeatMap, seatMap, seatMapView } from '../kit/seat-map.ts';
import { type Following, follow } from '../kit/server-events.ts';
import { WishKey } from '../kit/wish-key.ts';
import { type Choice, isNothing, keepChoice, keptChoice, nothing, placesIn, withPlaces, withSeat } from './choice.ts';
import { exchange, exchangeNote, toExchange } from './exchange.ts';
import { priceLines } from './prices.ts';
import { bestForm, legend, placesField } from './seat-choices.ts';
import { placesLeft, saleAt } from './shows.ts';
import { waitForm, waitOf } from './wait-list.ts';
import { Waiting } from './waiting.ts';

/** A show: its hall as it is now, what somebody chooses of it, what that costs, and the way to book it. */
const quoteAfterMs = 200;
/** Seconds to wait at the server for the seats; the booking's own page waits for the rest. */
const bookWaitSeconds = 5;
/** What somebody holds is among so many of their bookings, the newest first. */
const latestBookings = 10;
/** A browser's timers go no further than 24 days. */
const timerMaxMs = 86_400_000;
const stateNames = ['free', 'held by somebody', 'sold', 'not for sale'] as const;

interface Stage {
  readonly show: Show;
  readonly plan: SeatPlan;
  readonly hall: Hall;
  readonly map: SeatMap;
}

export function showPage(app: App, { showId = '' }: Readonly<Record<string, string>>): Page {
  let known: Show | undefined;
  let stage: Stage | undefined;
  let states: Uint8Array = new Uint8Array();
  let areas: readonly AreaState[] = [];
  let choice: Choice = keptChoice(showId);
  /** What they hold of the show and have not paid. */
  let held: Booking | undefined;
  /** By which they are on its waiting list. */
  let listed: Booking | undefined;
  let quote: Quote | undefined;
  let looked: SeatPlace | undefined;
  let notice: string | undefined;
  let problem: string | undefined;
  let isBooking = false;
  let isBroken = false;
  /** What they looked for there is not, though there may be other seats. */
  let isInVain = false;
  // Before the hall was told of, nobody knows that it is full.
  let isTold = false;
  let opening: ReturnType<typeof setTimeout> | undefined;
  let live: Following | undefined;
  const leaving = new AbortController();
  let quoting = new AbortController();
  let chosen = new Set<number>();
  const wish = new WishKey();
  const waitingRoom = new Waiting(app, showId, leaving.signal);

  async function load(): Promise<void> {
    const { signal } = leaving;
    try {
      // Asked for before the hall is: seats that are held for whoever looks on are not taken by somebody else.
      const latest = latestOf(app, showId, signal);
      known = await get<Show>(`/v1/shows/${encodeURIComponent(showId)}`, { signal, waiting });
      const isForSale = (each: Show) => ['scheduled', 'open'].includes(saleAt(each, serverNow()));
      const show = await waitingRoom.turn(known, isForSale);
      known = show;
      const plan = await planById(show.seatPlanId, { signal, waiting });
      const theirs = await latest;
      held = theirs.find(({ status }) => status === 'awaiting_payment');
      listed = theirs.find(({ status }) => status === 'waiting');
      problem = undefined;
      if (signal.aborted) return;
      const categories = show.priceCategories.map(({ name }) => name);
      const hall = hallOf(plan, categories);
      states = new Uint8Array(hall.index.seatCount);
      const map = seatMap({
        hall,
        states: () => states,
        isMine: (index) => chosen.has(index),
        onChoose: toggle,
        onLook: (seat) => {
          looked = seat;
          app.redraw();
        },
      });
      stage = { show, plan, hall, map };
      waitForSale();
      live = follow(`/v1/shows/${showId}/availability/stream`, {
        event: ({ event, data }) => (event === 'snapshot' ? begin(data as Availability) : change(data as SeatDelta)),
        broken: () => {
          isBroken = true;
          app.redraw();
        },
      });
      choose(choice);
    } catch (error) {
      if (signal.aborted) return;
      problem = error instanceof Problem && error.status === 404 ? 'There is no such show.' : messageOf(error);
    }
    app.redraw();
  }

  const waiting = (why: Problem) => {
    problem = tryingAgain(why);
    app.redraw();
  };

  /** Draws anew when the sale opens. */
  function waitForSale(): void {
    const opensInMs = stage === undefined ? 0 : Date.parse(stage.show.sales.opensAt) - serverNow();
    if (opensInMs > 0) opening = setTimeout(waitForSale, Math.min(timerMaxMs, opensInMs));
    app.redraw();
  }

  function begin(body: Availability): void {
    if (stage === undefined) return;
    // A hall with another plan is another hall: the page begins anew.
    if (body.seatPlanId !== stage.show.seatPlanId) {
      location.reload();
      return;
    }
    states = statesOf(body.seats, stage.hall.index.seatCount);
    areas = body.areas;
    isTold = true;
    settled();
  }

  function change(body: SeatDelta): void {
    for (const [index, state] of body.seats) states[index] = state;
    const changed = new Map(body.areas.map((each) => [each.area, each]));
    areas = areas.map((each) => changed.get(each.area) ?? each);
    settled();
  }

  /** After every change of the hall: what was chosen and is gone is chosen no more. */
  function settled(): void {
    isBroken = false;
    const gone = isBooking ? [] : choice.seats.filter((seat) => (states[indexOf(seat)] ?? 0) !== 0);
    if (gone.length > 0) {
      const taken = gone.filter((seat) => held?.seats.includes(seat) !== true);
      notice = taken.length === 0 ? undefined : `${namedSeats(taken)}: taken by somebody else just now.`;
      choose({ ...choice, seats: choice.seats.filter((seat) => !gone.includes(seat)) });
    }
    stage?.map.draw();
    app.redraw();
  }

  const leftOf = (area: string) => {
    const state = areas.find((each) => each.area === area);
    return state === undefined ? 0 : placesLeft(state);
  };
  const names = () => (stage === undefined ? byId : placeNames(stage.plan));
  const namedSeats = (seats: readonly string[]) => placesText({ seats }, names());
  const indexOf = (seat: string) => (stage && indexOfSeat(stage.hall.index, seat)) ?? -1;

  function toggle(seat: SeatPlace): void {
    if (isBooking || stage === undefined || saleAt(stage.show, serverNow()) !== 'open') return;
    notice = undefined;
    if (states[seat.index] === 0 || choice.seats.includes(seat.id)) choose(withSeat(choice, seat.id));
    else {
      notice = `${namedSeats([seat.id])} is ${stateNames[states[seat.index] ?? 0]}.`;
      app.redraw();
    }
  }

  function choose(next: Choice, quoted?: Quote): void {
    choice = next;
    keepChoice(showId, next);
    chosen = new Set(next.seats.map(indexOf));
    quote = quoted;
    problem = undefined;
    quoting.abort();
    quoting = new AbortController();
    const { signal } = quoting;
    if (quoted === undefined && !isNothing(next))
      setTimeout(() => signal.aborted || void ask(wantedOf(next), signal), quoteAfterMs);
    stage?.map.draw();
    app.redraw();
  }

  async function ask(wanted: unknown, signal: AbortSignal): Promise<void> {
    try {
      const answer = await post<Quote>(`/v1/shows/${showId}/quotes`, wanted, { signal });
      if (signal.aborted) return;
      choose({ seats: answer.seats, areas: answer.areas }, answer);
    } catch (error) {
      if (signal.aborted) return;
      isInVain = error instanceof Problem && error.code === 'seats_unavailable';
      problem = messageOf(error);
      app.redraw();
    }
  }

  function best(form: HTMLFormElement): void {
    const { count = '1', priceCategory, accessible } = fieldsOf(form);
    choose(nothing);
    notice = undefined;
    const bestAvailable = {
      count: Number(count),
      ...(priceCategory === undefined ? {} : { priceCategory }),
      ...(accessible === undefined ? {} : { accessible: true }),
    };
    void ask({ bestAvailable }, quoting.signal);
  }

  const book = () => request({ ...wantedOf(choice), ...(quote === undefined ? {} : { quote: quote.quote }) });

  async function request(wanted: object): Promise<void> {
    if (app.me() === undefined) {
      app.go(`/sign-in?then=${encodeURIComponent(`/shows/${showId}`)}`);
      return;
    }
    isBooking = true;
    problem = undefined;
    app.redraw();
    try {
      const replaces = toExchange();
      const request = { showId, ...wanted, ...(replaces === undefined ? {} : { replaces }) };
      const { bookingId } = await post<Pick<Booking, 'bookingId'>>('/v1/bookings', request, {
        key: wish.of(request),
        wait: bookWaitSeconds,
        signal: leaving.signal,
        // It may be held already: it is asked until somebody says so, and nothing else is chosen meanwhile.
        waiting,
      });
      keepChoice(showId, nothing);
      exchange(undefined);
      app.go(`/bookings/${bookingId}`);
    } catch (error) {
      if (leaving.signal.aborted) return;
      isBooking = false;
      if (error instanceof Problem && error.code === 'waiting_room') return waitAgain();
      problem = messageOf(error);
      app.redraw();
    }
  }

  /** Their time inside is over, or the show has a waiting room since a moment. */
  function waitAgain(): void {
    leaveHall();
    void load();
  }

  function leaveHall(): void {
    quoting.abort();
    live?.stop();
    stage?.map.leave();
    stage = undefined;
  }

  function view(): TemplateResult {
    if (known !== undefined && waitingRoom.isWaiting) return html`${heading(known)} ${waitingRoom.view(known)}`;
    if (stage === undefined)
      return problem === undefined
        ? loading
        : html`<h1>Show</h1>${problemBox(problem)}<p><a href="/">To the programme</a></p>`;
    const { show, plan, hall } = stage;
    const hasSeats = plan.sections.length > 0;
    const isOpen = saleAt(show, serverNow()) === 'open';
    const isFull = isTold && !states.includes(0) && areas.every((area) => placesLeft(area) <= 0);
    const note = saleText(show, isFull);
    return html`
      ${heading(show)} ${exchangeNote(app)} ${waitingRoom.note()}
      ${note === undefined ? undefined : html`<p class="note" role="status">${note}</p>`}
      ${held === undefined || !isHeldStill(held) ? undefined : html`<p class="note">You hold ${placesText(held, placeNames(plan))} of this show. <a href="/bookings/${held.bookingId}">Go on to payment</a></p>`}
      ${listed === undefined ? undefined : html`<p class="note">You are on the waiting list of this show. <a href="/bookings/${listed.bookingId}">See where you are</a></p>`}
      ${isBroken ? html`<p class="note" role="status">The seat map is not live at the moment. Trying again …</p>` : undefined}
      <div class="hall">
        <section class="map" aria-label="Seats">
          ${hasSeats ? mapView(stage) : undefined}
          ${plan.areas.map((area) =>
            placesField(area, {
              show,
              left: leftOf(area.area),
              count: choice.areas.find((each) => each.area === area.area)?.count ?? 0,
              isClosed: isBooking || !isOpen,
              onCount: (count) => choose(withPlaces(choice, area.area, count)),
            }),
          )}
          ${hasSeats && plan.areas.length > 0 ? html`<p class="quiet">Seats and places are booked one after the other.</p>` : undefined}
        </section>
        <section aria-label="Your choice">
          ${isOpen && hasSeats && !isFull ? bestForm(show, { hall, isClosed: isBooking, onSend: best }) : undefined}
          ${isOpen && isFull && isIdle() ? undefined : choiceView(show)}
          ${isOpen && listed === undefined && toExchange() === undefined && (isFull || isInVain) ? waitForm(stage, { isClosed: isBooking, onSend: (form) => void request(waitOf(form)) }) : undefined}
        </section>
      </div>
    `;
  }

  /** Nothing is chosen, and there is nothing to say of it. */
  const isIdle = () => isNothing(choice) && notice === undefined && problem === undefined;

  function mapView({ show, hall, map }: Stage): TemplateResult {
    return html`
      ${seatMapView(map, looked === undefined ? 'Choose your seats.' : seatText(show, looked))}
      ${legend(show, hall)}
    `;
  }

  function seatText(show: Show, seat: SeatPlace): string {
    const category = show.priceCategories[seat.row.category];
    const kinds = `${seat.isAccessible ? ', wheelchair space' : ''}${seat.isCompanion ? ', companion seat' : ''}`;
    const state = chosen.has(seat.index) ? 'yours' : stateNames[states[seat.index] ?? 0];
    return `${namedSeats([seat.id])}${kinds}: ${category?.name ?? ''}, ${state}`;
  }

  function choiceView({ seatsPerCustomerMax: limit }: Show): TemplateResult {
    const isTooMuch = limit !== undefined && placesIn(choice) > limit;
    const limitText = limit === undefined ? '' : `At most ${countText(limit, 'seat')} for each customer.`;
    const isFree = quote?.total.amount === 0;
    return html`
      <div class="card">
        <strong>Your choice</strong>
        ${limit === undefined ? undefined : html`<p class=${isTooMuch ? 'problem' : 'quiet'} role="status">${limitText}</p>`}
        ${notice === undefined ? undefined : html`<p class="note" role="status">${notice}</p>`}
        ${isNothing(choice) ? html`<p class="quiet">Nothing yet.</p>` : undefined}
        ${choice.seats.length > 0 && quote === undefined ? html`<p>${namedSeats(choice.seats)}</p>` : undefined}
        ${quote === undefined ? undefined : priceLines(quote, names())}
        ${
          quote === undefined || quote.rules.length === 0
            ? undefined
            : html`<details><summary>Why this price</summary><ul>${quote.rules.map(({ why }) => html`<li>${why}</li>`)}</ul></details>`
        }
        ${problemBox(problem)}
        ${
          problem !== undefined && quote === undefined && !isNothing(choice)
            ? html`<p><button class="plain" @click=${() => choose(choice)}>Ask for the price again</button></p>`
            : undefined
        }
        <p>
          <button ?disabled=${isTooMuch || isNothing(choice) || quote === undefined || isBooking} @click=${book}>
            ${isBooking ? 'Asking for your seats …' : isFree ? 'Book' : 'Hold and go on to payment'}
          </button>
        </p>
      </div>
    `;
  }

  void load();
  return {
    get title() {
      return `${waitingRoom.title}${known?.movie.title ?? 'Show'}`;
    },
    view,
    leave() {
      leaving.abort();
      clearTimeout(opening);
      leaveHall();
    },
  };
}

function heading({ movie, startsAt, theatre, screen }: Show): TemplateResult {
  return html`
    <h1>${movie.title}</h1>
    <p class="quiet">
      ${placeTimeText(startsAt, theatre.timeZone)} · ${theatre.name}, ${theatre.location} · Screen ${screen.number}
    </p>
  `;
}

/** What somebody has booked of a show last, also where the answer was lost; nothing where nobody tells. */
async function latestOf(app: App, showId: string, signal: AbortSignal): Promise<readonly Booking[]> {
  if (app.me() === undefined) return [];
  const path = `/v1/bookings?limit=${latestBookings}`;
  const latest = await get<Listed<Booking>>(path, { signal }).catch(() => ({ items: [] }));
  return latest.items.filter((each) => each.showId === showId);
}

const isHeldStill = ({ holdExpiresAt = '' }: Booking) => Date.parse(holdExpiresAt) > serverNow();

const wantedOf = ({ seats, areas }: Choice) => (seats.length > 0 ? { seats } : { areas });

/** What there is to say of a sale; nothing where seats can be had. */
function saleText(show: Show, isFull: boolean): string | undefined {
  const { opensAt } = show.sales;
  switch (saleAt(show, serverNow())) {
    case 'scheduled':
      return `On sale from ${placeTimeText(opensAt, show.theatre.timeZone)}. It begins here by itself.`;
    case 'open':
      return isFull
        ? 'Sold out. Seats come back when somebody cancels or does not pay: those on the waiting list have them first.'
        : undefined;
    case 'closed':
      return 'The sale of this show is closed.';
    case 'cancelled':
      return 'This show is cancelled.';
  }
}
