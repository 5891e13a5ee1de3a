import { serverNow } from '../kit/clock.ts';
import type { DoorScan, Refusal } from '../kit/door-log.ts';
import { momentText, timeText } from '../kit/format.ts';
import { messageOf, Problem } from '../kit/problem.ts';
import type { Admission } from './answers.ts';
import type { Checked } from './code-check.ts';
import type { KnownTicket } from './preparation.ts';

/** What somebody at the door has to know of a scan: whether to let in, in two words, and why. */
export interface Verdict {
  /** `alone`: let in by what this device knows; the server is told later. */
  readonly tone: 'good' | 'alone' | 'warn' | 'bad';
  readonly headline: string;
  readonly detail: string;
  /** What the ticket is for, where somebody was let in: told before the detail, by its name. */
  readonly place?: TicketPlace;
  /** Which show the ticket is for, where it is not one that people are let in to: told before the detail, once it is known. */
  readonly forShow?: string;
  /** Nobody decided: the same scan may be asked about again. */
  readonly isOpen: boolean;
}

/** A seat or a place in an area of a show. */
export interface TicketPlace {
  readonly showId: string | undefined;
  readonly seat?: string | undefined;
  readonly area?: string | undefined;
}

const justNowMs = 10_000;

export function admitted({ showId, movieName, seat, area, priceCategory, admittedAt }: Admission): Verdict {
  const detail = `${priceCategory} · ${movieName} · ${timeText(admittedAt)}`;
  return { tone: 'good', headline: 'Admitted', detail, place: { showId, seat, area }, isOpen: false };
}

const headlines: Readonly<Record<string, string>> = {
  already_admitted: 'Already admitted',
  wrong_show: 'Wrong show',
  ticket_void: 'Void',
  ticket_given: 'Old code',
  code_invalid: 'Not a ticket',
};

/** What a scan is that was not answered with a yes. */
export function notAdmitted(error: unknown, now = serverNow()): Verdict {
  if (!(error instanceof Problem) || error.status === 0) {
    const detail = 'No answer from the server. Nobody was let in as far as this page knows. Try the code again.';
    return { tone: 'warn', headline: 'Not known', detail, isOpen: true };
  }
  const headline = headlines[error.code];
  if (headline !== undefined) {
    const { showId } = error.body;
    const forShow = error.code === 'wrong_show' && showId !== undefined ? { forShow: showId } : {};
    return { tone: 'bad', headline, detail: usedText(error.body, now) ?? error.message, ...forShow, isOpen: false };
  }
  // Neither yes nor no: too busy, signed out, or a mistake in what was sent.
  return { tone: 'warn', headline: 'Not checked', detail: messageOf(error), isOpen: true };
}

/** A ticket of another day than the one that people are let in on, or of another house: it was not used. */
export function otherwise(what: 'day' | 'theatre', showId: string): Verdict {
  return { tone: 'bad', headline: `Another ${what}`, detail: 'It was not used', forShow: showId, isOpen: false };
}

/** When and where a ticket was used, where that is known. */
function usedText({ admittedAt, gate }: Pick<KnownTicket, 'admittedAt' | 'gate'>, now: number): string | undefined {
  if (admittedAt === undefined) return undefined;
  // A scanner that reads twice must not look like somebody who was let in an hour ago; who decides is whoever stands there.
  const isJustNow = now - Date.parse(admittedAt) < justNowMs;
  const when = `${isJustNow ? 'Just now, at' : 'At'} ${momentText(admittedAt)}, gate ${gate}`;
  return `${when}${isJustNow ? '. Was it scanned twice?' : ''}`;
}

/** Let in by what this device knows. */
export function admittedHere({ scannedAt, showId }: DoorScan, ticket: KnownTicket | undefined, asOf: string): Verdict {
  const what = ticket?.priceCategory ?? `Sold after ${timeText(asOf)}: the seat is on the ticket`;
  return {
    tone: 'alone',
    headline: 'Admitted without network',
    detail: `${what} · ${timeText(scannedAt)}`,
    ...(ticket === undefined ? {} : { place: { showId, seat: ticket.seat, area: ticket.area } }),
    isOpen: false,
  };
}

/** Kept out by what this device knows. */
export function refusedHere(
  checked: Exclude<Checked, { readonly is: 'good' }>,
  asOf: string,
  now = serverNow(),
): Verdict {
  const { headline, detail } = refusalHere(checked, now);
  return {
    tone: 'bad',
    headline,
    detail: `${detail} · Checked on this device, as of ${timeText(asOf)}`,
    ...(checked.is === 'wrong_show' ? { forShow: checked.showId } : {}),
    isOpen: false,
  };
}

function refusalHere(checked: Exclude<Checked, { readonly is: 'good' }>, now: number): Refusal {
  switch (checked.is) {
    case 'used':
      return { headline: 'Already admitted', detail: usedText(checked.ticket, now) ?? 'The ticket was used before' };
    case 'void':
      return { headline: 'Void', detail: 'The booking of this ticket was cancelled' };
    case 'given':
      return {
        headline: 'Old code',
        detail: 'The ticket was given to somebody else, and has another code since. Ask whoever has it now',
      };
    case 'wrong_show':
      return { headline: 'Wrong show', detail: 'The ticket is for another show' };
    case 'no_ticket':
      return { headline: 'Not a ticket', detail: 'The code is not that of a ticket' };
  }
}

/** This device let somebody in with the ticket while it had no network. */
export function usedHere({ scannedAt, gate }: DoorScan, now = serverNow()): Verdict {
  const detail = `${usedText({ admittedAt: scannedAt, gate }, now)} · On this device, without network`;
  return { tone: 'bad', headline: 'Already admitted', detail, isOpen: false };
}

/** Who is let in without a network is written down before they are. */
export function notKept(): Verdict {
  const detail = 'This device cannot keep the scan, so nobody was let in. Use another device.';
  return { tone: 'warn', headline: 'Not kept', detail, isOpen: true };
}

/** What somebody has to see to: the server says that whoever was let in without a network should not have been. */
export function conflictOf(problem: Problem, { scannedAt, gate }: DoorScan): Refusal {
  const { admittedAt, gate: other } = problem.body;
  const also = admittedAt === undefined ? problem.message : `Also used at ${momentText(admittedAt)}, gate ${other}.`;
  const detail = `Let in here at ${momentText(scannedAt)}, gate ${gate}. ${also}`;
  return { headline: headlines[problem.code] ?? 'Not counted', detail };
}
