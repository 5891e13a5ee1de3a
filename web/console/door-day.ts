import { readTicketCode } from '../../src/contracts/rules/ticket-code.ts';
import type { Show } from '../kit/answers.ts';
import { serverNow } from '../kit/clock.ts';
import type { DoorScan } from '../kit/door-log.ts';
import { dayOf } from '../kit/format.ts';
import { Problem } from '../kit/problem.ts';
import type { DoorNames } from './door-names.ts';
import { notAdmitted, otherwise, type Verdict } from './verdict.ts';

/** The last show of a night is of the day before: people say so, and so do the clocks of a house until four. */
const dayBeginsAtHours = 4;
const hourMs = 3_600_000;

/** The day of a house that a moment belongs to. */
export function houseDayOf(atMs: number, timeZone: string): string {
  return dayOf(new Date(atMs - dayBeginsAtHours * hourMs), timeZone);
}

/** Which tickets are let in: of today, in a theatre or in any. */
export interface Today {
  /** Empty for any. */
  readonly theatreId: string;
  readonly names: DoorNames;
}

/** Why a ticket is none of today, before anybody is asked to use it; `undefined` for one that is, and for what is no ticket. */
export async function refusalOfToday(
  { code }: Pick<DoorScan, 'code'>,
  { theatreId, names }: Today,
  nowMs = serverNow(),
): Promise<Verdict | undefined> {
  const said = readTicketCode(code);
  if (said === undefined) return undefined;
  let show: Show;
  try {
    show = await names.showOf(said.showId);
  } catch (error) {
    // A show that there is not has no genuine tickets: the server says so of the code.
    return error instanceof Problem && error.code === 'not_found' ? undefined : notAdmitted(error);
  }
  const { startsAt, theatre } = show;
  if (theatreId !== '' && theatre.theatreId !== theatreId) return otherwise('theatre', said.showId);
  const isToday = houseDayOf(Date.parse(startsAt), theatre.timeZone) === houseDayOf(nowMs, theatre.timeZone);
  return isToday ? undefined : otherwise('day', said.showId);
}
