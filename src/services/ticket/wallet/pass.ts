import type { SeatPlan, Show } from '../../../contracts/catalog.ts';
import type { DataOf } from '../../../contracts/event.ts';
import { localTimeAt, momentOfLocalTime } from '../../../contracts/rules/local-time.ts';
import { byId, placeNames } from '../../../contracts/rules/places.ts';
import type { TicketIssued } from '../../../contracts/ticket.ts';

/** What a pass for a wallet says, whoever's wallet it is. Pure: nothing of it is asked of anybody. */
export interface Pass {
  readonly ticketId: string;
  readonly showId: string;
  /** Counts to whom the ticket was given; the code is this holder's. */
  readonly issue: number;
  readonly code: string;
  readonly movieName: string;
  readonly theatreName: string;
  readonly theatreLocation: string;
  readonly screenNumber: number;
  /** RFC 3339, with the offset of the theatre at that time: a phone elsewhere shows the clock of the theatre. */
  readonly startsAt: string;
  /** RFC 3339, in UTC: from then on the pass is old. */
  readonly expiresAt: string;
  /** The place in words. */
  readonly place: string;
  readonly priceCategory: string;
  readonly bookedUnder: string | undefined;
}

const minuteMs = 60_000;
/** Of a show that does not say how long it is. */
const usualMinutes = 240;
/** Shows begin late, and nobody wants to look for a pass in the second half. */
const graceMinutes = 120;

/** What of a ticket is in it, as it is printed now. */
type Printed = Pick<
  DataOf<typeof TicketIssued>,
  | ('ticketId' | 'showId' | 'seat' | 'area' | 'priceCategory')
  | ('movieName' | 'theatreName' | 'theatreLocation' | 'timeZone' | 'screenNumber' | 'showStartsAt')
>;

/** The pass of a ticket, of its show as it is now. */
export function passOf(
  ticket: Printed,
  more: {
    readonly code: string;
    readonly issue: number;
    readonly bookedUnder: string | undefined;
    readonly show: Show | undefined;
    readonly plan: SeatPlan | undefined;
  },
): Pass {
  const { ticketId, showId, movieName, theatreName, theatreLocation, screenNumber, priceCategory } = ticket;
  const names = more.plan === undefined ? byId : placeNames(more.plan);
  const starts = Date.parse(ticket.showStartsAt);
  const minutes = (more.show?.movie.runningTimeMinutes ?? usualMinutes) + graceMinutes;
  return {
    ...{ ticketId, showId, movieName, theatreName, theatreLocation, screenNumber, priceCategory },
    ...{ code: more.code, issue: more.issue, bookedUnder: more.bookedUnder },
    startsAt: withOffset(starts, ticket.timeZone),
    expiresAt: withOffset(starts + minutes * minuteMs, 'UTC').replace('+00:00', 'Z'),
    place: ticket.seat === undefined ? names.area(ticket.area ?? '') : names.seat(ticket.seat),
  };
}

/** `2026-11-21T20:15:00+01:00`; to the minute, like what is printed. */
function withOffset(moment: number, timeZone: string): string {
  const minute = Math.floor(moment / minuteMs) * minuteMs;
  const local = localTimeAt(minute, timeZone);
  const ahead = ((momentOfLocalTime(local, 'UTC') ?? minute) - minute) / minuteMs;
  const pad = (value: number) => String(Math.floor(value)).padStart(2, '0');
  const [size, sign] = [Math.abs(ahead), ahead < 0 ? '-' : '+'];
  return `${local}:00${sign}${pad(size / 60)}:${pad(size % 60)}`;
}
