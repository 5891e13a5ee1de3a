/** Wall-clock times of a theatre, by the time zone rules that the runtime knows (IANA). */

const formats = new Map<string, Intl.DateTimeFormat>();

/** A wall-clock time: `2026-03-01T19:30`. */
export const localTimeSyntax = /^(\d{4})-(\d{2})-(\d{2})[T ](\d{2}):(\d{2})(?::(\d{2}))?$/;

/**
 * The moment at which clocks in a zone show this time, as milliseconds since 1970; `undefined` for text that is no time
 * and for a time that was skipped when clocks went forward. Of a time that comes twice it is the first.
 */
export function momentOfLocalTime(text: string, timeZone: string): number | undefined {
  return momentsOfLocalTime(text, timeZone)[0];
}

/** All moments at which clocks in a zone show this time, the first one first: none where it is skipped, two where it comes twice. */
export function momentsOfLocalTime(text: string, timeZone: string): readonly number[] {
  const wall = wallOf(text);
  if (wall === undefined) return [];
  // A day on either side has both offsets that may apply around a change of clocks; the larger one comes first.
  const offsets = new Set([offsetAt(wall - 86_400_000, timeZone), offsetAt(wall + 86_400_000, timeZone)]);
  return [...offsets]
    .sort((a, b) => b - a)
    .map((offset) => wall - offset)
    .filter((moment) => moment + offsetAt(moment, timeZone) === wall);
}

/** Whether this is a time that a clock can show at all, in whatever zone. */
export const isLocalTime = (text: string) => wallOf(text) !== undefined;

/** What a clock that shows UTC would be at, in milliseconds since 1970. */
function wallOf(text: string): number | undefined {
  const parts = localTimeSyntax.exec(text);
  if (parts === null) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts
    .slice(1)
    .map((part) => Number(part ?? 0));
  const wall = Date.UTC(year, month - 1, day, hour, minute, second);
  const isSame = new Date(wall).toISOString().slice(0, 16) === `${text.slice(0, 10)}T${text.slice(11, 16)}`;
  return isSame ? wall : undefined;
}

/** What clocks in a zone show at a moment: `2026-03-01T19:30`. */
export function localTimeAt(moment: number, timeZone: string): string {
  return new Date(moment + offsetAt(moment, timeZone)).toISOString().slice(0, 16);
}

/** Clocks are only ever changed on a quarter of an hour, so what was asked about one is remembered for all of it. */
const quarterMs = 900_000;
const rememberedMax = 20_000;
const remembered = new Map<string, number>();

/** How far the zone is ahead of UTC at a moment, in milliseconds. */
function offsetAt(moment: number, timeZone: string): number {
  const key = `${timeZone} ${Math.floor(moment / quarterMs)}`;
  let offset = remembered.get(key);
  if (offset === undefined) {
    if (remembered.size >= rememberedMax) remembered.clear();
    offset = offsetNow(moment, timeZone);
    remembered.set(key, offset);
  }
  return offset;
}

function offsetNow(moment: number, timeZone: string): number {
  const whole = Math.floor(moment / 1_000) * 1_000;
  const shown = new Map(
    formatFor(timeZone)
      .formatToParts(whole)
      .map(({ type, value }) => [type, Number(value)]),
  );
  const part = (type: string): number => shown.get(type as Intl.DateTimeFormatPartTypes) ?? 0;
  const wall = Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'), part('second'));
  return wall - whole;
}

function formatFor(timeZone: string): Intl.DateTimeFormat {
  let format = formats.get(timeZone);
  if (format === undefined) {
    const numeric = 'numeric';
    format = new Intl.DateTimeFormat('en-US', {
      timeZone,
      hourCycle: 'h23',
      ...({ year: numeric, month: numeric, day: numeric, hour: numeric, minute: numeric, second: numeric } as const),
    });
    formats.set(timeZone, format);
  }
  return format;
}
