import { html, type TemplateResult } from 'lit-html';
import { byId, type PlaceNames, placeOf, placesText } from '../../src/contracts/rules/places.ts';
import type { Booking, Show } from '../kit/answers.ts';
import { all, get, type Listed } from '../kit/api.ts';
import { moneyText, placeTimeText } from '../kit/format.ts';
import { type App, loading, type Page, problemBox } from '../kit/page.ts';
import { namesOf } from '../kit/plans.ts';
import { messageOf, type Problem, tryingAgain } from '../kit/problem.ts';
import { type Ticket, ticketBadge } from './tickets.ts';

const statusNames: Readonly<Record<Booking['status'], readonly [name: string, kind: string]>> = {
  requested: ['asking for the seats', ''],
  waiting: ['on the waiting list', 'warn'],
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

/** The customer's own bookings, newest first, a page at a time; before them the tickets that others gave to them. */
export function bookingsPage(app: App): Page {
  const bookings: Booking[] = [];
  const shows = new Map<string, NamedShow>();
  let given: readonly Ticket[] = [];
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
      await nameShows(listed.items);
    } catch (error) {
      if (leaving.signal.aborted) return;
      problem = messageOf(error);
    }
    isLoading = false;
    app.redraw();
  }

  async function nameShows(of: readonly { readonly showId: string }[]): Promise<void> {
    const unknown = new Set(of.map(({ showId }) => showId).filter((showId) => !shows.has(showId)));
    await Promise.all([...unknown].map(async (showId) => shows.set(showId, await namedShow(showId, leaving.signal))));
  }

  async function begin(): Promise<void> {
    const tickets = all<Ticket>('/v1/tickets', { signal: leaving.signal }).catch((error: unknown) => {
      if (!leaving.signal.aborted) problem = messageOf(error);
      return [];
    });
    await more();
    given = await tickets;
    await nameShows(given);
    app.redraw();
  }

  const waiting = (why: Problem) => {
    problem = tryingAgain(why);
    app.redraw();
  };

  if (app.me() === undefined) app.go('/sign-in?then=/bookings', { replace: true });
  else void begin();
  return {
    title: 'My bookings',
    leave: () => leaving.abort(),
    view: () => html`
      <h1>My bookings</h1>
      ${given.length === 0 ? undefined : html`<section aria-label="Tickets from others"><h2>Tickets from others</h2>${given.map((ticket) => givenCard(ticket, shows.get(ticket.showId)))}</section><h2>Booked by me</h2>`}
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
export interface NamedShow {
  readonly show: Show | undefined;
  readonly names: PlaceNames;
}
const unnamed: NamedShow = { show: undefined, names: byId };

export async function namedShow(showId: string, signal: AbortSignal): Promise<NamedShow> {
  const show = await showOf(showId);
  return { show, names: await namesOf(show, { signal }) };
}

function givenCard(ticket: Ticket, { names }: NamedShow = unnamed): TemplateResult {
  return html`
    <article class="card">
      <a href="/tickets/${ticket.ticketId}"><strong>${ticket.movieName}</strong></a> ${ticketBadge(ticket)}
      <div class="quiet">${ticket.showLocalTime} · ${ticket.theatreName}</div>
      <div>${placeOf(ticket, names)}</div>
    </article>
  `;
}

function bookingCard(booking: Booking, { show, names }: NamedShow = unnamed): TemplateResult {
  return html`
    <article class="card">
      <a href="/bookings/${booking.bookingId}"><strong>${show?.movie.title ?? 'A show'}</strong></a> ${statusBadge(booking.status)}
      <div class="quiet">${show === undefined ? '' : `${placeTimeText(show.startsAt, show.theatre.timeZone)} · ${show.theatre.name}`}</div>
      <div>${placesText(booking, names) || '—'}${booking.total === undefined ? '' : ` · ${moneyText(booking.total)}`}</div>
    </article>
  `;
}
