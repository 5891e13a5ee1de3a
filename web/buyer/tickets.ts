import { html, type TemplateResult } from 'lit-html';
import { bookingNumber } from '../../src/contracts/rules/booking-number.ts';
import { type PlaceNames, placeOf } from '../../src/contracts/rules/places.ts';
import { type Ask, get, type Listed } from '../kit/api.ts';

export interface Ticket {
  readonly ticketId: string;
  readonly showId: string;
  readonly movieName: string;
  readonly theatreName: string;
  readonly theatreLocation: string;
  readonly screenNumber: number;
  readonly showLocalTime: string;
  readonly seat?: string;
  readonly area?: string;
  readonly priceCategory: string;
  readonly bookedUnder?: string;
  readonly status: 'valid' | 'used' | 'void' | 'given';
  /** Since when it is offered to somebody who has not taken it. */
  readonly offeredAt?: string;
  /** Only for who holds it. */
  readonly code?: string;
  /** Those that it can be saved to. */
  readonly wallets?: readonly ('apple' | 'google')[];
}

/** With the code for the door as a picture that needs no further request. */
export interface PicturedTicket extends Ticket {
  readonly picture?: string;
}

/** The tickets of a booking. */
export async function ticketsOf(bookingId: string, ask: Ask): Promise<readonly PicturedTicket[]> {
  const { items } = await get<Listed<Ticket>>(`/v1/bookings/${encodeURIComponent(bookingId)}/tickets`, ask);
  return Promise.all(items.map((ticket) => pictured(ticket, ask)));
}

export async function ticketWith(ticketId: string, ask: Ask): Promise<PicturedTicket> {
  return pictured(await get<Ticket>(`/v1/tickets/${encodeURIComponent(ticketId)}`, ask), ask);
}

async function pictured(ticket: Ticket, ask: Ask): Promise<PicturedTicket> {
  if (ticket.code === undefined) return ticket;
  const svg = await get<string>(`/v1/tickets/${encodeURIComponent(ticket.ticketId)}.svg`, ask);
  return { ...ticket, picture: `data:image/svg+xml,${encodeURIComponent(svg)}` };
}

export function ticketBadge({ status }: Pick<Ticket, 'status'>): TemplateResult | undefined {
  if (status === 'valid') return undefined;
  return html`<span class="badge ${status === 'given' ? 'warn' : 'bad'}">${status === 'given' ? 'given away' : status}</span>`;
}

/** A ticket; to whom its booking belongs, with the number of it; below it what can be done with it. */
export function ticketCard(
  ticket: PicturedTicket,
  names: PlaceNames,
  { of, below }: { readonly of?: string | undefined; readonly below?: TemplateResult | undefined } = {},
): TemplateResult {
  const where = placeOf(ticket, names);
  const { picture, bookedUnder } = ticket;
  return html`
    <article class="ticket ${ticket.status}" aria-label=${`Ticket for ${where}`}>
      <strong>${ticket.movieName}</strong>
      <div>${ticket.showLocalTime}</div>
      <div class="quiet">${ticket.theatreName}, ${ticket.theatreLocation}, screen ${ticket.screenNumber}</div>
      ${picture === undefined ? undefined : html`<img src=${picture} alt=${`Code of the ticket for ${where}`}>`}
      <div class="seat">${where}</div>
      <div class="quiet">${ticket.priceCategory}${bookedUnder === undefined ? '' : `, booked under ${bookedUnder}`}</div>
      ${of === undefined ? undefined : html`<div class="quiet">Booking ${bookingNumber(of)}</div>`}
      ${ticketBadge(ticket)}
      ${ticket.status === 'given' ? html`<p class="quiet">It belongs to somebody else now, with a code of its own.</p>` : undefined}
      ${below}
    </article>
  `;
}
