import { html, type TemplateResult } from 'lit-html';
import type { Show, Theatre } from '../kit/answers.ts';
import { type Ask, all, get, type Listed } from '../kit/api.ts';
import { dayOf, dayText, isOtherClock, moneyText, shortDayText, timeText } from '../kit/format.ts';
import { type App, loading, onSubmit, type Page, problemBox } from '../kit/page.ts';
import { messageOf, type Problem, tryingAgain } from '../kit/problem.ts';
import { keep, kept } from '../kit/storage.ts';
import { exchangeNote } from './exchange.ts';

/**
 * What is on: the shows of one day by movie, or those of a movie on any day; in one theatre or all. What is looked for is in the address,
 * so that the way back, a reload and a link that was sent to somebody find it again.
 */
const daysAhead = 14;
const showsMax = 1_000;
/** Movies of a title that are shown at once, and how many of the next shows of each. */
const moviesFoundMax = 12;
const showsFoundMax = 30;
const searchAfterMs = 250;
const theatreKey = 'fullhouse-theatre';
const dayMs = 86_400_000;

interface Wish {
  readonly day: string;
  readonly theatreId: string;
  /** Part of a title; without one it is the day that counts. */
  readonly title: string;
}

interface Found {
  readonly shows: readonly Show[];
  /** Whether more movies than these have such a title. */
  readonly hasMore: boolean;
}

export function programmePage(app: App): Page {
  const today = dayOf(new Date());
  const days = Array.from({ length: daysAhead }, (_, index) => dayAfter(today, index));
  let theatres: readonly Theatre[] = [];
  let wish = wishIn(location.search, days);
  let found: Found | undefined;
  let problem: string | undefined;
  let asking = new AbortController();

  async function load(afterMs = 0): Promise<void> {
    asking.abort();
    asking = new AbortController();
    const { signal } = asking;
    found = undefined;
    problem = undefined;
    app.redraw();
    try {
      if (afterMs > 0) await new Promise((resolve) => setTimeout(resolve, afterMs));
      if (signal.aborted) return;
      const ask: Ask = { signal, waiting };
      if (theatres.length === 0) theatres = await all<Theatre>('/v1/theatres', { most: showsMax, ...ask });
      // One that is kept or linked to may be gone.
      if (!theatres.some((each) => each.theatreId === wish.theatreId)) wish = { ...wish, theatreId: '' };
      const answer =
        wish.title === '' ? { shows: await showsOf(wish, ask), hasMore: false } : await showsNamed(wish, ask);
      found = answer;
      problem = undefined;
    } catch (error) {
      if (signal.aborted) return;
      problem = messageOf(error);
    }
    app.redraw();
  }

  const waiting = (why: Problem) => {
    problem = tryingAgain(why);
    app.redraw();
  };

  function choose(change: Partial<Wish>, afterMs = 0): void {
    wish = { ...wish, ...change };
    keep(theatreKey, wish.theatreId);
    history.replaceState(null, '', addressOf(wish));
    void load(afterMs);
  }

  const titleIn = (event: Event) => (event.target as HTMLInputElement).value.trim();

  void load();
  return {
    title: 'Programme',
    leave: () => asking.abort(),
    view: () => html`
      <h1>What is on</h1>
      ${exchangeNote(app)}
      <form class="row" role="search" @submit=${onSubmit(() => void load())}>
        <label>
          Movie
          <input
            type="search" maxlength="120" placeholder="any" .value=${wish.title}
            @input=${(event: Event) => choose({ title: titleIn(event) }, searchAfterMs)}
          >
        </label>
        <label>
          Theatre
          <select @change=${(event: Event) => choose({ theatreId: (event.target as HTMLSelectElement).value })}>
            <option value="" ?selected=${wish.theatreId === ''}>All theatres</option>
            ${theatres.map(
              (each) =>
                html`<option value=${each.theatreId} ?selected=${each.theatreId === wish.theatreId}>${each.name}, ${each.location}</option>`,
            )}
          </select>
        </label>
      </form>
      ${wish.title === '' ? daysView() : html`<p class="quiet">On any day. <button class="plain" @click=${() => choose({ title: '' })}>By day</button></p>`}
      ${problemBox(problem)} ${found === undefined ? (problem === undefined ? loading : undefined) : listing(found, wish)}
    `,
  };

  function daysView(): TemplateResult {
    return html`
      <div class="days" role="group" aria-label="Day">
        ${days.map(
          (each, index) =>
            html`<button aria-pressed=${each === wish.day} @click=${() => choose({ day: each })}>${dayName(each, index)}</button>`,
        )}
      </div>
    `;
  }
}

/** What is wished in an address; today where nothing is, or a day that is not on offer. */
function wishIn(search: string, days: readonly string[]): Wish {
  const query = new URLSearchParams(search);
  const day = query.get('day') ?? '';
  return {
    day: days.includes(day) ? day : (days[0] ?? ''),
    theatreId: query.get('theatre') ?? kept(theatreKey) ?? '',
    title: query.get('title') ?? '',
  };
}

function addressOf({ day, theatreId, title }: Wish): string {
  return `/?${new URLSearchParams({ day, theatre: theatreId, ...(title === '' ? {} : { title }) })}`;
}

/** Days are counted by the calendar: where clocks change, one has 23 or 25 hours. */
const dayAfter = (day: string, count: number) =>
  new Date(Date.parse(`${day}T00:00:00Z`) + count * dayMs).toISOString().slice(0, 10);

const dayName = (day: string, index: number) =>
  index === 0 ? 'Today' : index === 1 ? 'Tomorrow' : shortDayText(`${day}T12:00:00Z`, 'UTC');

/** The shows that begin on a day, each by the calendar of its own theatre. */
async function showsOf({ day, theatreId }: Wish, ask: Ask): Promise<readonly Show[]> {
  // A day begins up to 14 hours before that of UTC, and ends up to 12 hours after it.
  const from = new Date(Math.max(Date.now(), Date.parse(`${day}T00:00:00Z`) - 14 * 3_600_000)).toISOString();
  const to = new Date(Date.parse(`${day}T00:00:00Z`) + dayMs + 12 * 3_600_000).toISOString();
  const query = new URLSearchParams({ from, to, ...(theatreId === '' ? {} : { theatreId }) });
  const found = await all<Show>(`/v1/shows?${query}`, { most: showsMax, ...ask });
  return found.filter((show) => dayOf(new Date(show.startsAt), show.theatre.timeZone) === day);
}

/** The next shows of every movie of such a title. */
async function showsNamed({ theatreId, title }: Wish, ask: Ask): Promise<Found> {
  const asked = new URLSearchParams({ q: title, limit: String(moviesFoundMax) });
  const movies = await get<Listed<{ readonly movieId: string }>>(`/v1/movies?${asked}`, ask);
  const shows = await Promise.all(
    movies.items.map(({ movieId }) => {
      const limit = String(showsFoundMax);
      const query = new URLSearchParams({ movieId, limit, ...(theatreId === '' ? {} : { theatreId }) });
      return get<Listed<Show>>(`/v1/shows?${query}`, ask);
    }),
  );
  return { shows: shows.flatMap(({ items }) => items), hasMore: movies.nextCursor !== null };
}

function listing({ shows, hasMore }: Found, { theatreId, title }: Wish): TemplateResult {
  const isAnyDay = title !== '';
  const more = hasMore
    ? html`<p class="quiet">More movies have such a title. Write more of it to see them.</p>`
    : undefined;
  if (shows.length === 0) {
    const where = theatreId === '' ? '' : ' in this theatre';
    const nothing = isAnyDay
      ? `No such movie is on${where}. Write another title.`
      : `Nothing is on${where} that day. Choose another one.`;
    return html`<p role="status">${nothing}</p>${more}`;
  }
  const isElsewhere = shows.some(({ startsAt, theatre }) => isOtherClock(startsAt, theatre.timeZone));
  const movies = [...Map.groupBy(shows, (show) => show.movie.movieId).values()];
  movies.sort(([a], [b]) => (a?.movie.title ?? '').localeCompare(b?.movie.title ?? ''));
  const how = { isAnyDay, isEverywhere: theatreId === '' };
  return html`
    ${isElsewhere ? html`<p class="quiet">Times are those of each theatre’s own place.</p>` : undefined}
    <div class="movies">${movies.map((own) => movieCard(own, how))}</div>
    ${more}
  `;
}

interface Shown {
  readonly isAnyDay: boolean;
  readonly isEverywhere: boolean;
}

function movieCard(shows: readonly Show[], how: Shown): TemplateResult | undefined {
  const movie = shows[0]?.movie;
  if (movie === undefined) return undefined;
  const facts = [movie.genre, movie.certificate, movie.runningTimeMinutes && `${movie.runningTimeMinutes} min`];
  return html`
    <section class="card" aria-label=${movie.title}>
      <strong>${movie.title}</strong> <span class="quiet">${facts.filter(Boolean).join(' · ')}</span>
      <ul class="times">
        ${shows.map((show) => html`<li>${showLink(show, how)}</li>`)}
      </ul>
    </section>
  `;
}

function showLink(show: Show, { isAnyDay, isEverywhere }: Shown): TemplateResult {
  const { startsAt, theatre, screen, status } = show;
  const prices = show.priceCategories.map(({ price }) => price).sort((a, b) => a.amount - b.amount);
  const price = prices[0] === undefined ? '' : `${prices.length > 1 ? 'from ' : ''}${moneyText(prices[0])}`;
  const day = isAnyDay ? `${shortDayText(startsAt, theatre.timeZone)}, ` : '';
  const places = isEverywhere ? [theatre.name, theatre.location] : [`Screen ${screen.number}`];
  const text = html`${day}${timeText(startsAt, theatre.timeZone)} ${[...places, sale(show, price)].map((line) => html`<small>${line}</small>`)}`;
  if (status === 'closed' || status === 'cancelled') return html`<span class="off">${text}</span>`;
  return html`<a href="/shows/${show.showId}">${text}</a>`;
}

function sale({ status, sales, theatre }: Show, price: string): string {
  if (status === 'on_sale') return price;
  if (status === 'scheduled')
    return `on sale ${dayText(sales.opensAt, theatre.timeZone)}, ${timeText(sales.opensAt, theatre.timeZone)}`;
  return { sold_out: 'sold out', closed: 'sale closed', cancelled: 'cancelled' }[status];
}
