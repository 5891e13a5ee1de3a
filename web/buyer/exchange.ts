import { html, type TemplateResult } from 'lit-html';
import { bookingNumber } from '../../src/contracts/rules/booking-number.ts';
import type { App } from '../kit/page.ts';
import { keep, kept } from '../kit/storage.ts';

/** Exchanging a booking: its customer looks for another one, and has the first one until that is theirs. */
const key = 'fullhouse-exchange';

/** The booking that is to be exchanged, where there is one: kept with its tab, until another one is booked for it. */
export const toExchange = (): string | undefined => kept(key, 'tab');

/** Begins an exchange, or ends it. */
export const exchange = (bookingId: string | undefined): void => keep(key, bookingId, 'tab');

/** What says, while they look around, what they look for. */
export function exchangeNote(app: App): TemplateResult | undefined {
  const bookingId = toExchange();
  if (bookingId === undefined) return undefined;
  const stay = () => {
    exchange(undefined);
    app.redraw();
  };
  return html`
    <div class="note" role="status">
      <p>
        Choose what you want instead of booking ${bookingLink(bookingId)}. It stays yours until the new booking is paid; then it is
        cancelled, and its money goes back to you by the terms of its show.
      </p>
      <button class="plain" @click=${stay}>Keep the booking I have</button>
    </div>
  `;
}

export const bookingLink = (bookingId: string): TemplateResult =>
  html`<a href="/bookings/${bookingId}">${bookingNumber(bookingId)}</a>`;
