import { html, type TemplateResult } from 'lit-html';
import type { Booking, Show } from '../kit/answers.ts';
import { get, type Listed } from '../kit/api.ts';
import { moneyText, placeTimeText } from '../kit/format.ts';
import { type App, loading, type Page, problemBox } from '../kit/page.ts';
import { byId, type PlaceNames, placesText } from '../kit/places.ts';
import { namesOf } from '../kit/plans.ts';
import { messageOf, type Problem, tryingAgain } from '../kit/problem.ts';

const statusNames: Readonly<Record<Booking['status'], readonly [name: string, kind: string]>> = {
  requested: ['asking for the seats', ''],
  awaiting_payment: ['waiting for payment', 'warn'],
  paying: ['paying', 'warn'],
  confirmed: ['confirmed', 'good'],
  rejected: ['not booked', 'bad'],
  expired: ['expired', 'bad'],
  cancelled: ['cancelled', 'bad'],
};

export function statusBadge(status: Booking['status']): TemplateResult {
  const [name, kind] = statusNames[status];
  return html`<span class="badge ${kind}">${name}</span>`;
}

/** The customer's own bookings, newest first, a page at a time. */
export function bookingsPage(app: App): Page {
  const bookings: Booking[] = [];
  const shows = new Map<string, Named>();
  let cursor: string | null | undefined;
  let problem: string | undefined;
  let isLoading = false;
  const leaving = new AbortController();

  async function more(): Promise<void> {
    isLoading = true;
    problem = undefined;
    app.redraw();
    try {
      const after = cursor == null ? '' : `&cursor=${encodeURIComponent(cursor)}`;
      const listed = await get<Listed<Booking>>(`/v1/bookings?limit=20${after}`, { signal: leaving.signal, waiting });
      problem = undefined;
      bookings.push(...listed.items);
      cursor = listed.nextCursor;
      const unknown = new Set(listed.items.map(({ showId }) => showId).filter((showId) => !shows.has(showId)));
      await Promise.all([...unknown].map(async (showId) => shows.set(showId, await named(showId, leaving.signal))));
    } catch (error) {
      if (leaving.signal.aborted) return;
      problem = messageOf(error);
    }
    isLoading = false;
    app.redraw();
  }

  const waiting = (why: Problem) => {
    problem = tryingAgain(why);
    app.redraw();
  };

  if (app.me() === undefined) app.go('/sign-in?then=/bookings', { replace: true });
  else void more();
  return {
    title: 'My bookings',
    leave: () => leaving.abort(),
    view: () => html`
      <h1>My bookings</h1>
      ${bookings.map((booking) => bookingCard(booking, shows.get(booking.showId)))}
      ${bookings.length === 0 && cursor === null ? html`<p>You have not booked anything yet. <a href="/">See what is on.</a></p>` : undefined}
      ${problemBox(problem)} ${isLoading ? loading : undefined}
      ${cursor != null && !isLoading ? html`<button class="plain" @click=${more}>Older bookings</button>` : undefined}
    `,
  };
}

/** A show, where it can still be had. */
export async function showOf(showId: string): Promise<Show | undefined> {
  return get<Show>(`/v1/shows/${encodeURIComponent(showId)}`).catch(() => undefined);
}

/** A show with what its places are called. */
interface Named {
  readonly show: Show | undefined;
  readonly names: PlaceNames;
}

async function named(showId: string, signal: AbortSignal): Promise<Named> {
  const show = await showOf(showId);
  return { show, names: await namesOf(show, { signal }) };
}

function bookingCard(booking: Booking, { show, names }: Named = { show: undefined, names: byId }): TemplateResult {
  return html`
    <article class="card">
      <a href="/bookings/${booking.bookingId}"><strong>${show?.movie.title ?? 'A show'}</strong></a> ${statusBadge(booking.status)}
      <div class="quiet">${show === undefined ? '' : `${placeTimeText(show.startsAt, show.theatre.timeZone)} · ${show.theatre.name}`}</div>
      <div>${placesText(booking, names) || '—'}${booking.total === undefined ? '' : ` · ${moneyText(booking.total)}`}</div>
    </article>
  `;
}
