import { html, type TemplateResult } from 'lit-html';
import { byId, type PlaceNames, placeOf } from '../../src/contracts/rules/places.ts';
import { post } from '../kit/api.ts';
import { type App, loading, type Page, problemBox } from '../kit/page.ts';
import { messageOf, Problem } from '../kit/problem.ts';
import { keep, kept } from '../kit/storage.ts';
import { WishKey } from '../kit/wish-key.ts';
import { namedShow } from './bookings.ts';
import type { Ticket } from './tickets.ts';

/**
 * Where the link to an offered ticket leads. Its secret stands behind the `#`, which no server is sent; from there it is kept for this tab
 * at once, so that who has to sign in first comes back to it, and no history of the browser has it.
 */
const keptAs = 'fullhouse-offered-ticket';

type Offered = Omit<Ticket, 'status'> & { readonly status: 'offered' | 'accepted' | 'withdrawn' | 'ended' };

const gone = {
  accepted: 'Somebody has taken this ticket. If it was you, it is among your tickets.',
  withdrawn: 'This offer was taken back. Ask whoever sent you the link.',
  ended: 'This ticket can no longer be taken: the show has begun, or the ticket was used or is void.',
} as const;

export function acceptancePage(app: App): Page {
  const told = location.hash.slice(1);
  if (told !== '') {
    keep(keptAs, told, 'tab');
    history.replaceState(null, '', location.pathname);
  }
  const code = kept(keptAs, 'tab');
  const taking = new WishKey();
  const leaving = new AbortController();
  let ticket: Offered | undefined;
  let names: PlaceNames = byId;
  let problem: string | undefined;
  let isBusy = false;

  async function run(action: () => Promise<void>): Promise<void> {
    isBusy = true;
    problem = undefined;
    app.redraw();
    try {
      await action();
    } catch (error) {
      if (leaving.signal.aborted) return;
      problem = messageOf(error);
      // What cannot be taken any more is not asked about again.
      if (error instanceof Problem && error.status === 404) keep(keptAs, undefined, 'tab');
    }
    isBusy = false;
    app.redraw();
  }

  const look = () =>
    run(async () => {
      ticket = await post<Offered>('/v1/transfers/preview', { code }, { signal: leaving.signal });
      ({ names } = await namedShow(ticket.showId, leaving.signal));
    });
  const take = () =>
    run(async () => {
      const { ticketId } = await post<Ticket>('/v1/transfers/acceptance', { code }, { key: taking.of(code) });
      keep(keptAs, undefined, 'tab');
      app.go(`/tickets/${ticketId}`, { replace: true });
    });

  function view(): TemplateResult {
    return html`
      <h1>A ticket for you</h1>
      ${code === undefined ? html`<p class="note">This page takes a ticket by the link that somebody has sent to you. Open that link again, all of it.</p>` : undefined}
      ${ticket === undefined ? undefined : offer(ticket)}
      ${problemBox(problem)}
      ${code !== undefined && ticket === undefined && problem === undefined ? loading : undefined}
      <p><a href="/bookings">To my bookings and tickets</a></p>
    `;
  }

  function offer(offered: Offered): TemplateResult {
    return html`
      <section class="card" aria-label="The ticket">
        <strong>${offered.movieName}</strong>
        <div>${offered.showLocalTime}</div>
        <div class="quiet">${offered.theatreName}, ${offered.theatreLocation}, screen ${offered.screenNumber}</div>
        <div>${placeOf(offered, names)} <span class="quiet">${offered.priceCategory}</span></div>
      </section>
      ${
        offered.status === 'offered'
          ? html`
              <p>Somebody wants to give you this ticket. Take it, and it is yours, in your name and with a code of its own. It costs you nothing.</p>
              <p><button ?disabled=${isBusy} @click=${() => void take()}>${isBusy ? 'Taking it …' : 'Take the ticket'}</button></p>
            `
          : html`<p class="note" role="status">${gone[offered.status]}</p>`
      }
    `;
  }

  if (app.me() === undefined) app.go('/sign-in?then=/transfers', { replace: true });
  else if (code !== undefined) void look();
  return { title: 'A ticket for you', view, leave: () => leaving.abort() };
}
