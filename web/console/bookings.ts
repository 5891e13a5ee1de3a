import { html, type TemplateResult } from 'lit-html';
import { bookingNumber, idEndOf } from '../../src/contracts/rules/booking-number.ts';
import { byId, type PlaceNames, placesText } from '../../src/contracts/rules/places.ts';
import type { Booking, Show } from '../kit/answers.ts';
import { get, type Listed } from '../kit/api.ts';
import { amountText, momentText, shortDayText, timeText } from '../kit/format.ts';
import { type App, fieldsOf, onSubmit, type Page } from '../kit/page.ts';
import { namesOf } from '../kit/plans.ts';
import { type Asking, asking } from './asking.ts';
import { badge } from './badge.ts';
import { bookingView } from './booking.ts';

/** Bookings: found by their number or id, or by the customer's e-mail address. */
const bookingIdStart = 'bkg_';
/** What was looked for last, so that the way back from a booking leads to the same list; gone with the document. */
let lastSought = '';

export function bookingsPart(app: App, id: string | undefined): Page {
  const one = id === undefined ? undefined : bookingView(app, id);
  let found: Asking<Found> | undefined;

  function seek(sought: string): void {
    found?.stop();
    lastSought = sought;
    const by = idEndOf(sought) === undefined ? 'email' : 'number';
    const query = new URLSearchParams({ [by]: sought, limit: '100' });
    found = asking(app, (signal) => foundBy(query, signal));
    void found.again();
    app.redraw();
  }
  if (one === undefined && lastSought !== '') seek(lastSought);

  const open = (bookingId: string) => app.go(`/console/bookings/${encodeURIComponent(bookingId)}`);
  const leaving = new AbortController();

  async function submit(form: HTMLFormElement): Promise<void> {
    const sought = fieldsOf(form)['sought']?.trim() ?? '';
    if (sought.startsWith(bookingIdStart)) return open(sought);
    const only = idEndOf(sought) === undefined ? undefined : await onlyOneNumbered(sought, leaving.signal);
    if (leaving.signal.aborted) return;
    if (only !== undefined) open(only.bookingId);
    else if (one === undefined) seek(sought);
    else {
      lastSought = sought;
      app.go('/console/bookings');
    }
  }

  return {
    title: id === undefined ? 'Bookings' : 'Booking',
    leave: () => {
      leaving.abort();
      found?.stop();
      one?.leave();
    },
    view: () => html`
      <h1>${id === undefined ? 'Bookings' : 'Booking'}</h1>
      <form class="row" role="search" @submit=${onSubmit((form) => void submit(form))}>
        <label>
          Booking number, id or e-mail address
          <input name="sought" required size="42" autocomplete="off" spellcheck="false" .value=${id ?? lastSought}>
        </label>
        <button>Find</button>
      </form>
      ${one?.view()} ${found?.view(listing)}
    `,
  };
}

/** Whoever tells a number means one booking; undefined where none has it or several, or where nobody can tell now, which a list then says. */
async function onlyOneNumbered(number: string, signal: AbortSignal): Promise<Booking | undefined> {
  const query = new URLSearchParams({ number, limit: '2' });
  const [first, ...others] = await get<Listed<Booking>>(`/v1/bookings?${query}`, { signal }).then(
    ({ items }) => items,
    () => [],
  );
  return others.length === 0 ? first : undefined;
}

interface Found {
  readonly bookings: readonly Booking[];
  readonly isMore: boolean;
  readonly shows: ReadonlyMap<string, Named>;
}

/** What a show and its places are called. */
interface Named {
  readonly what: string;
  readonly names: PlaceNames;
}

async function foundBy(query: URLSearchParams, signal: AbortSignal): Promise<Found> {
  const { items, nextCursor } = await get<Listed<Booking>>(`/v1/bookings?${query}`, { signal });
  const shows = new Map<string, Named>();
  const nameShow = async (showId: string) => {
    const show = await get<Show>(`/v1/shows/${encodeURIComponent(showId)}`, { signal }).catch(() => undefined);
    shows.set(showId, { what: show === undefined ? '' : whatOf(show), names: await namesOf(show, { signal }) });
  };
  await Promise.all([...new Set(items.map(({ showId }) => showId))].map(nameShow));
  return { bookings: items, isMore: nextCursor !== null, shows };
}

const whatOf = ({ movie, startsAt, theatre: { timeZone } }: Show) =>
  `${movie.title}, ${shortDayText(startsAt, timeZone)}, ${timeText(startsAt, timeZone)}`;

function listing({ bookings, isMore, shows }: Found): TemplateResult {
  if (bookings.length === 0)
    return html`<p role="status">There is no booking of this number or address, or no account. Check the spelling.</p>`;
  return html`
    <div class="scrolls">
      <table>
        <caption class="quiet">${isMore ? `The latest ${bookings.length}` : bookings.length}, the newest first</caption>
        <thead>
          <tr>
            <th scope="col">Asked for</th>
            <th scope="col">State</th>
            <th scope="col">Show</th>
            <th scope="col">Places</th>
            <th scope="col" class="number">Total</th>
            <th scope="col">Booking</th>
          </tr>
        </thead>
        <tbody>
          ${bookings.map(
            ({ bookingId, showId, status, total, createdAt, ...places }) => html`
              <tr>
                <th scope="row"><a href="/console/bookings/${bookingId}">${momentText(createdAt)}</a></th>
                <td>${badge(status)}</td>
                <td>${shows.get(showId)?.what}</td>
                <td>${placesText(places, shows.get(showId)?.names ?? byId)}</td>
                <td class="number">${total === undefined ? undefined : amountText(total)}</td>
                <td><code>${bookingNumber(bookingId)}</code></td>
              </tr>
            `,
          )}
        </tbody>
      </table>
    </div>
  `;
}
