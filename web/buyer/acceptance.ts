import { html, type TemplateResult } from 'lit-html';
import { post } from '../kit/api.ts';
import { type App, type Page, problemBox } from '../kit/page.ts';
import { messageOf } from '../kit/problem.ts';
import { keep, kept } from '../kit/storage.ts';
import { WishKey } from '../kit/wish-key.ts';
import type { Ticket } from './tickets.ts';

/**
 * Where the link to an offered ticket leads. Its secret stands behind the `#`, which no server is sent; from there it is kept for this tab
 * at once, so that who has to sign in first comes back to it, and no history of the browser has it.
 */
const keptAs = 'fullhouse-offered-ticket';

export function acceptancePage(app: App): Page {
  const told = location.hash.slice(1);
  if (told !== '') {
    keep(keptAs, told, 'tab');
    history.replaceState(null, '', location.pathname);
  }
  const code = kept(keptAs, 'tab');
  const taking = new WishKey();
  let problem: string | undefined;
  let isBusy = false;

  async function take(): Promise<void> {
    isBusy = true;
    problem = undefined;
    app.redraw();
    try {
      const { ticketId } = await post<Ticket>('/v1/transfers/acceptance', { code }, { key: taking.of(code) });
      keep(keptAs, undefined, 'tab');
      app.go(`/tickets/${ticketId}`, { replace: true });
    } catch (error) {
      problem = messageOf(error);
    }
    isBusy = false;
    app.redraw();
  }

  function view(): TemplateResult {
    if (code === undefined)
      return html`
        <h1>A ticket for you</h1>
        <p class="note">This page takes a ticket by the link that somebody has sent to you. Open that link again, all of it.</p>
        <p><a href="/bookings">To my bookings and tickets</a></p>
      `;
    return html`
      <h1>A ticket for you</h1>
      <p>Somebody wants to give you a ticket. Take it, and it is yours, in your name and with a code of its own. It costs you nothing.</p>
      ${problemBox(problem)}
      <p><button ?disabled=${isBusy} @click=${() => void take()}>${isBusy ? 'Taking it …' : 'Take the ticket'}</button></p>
    `;
  }

  if (app.me() === undefined) app.go('/sign-in?then=/transfers', { replace: true });
  return { title: 'A ticket for you', view };
}
