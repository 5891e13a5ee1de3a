import { html, type TemplateResult } from 'lit-html';
import { all } from '../kit/api.ts';
import { dayOf, dayText, moneyText, shortDayText, timeText } from '../kit/format.ts';
import { type App, loading, type Page, problemBox } from '../kit/page.ts';
import { messageOf } from '../kit/problem.ts';
import { keep, kept } from '../kit/storage.ts';
import type { Show, Theatre } from './shows.ts';

/** What is on: the shows of one day, in one theatre or all, by movie. */
const daysAhead = 14;
const showsMax = 1_000;
const theatreKey = 'fullhouse-theatre';
const dayMs = 86_400_000;

export function programmePage(app: App): Page {
  const days = Array.from({ length: daysAhead }, (_, index) => dayOf(new Date(Date.now() + index * dayMs)));
  let theatres: readonly Theatre[] = [];
  let theatreId = kept(theatreKey) ?? '';
  let day = days[0] ?? '';
  let shows: readonly Show[] | undefined;
  let problem: string | undefined;
  let asking = new AbortController();

  async function load(): Promise<void> {
    asking.abort();
    asking = new AbortController();
    const { signal } = asking;
    shows = undefined;
    problem = undefined;
    app.redraw();
    try {
      if (theatres.length === 0) theatres = await all<Theatre>('/v1/theatres');
      const found = await showsOf(day, theatreId);
      if (signal.aborted) return;
      shows = found;
    } catch (error) {
      if (signal.aborted) return;
      problem = messageOf(error);
    }
    app.redraw();
  }

  function choose(change: { readonly theatreId?: string; readonly day?: string }): void {
    theatreId = change.theatreId ?? theatreId;
    day = change.day ?? day;
    keep(theatreKey, theatreId);
    void load();
  }

  void load();
  return {
    title: 'Programme',
    leave: () => asking.abort(),
    view: () => html`
      <h1>What is on</h1>
      <p>
        <label>
          Theatre
          <select @change=${(event: Event) => choose({ theatreId: (event.target as HTMLSelectElement).value })}>
            <option value="" ?selected=${theatreId === ''}>All theatres</option>
            ${theatres.map(
              (each) =>
                html`<option value=${each.theatreId} ?selected=${each.theatreId === theatreId}>${each.name}, ${each.location}</option>`,
            )}
          </select>
        </label>
      </p>
      <div class="days" role="group" aria-label="Day">
        ${days.map(
          (each, index) =>
            html`<button aria-pressed=${each === day} @click=${() => choose({ day: each })}>${dayName(each, index)}</button>`,
        )}
      </div>
      ${problemBox(problem)} ${shows === undefined ? (problem === undefined ? loading : undefined) : listing(shows, theatreId === '')}
    `,
  };
}

const dayName = (day: string, index: number) =>
  index === 0 ? 'Today' : index === 1 ? 'Tomorrow' : shortDayText(`${day}T12:00:00Z`, 'UTC');

/** The shows that begin on a day, each by the calendar of its own theatre. */
async function showsOf(day: string, theatreId: string): Promise<readonly Show[]> {
  // A day begins up to 14 hours before that of UTC, and ends up to 12 hours after it.
  const from = new Date(Math.max(Date.now(), Date.parse(`${day}T00:00:00Z`) - 14 * 3_600_000)).toISOString();
  const to = new Date(Date.parse(`${day}T00:00:00Z`) + dayMs + 12 * 3_600_000).toISOString();
  const query = new URLSearchParams({ from, to, ...(theatreId === '' ? {} : { theatreId }) });
  const found = await all<Show>(`/v1/shows?${query}`, showsMax);
  return found.filter((show) => dayOf(new Date(show.startsAt), show.theatre.timeZone) === day);
}

function listing(shows: readonly Show[], isEverywhere: boolean): TemplateResult {
  if (shows.length === 0) return html`<p>Nothing is on that day. Choose another one.</p>`;
  const movies = [...Map.groupBy(shows, (show) => show.movie.movieId).values()];
  movies.sort(([a], [b]) => (a?.movie.title ?? '').localeCompare(b?.movie.title ?? ''));
  return html`<div class="movies">${movies.map((own) => movieCard(own, isEverywhere))}</div>`;
}

function movieCard(shows: readonly Show[], isEverywhere: boolean): TemplateResult | undefined {
  const movie = shows[0]?.movie;
  if (movie === undefined) return undefined;
  const facts = [movie.genre, movie.certificate, movie.runningTimeMinutes && `${movie.runningTimeMinutes} min`];
  return html`
    <section class="card" aria-label=${movie.title}>
      <strong>${movie.title}</strong> <span class="quiet">${facts.filter(Boolean).join(' · ')}</span>
      <ul class="times">
        ${shows.map((show) => html`<li>${showLink(show, isEverywhere)}</li>`)}
      </ul>
    </section>
  `;
}

function showLink(show: Show, isEverywhere: boolean): TemplateResult {
  const prices = show.priceCategories.map(({ price }) => price).sort((a, b) => a.amount - b.amount);
  const price = prices[0] === undefined ? '' : `${prices.length > 1 ? 'from ' : ''}${moneyText(prices[0])}`;
  const place = isEverywhere ? show.theatre.name : `Screen ${show.screen.number}`;
  const text = html`${timeText(show.startsAt, show.theatre.timeZone)} <small>${place}</small><small>${sale(show, price)}</small>`;
  if (show.status !== 'on_sale') return html`<span class="off">${text}</span>`;
  return html`<a href="/shows/${show.showId}">${text}</a>`;
}

function sale(show: Show, price: string): string {
  if (show.status === 'on_sale') return price;
  if (show.status === 'scheduled') return `on sale ${dayText(show.sales.opensAt)}, ${timeText(show.sales.opensAt)}`;
  return { sold_out: 'sold out', closed: 'sale closed', cancelled: 'cancelled' }[show.status];
}
