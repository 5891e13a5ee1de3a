import { html, type TemplateResult } from 'lit-html';
import { get } from '../kit/api.ts';
import { type App, problemBox } from '../kit/page.ts';
import { messageOf } from '../kit/problem.ts';
import type { Ticket } from './tickets.ts';

/** Saving tickets to the wallet of a phone, where the house has set that up. */

/** The browser takes the file after the click has been dealt with. */
const forgetAfterMs = 60_000;

export class WalletButtons {
  readonly #app: App;
  readonly #problems = new Map<string, string>();

  constructor(app: App) {
    this.#app = app;
  }

  /** A button for each wallet that the ticket can be saved to; nothing where there is none. */
  view(ticket: Ticket, where: string): TemplateResult | undefined {
    const { wallets = [], ticketId } = ticket;
    if (wallets.length === 0) return undefined;
    const button = (says: string, save: () => Promise<void>) =>
      html`<button class="plain" aria-label=${`${says}: the ticket for ${where}`} @click=${() => this.#run(ticketId, save)}>${says}</button>`;
    return html`
      <div class="wallets no-print">
        ${wallets.includes('apple') ? button('Add to Apple Wallet', () => saveToApple(ticketId)) : undefined}
        ${wallets.includes('google') ? button('Add to Google Wallet', () => saveToGoogle(ticketId)) : undefined}
        ${problemBox(this.#problems.get(ticketId))}
      </div>
    `;
  }

  async #run(ticketId: string, save: () => Promise<void>): Promise<void> {
    this.#problems.delete(ticketId);
    try {
      await save();
    } catch (error) {
      this.#problems.set(ticketId, messageOf(error));
    }
    this.#app.redraw();
  }
}

/** The pass is only for who is signed in, which an address cannot say: it is asked for, and handed to the browser as a file. */
async function saveToApple(ticketId: string): Promise<void> {
  const pass = await get<Blob>(`/v1/tickets/${encodeURIComponent(ticketId)}.pkpass`);
  const url = URL.createObjectURL(pass);
  const link = document.createElement('a');
  link.href = url;
  link.download = 'ticket.pkpass';
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), forgetAfterMs);
}

async function saveToGoogle(ticketId: string): Promise<void> {
  const { saveUrl } = await get<{ readonly saveUrl: string }>(
    `/v1/tickets/${encodeURIComponent(ticketId)}/google-wallet`,
  );
  location.assign(saveUrl);
}
