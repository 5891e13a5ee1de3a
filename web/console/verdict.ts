import { serverNow } from '../kit/clock.ts';
import { momentText, timeText } from '../kit/format.ts';
import { messageOf, Problem } from '../kit/problem.ts';
import type { Admission } from './answers.ts';

/** What somebody at the door has to know of a scan: whether to let in, in two words, and why. */
export interface Verdict {
  readonly tone: 'good' | 'warn' | 'bad';
  readonly headline: string;
  readonly detail: string;
  /** Nobody decided: the same scan may be asked about again. */
  readonly isOpen: boolean;
}

const justNowMs = 10_000;

export function admitted({ movieName, seat, area, priceCategory, admittedAt }: Admission): Verdict {
  const detail = `${seat ?? area ?? 'No seat'} · ${priceCategory} · ${movieName} · ${timeText(admittedAt)}`;
  return { tone: 'good', headline: 'Admitted', detail, isOpen: false };
}

const headlines: Readonly<Record<string, string>> = {
  wrong_show: 'Wrong show',
  ticket_void: 'Void',
  code_invalid: 'Not a ticket',
};

/** What a scan is that was not answered with a yes. Only an answer of the server lets anybody in. */
export function notAdmitted(error: unknown, now = serverNow()): Verdict {
  if (!(error instanceof Problem) || error.status === 0) {
    const detail = 'No answer from the server. Nobody was let in as far as this page knows. Try the code again.';
    return { tone: 'warn', headline: 'Not known', detail, isOpen: true };
  }
  if (error.code === 'already_admitted') {
    const { admittedAt, gate } = error.body;
    // A scanner that reads twice must not look like somebody who was let in an hour ago; who decides is whoever stands there.
    if (admittedAt === undefined)
      return { tone: 'bad', headline: 'Already admitted', detail: error.message, isOpen: false };
    const isJustNow = now - Date.parse(admittedAt) < justNowMs;
    const when = `${isJustNow ? 'Just now, at' : 'At'} ${momentText(admittedAt)}, gate ${gate}`;
    const detail = `${when}${isJustNow ? '. Was it scanned twice?' : ''}`;
    return { tone: 'bad', headline: 'Already admitted', detail, isOpen: false };
  }
  const headline = headlines[error.code];
  if (headline !== undefined) return { tone: 'bad', headline, detail: error.message, isOpen: false };
  // Neither yes nor no: too busy, signed out, or a mistake in what was sent.
  return { tone: 'warn', headline: 'Not checked', detail: messageOf(error), isOpen: true };
}
