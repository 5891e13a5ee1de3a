import { html, type TemplateResult } from 'lit-html';
import { byId, type PlaceNames, placeOf } from '../../src/contracts/rules/places.ts';
import { type App, loading, type Page, problemBox } from '../kit/page.ts';
import { messageOf, Problem, tryingAgain } from '../kit/problem.ts';
import { namedShow } from './bookings.ts';
import { Giving } from './giving.ts';
import { type PicturedTicket, ticketCard, ticketWith } from './tickets.ts';
import { WalletButtons } from './wallet.ts';

/** One ticket, for whoever was given it: the booking it came from is somebody else's. */

/** While it is offered, whether somebody has taken it is asked so often. */
const lookEveryMs = 10_000;

export function ticketPage(app: App, { ticketId = '' }: Readonly<Record<string, string>>): Page {
  let ticket: PicturedTicket | undefined;
  let names: PlaceNames = byId;
  let problem: string | undefined;
  const leaving = new AbortController();
  const giving = new Giving(app, load);
  const wallets = new WalletButtons(app);
  const looking = setInterval(() => {
    if (ticket?.offeredAt !== undefined && document.visibilityState === 'visible') void load();
  }, lookEveryMs);

  async function load(): Promise<void> {
    try {
      ticket = await ticketWith(ticketId, { signal: leaving.signal, waiting });
      problem = undefined;
      if (names === byId) ({ names } = await namedShow(ticket.showId, leaving.signal));
    } catch (error) {
      if (leaving.signal.aborted) return;
      const isGone = error instanceof Problem && error.status === 404;
      if (isGone) ticket = undefined;
      problem = isGone
        ? 'You have no such ticket. If you gave it away, it belongs to somebody else now.'
        : messageOf(error);
    }
    app.redraw();
  }

  const waiting = (why: Problem) => {
    problem = tryingAgain(why);
    app.redraw();
  };

  function view(): TemplateResult {
    if (ticket === undefined)
      return problem === undefined
        ? loading
        : html`<h1>Ticket</h1>${problemBox(problem)}<p><a href="/bookings">To my bookings and tickets</a></p>`;
    return html`
      <h1>${ticket.movieName}</h1>
      <div role="status">${outcome(ticket)}</div>
      ${problemBox(problem)}
      <div class="tickets">${ticketCard(ticket, names, { below: html`${wallets.view(ticket, placeOf(ticket, names))}${giving.view(ticket, names)}` })}</div>
      <p class="no-print"><a href="/bookings">To my bookings and tickets</a></p>
    `;
  }

  if (app.me() === undefined) app.go(`/sign-in?then=${encodeURIComponent(`/tickets/${ticketId}`)}`, { replace: true });
  else void load();
  return {
    title: 'Ticket',
    view,
    leave() {
      clearInterval(looking);
      leaving.abort();
    },
  };
}

/** Where a ticket stands, in a sentence for who has it. */
function outcome({ status }: PicturedTicket): TemplateResult {
  switch (status) {
    case 'valid':
      return html`<p class="done">This ticket is yours. Show this page, or a print of it, at the door.</p>`;
    case 'used':
      return html`<p class="note">Somebody was let in with this ticket.</p>`;
    case 'void':
      return html`<p class="problem">This ticket is void: the booking it came from was cancelled. What was paid for it goes back to whoever booked it.</p>`;
    case 'given':
      return html`<p class="note">This ticket belongs to somebody else now.</p>`;
  }
}
