import { isLocalTime, localTimeAt, momentsOfLocalTime } from '../../../src/contracts/rules/local-time.ts';

/** Starts of shows as people say them: these days, at these times, on the clocks of the theatre. Pure. */
export interface Repeat {
  /** Days as `2026-11-30`; the last one is the first where it is empty. */
  readonly firstDay: string;
  readonly lastDay: string;
  /** Days of the week, 0 for Sunday. */
  readonly weekdays: ReadonlySet<number>;
  /** `17:30, 20:15` */
  readonly times: string;
}

/** One start, as clocks show it, and the moments at which they do: none where clocks skip it, two where it comes twice. */
export interface Start {
  readonly local: string;
  readonly moments: readonly number[];
}

/** More shows than this are two wishes. */
export const startsMax = 200;
const dayMs = 86_400_000;

/** The starts in order, or what is wrong with which field. */
export function startsOf(
  { firstDay, lastDay, weekdays, times }: Repeat,
  timeZone: string,
): { readonly starts: readonly Start[] } | { readonly wrong: Readonly<Record<string, string>> } {
  const clocks = timesIn(times);
  if (clocks === undefined) return { wrong: { '/times': 'must be times like 17:30, with commas between them' } };
  const first = dayNumber(firstDay);
  const last = lastDay === '' ? first : dayNumber(lastDay);
  if (first === undefined) return { wrong: { '/firstDay': 'must be a day' } };
  if (last === undefined || last < first) return { wrong: { '/lastDay': 'must not be before the first day' } };
  if (last - first > 366) return { wrong: { '/lastDay': 'must be within a year of the first day' } };
  const days = Array.from({ length: last - first + 1 }, (_, index) => new Date((first + index) * dayMs)).filter((day) =>
    weekdays.has(day.getUTCDay()),
  );
  if (days.length === 0)
    return { wrong: { '/weekdays': 'there is no such day of the week from the first day to the last' } };
  if (days.length * clocks.length > startsMax)
    return {
      wrong: { '/lastDay': `would be ${days.length * clocks.length} shows; at most ${startsMax} are made at once` },
    };
  const locals = days.flatMap((day) => clocks.map((clock) => `${day.toISOString().slice(0, 10)}T${clock}`));
  return { starts: locals.map((local) => ({ local, moments: momentsOfLocalTime(local, timeZone) })) };
}

function dayNumber(day: string): number | undefined {
  return isLocalTime(`${day}T00:00`) ? Date.parse(`${day}T00:00:00Z`) / dayMs : undefined;
}

/** Times of a day in order, each once; `undefined` for text that is none. */
function timesIn(text: string): readonly string[] | undefined {
  const parts = text.split(/[,;\s]+/).filter((part) => part !== '');
  const times = parts.map((part) => {
    const [, hour = '', minute = ''] = /^(\d{1,2})[:.](\d{2})$/.exec(part) ?? [];
    return `${hour.padStart(2, '0')}:${minute}`;
  });
  const isRight = times.length > 0 && times.every((time) => isLocalTime(`2026-01-01T${time}`));
  return isRight ? [...new Set(times)].sort() : undefined;
}

/** What is typed for a moment is typed again where it comes twice: `which` says which of the two is meant. */
export function momentTyped(
  local: string,
  { timeZone, which = 0 }: { readonly timeZone: string; readonly which?: number },
): { readonly at: string } | { readonly wrong: string } {
  if (!isLocalTime(local)) return { wrong: 'must be a day and a time' };
  const moments = momentsOfLocalTime(local, timeZone);
  const moment = moments[which] ?? moments[0];
  return moment === undefined ? { wrong: skippedText(timeZone) } : { at: new Date(moment).toISOString() };
}

export const skippedText = (timeZone: string) =>
  `clocks in ${timeZone} go forward then and never show this time; choose another one`;

/** How a clock of the theatre is read at a moment: `2026-11-30T19:30`, as fields for a day and a time have it. */
export const localText = (at: string, timeZone: string) => localTimeAt(Date.parse(at), timeZone);

/** Which of the moments of a time that comes twice this one is. */
export function whichOf(at: string, timeZone: string): number {
  return Math.max(
    0,
    momentsOfLocalTime(localText(at, timeZone), timeZone).indexOf(Math.floor(Date.parse(at) / 60_000) * 60_000),
  );
}
