import { html, type TemplateResult } from 'lit-html';
import { type PlaceNames, placeOf } from '../../src/contracts/rules/places.ts';
import { call, post } from '../kit/api.ts';
import { momentText } from '../kit/format.ts';
import { type App, problemBox } from '../kit/page.ts';
import { messageOf } from '../kit/problem.ts';
import { WishKey } from '../kit/wish-key.ts';
import type { Ticket } from './tickets.ts';

/**
 * Giving tickets to others. The server tells the secret of an offer once, so its link is shown for as long as this page is open; after
 * that the offer can only be taken back, and made anew.
 */
interface Offer {
  readonly code?: string;
  readonly link?: string;
}

/** What is going on with one ticket. */
interface Doing {
  readonly isBusy?: boolean;
  readonly link?: string;
  readonly isCopied?: boolean;
  readonly problem?: string;
}

export class Giving {
  readonly #app: App;
  /** Reads the tickets again. */
  readonly #changed: () => Promise<void>;
  readonly #doing = new Map<string, Doing>();
  readonly #keys = new Map<string, WishKey>();

  constructor(app: App, changed: () => Promise<void>) {
    this.#app = app;
    this.#changed = changed;
  }

  /** What can be done with a ticket, and what was done just now; nothing where it is not to be given away. */
  view(ticket: Ticket, names: PlaceNames): TemplateResult | undefined {
    if (ticket.status !== 'valid') return undefined;
    const { problem, isBusy = false, link, isCopied = false } = this.#doing.get(ticket.ticketId) ?? {};
    const where = placeOf(ticket, names);
    return html`
      <div class="giving no-print">
        ${
          ticket.offeredAt === undefined
            ? html`<button class="plain" ?disabled=${isBusy} aria-label=${`Give to somebody: the ticket for ${where}`} @click=${() => this.#give(ticket)}>Give to somebody</button>`
            : html`
                <p role="status">Offered since ${momentText(ticket.offeredAt)}, not yet taken. Until then it is yours.</p>
                ${link === undefined ? html`<p class="quiet">Its link is not shown again. Lost it? Take the offer back, and make another.</p>` : linkBox(link, where)}
                ${link === undefined ? undefined : html`<button @click=${() => this.#copy(ticket, link)}>${isCopied ? 'Copied' : 'Copy the link'}</button>`}
                <button class="plain" ?disabled=${isBusy} aria-label=${`Take back the ticket for ${where}`} @click=${() => this.#takeBack(ticket)}>Take back</button>
              `
        }
        ${problemBox(problem)}
      </div>
    `;
  }

  #give = ({ ticketId }: Ticket) =>
    void this.#run(ticketId, async () => {
      const wish = this.#keys.get(ticketId) ?? new WishKey();
      this.#keys.set(ticketId, wish);
      const { code, link } = await post<Offer>(`${pathOf(ticketId)}`, {}, { key: wish.of(ticketId) });
      wish.answered();
      // Where the answer was lost and the same was asked again, the secret is not told any more.
      return code === undefined ? {} : { link: link ?? `${location.origin}/transfers#${code}` };
    });

  #takeBack = ({ ticketId }: Ticket) =>
    void this.#run(ticketId, async () => {
      await call('DELETE', pathOf(ticketId));
      return {};
    });

  async #run(ticketId: string, action: () => Promise<Doing>): Promise<void> {
    this.#set(ticketId, { ...this.#doing.get(ticketId), isBusy: true });
    let done: Doing;
    try {
      done = await action();
    } catch (error) {
      done = { problem: messageOf(error) };
    }
    // What has become of it is told by the ticket itself, also where somebody else was faster.
    await this.#changed();
    this.#set(ticketId, done);
  }

  #set(ticketId: string, doing: Doing): void {
    this.#doing.set(ticketId, doing);
    this.#app.redraw();
  }

  async #copy({ ticketId }: Ticket, link: string): Promise<void> {
    try {
      await navigator.clipboard.writeText(link);
      this.#set(ticketId, { link, isCopied: true });
    } catch {
      // Browsers keep the clipboard from pages that came without TLS: then the link is marked, to be copied by hand.
      document.querySelector<HTMLInputElement>(`#${linkId(link)}`)?.select();
    }
  }
}

const pathOf = (ticketId: string) => `/v1/tickets/${encodeURIComponent(ticketId)}/transfer`;
const linkId = (link: string) => `link-${link.slice(-8)}`;

function linkBox(link: string, where: string): TemplateResult {
  return html`
    <label>
      Link to the ticket for ${where}
      <input class="link" id=${linkId(link)} readonly .value=${link} @focus=${(event: FocusEvent) => (event.target as HTMLInputElement).select()}>
    </label>
    <p class="quiet">Send it to whoever is to have the ticket. Whoever takes it first has it. The link is shown only now.</p>
  `;
}
