import { html, type TemplateResult } from 'lit-html';
import { type Ask, get, type Listed } from '../kit/api.ts';
import { type PlaceNames, placeOf } from '../kit/places.ts';

export interface Ticket {
  readonly ticketId: string;
  readonly movieName: string;
  readonly theatreName: string;
  readonly theatreLocation: string;
  readonly screenNumber: number;
  readonly showLocalTime: string;
  readonly seat?: string;
  readonly area?: string;
  readonly priceCategory: string;
  readonly bookedUnder?: string;
  readonly status: 'valid' | 'used' | 'void';
  /** The code for the door, as a picture. */
  readonly picture: string;
}

/** The tickets of a booking, each with its code as a picture that needs no further request. */
export async function ticketsOf(bookingId: string, ask: Ask): Promise<readonly Ticket[]> {
  const path = `/v1/bookings/${encodeURIComponent(bookingId)}/tickets`;
  const { items } = await get<Listed<Omit<Ticket, 'picture'>>>(path, ask);
  return Promise.all(
    items.map(async (ticket) => {
      const svg = await get<string>(`/v1/tickets/${encodeURIComponent(ticket.ticketId)}.svg`, ask);
      return { ...ticket, picture: `data:image/svg+xml,${encodeURIComponent(svg)}` };
    }),
  );
}

export function ticketCard(ticket: Ticket, names: PlaceNames): TemplateResult {
  const where = placeOf(ticket, names);
  return html`
    <article class="ticket ${ticket.status}" aria-label=${`Ticket for ${where}`}>
      <strong>${ticket.movieName}</strong>
      <div>${ticket.showLocalTime}</div>
      <div class="quiet">${ticket.theatreName}, ${ticket.theatreLocation}, screen ${ticket.screenNumber}</div>
      <img src=${ticket.picture} alt=${`Code of the ticket for ${where}`}>
      <div class="seat">${where}</div>
      <div class="quiet">${ticket.priceCategory}${ticket.bookedUnder === undefined ? '' : `, booked under ${ticket.bookedUnder}`}</div>
      ${ticket.status === 'valid' ? undefined : html`<span class="badge bad">${ticket.status}</span>`}
    </article>
  `;
}
