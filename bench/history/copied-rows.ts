import { seatsOfRow } from './past-bookings.ts';

/** How a row of a past booking becomes the same row of its copies: an expression of SQL for each column. */

/** What the expressions know of a copy: columns of the relation `c`, the same in every database. */
export const copyColumns = {
  /** The first twelve digits of its ids, which are its time, and the last twelve, which are its number. */
  moment: 'text',
  number: 'text',
  show_id: 'text',
  partition: 'int',
  user_id: 'text',
  email: 'text',
  /** Milliseconds after its original. */
  shift: 'bigint',
  first_seat: 'int',
  /** Events of the show's stream that come before it, of this service. */
  show_version: 'int',
} as const;

/** What is known of an original. */
export interface Original {
  readonly bookingId: string;
  readonly showId: string;
  readonly email: string;
  readonly userId: string;
  /** The index of its first seat. */
  readonly firstSeat: number;
  /** When the show starts: the one moment that is no other for a copy. */
  readonly startsAt: string;
  /** Ids of the catalogue, the same for every copy. */
  readonly shared: ReadonlySet<string>;
}

const uuid = /[0-9a-f]{8}-[0-9a-f]{4}-[47][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/;
const time = /\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|\+00)/;
const pieces = new RegExp(
  [
    `(?<uuid>${uuid.source})(?:/(?<version>\\d+))?`,
    `(?<time>${time.source})`,
    `"indexes":\\[(?<indexes>[\\d,]*)\\]`,
    `"index":(?<index>\\d+)`,
    `S-R(?<row>\\d+)-(?<seat>\\d+)`,
    `(?<address>[^\\s"@]+@example\\.com)`,
    `\\b(?<ms>1[5-9]\\d{11})\\b`,
  ].join('|'),
  'g',
);

/** The text of a column, with what differs from copy to copy in its place. `before`: events of the show before the original's. */
export function textOfCopy(text: string, original: Original, before: number): string {
  const parts: string[] = [];
  let at = 0;
  for (const match of text.matchAll(pieces)) {
    if (match.index > at) parts.push(quoted(text.slice(at, match.index)));
    parts.push(...pieceOf(match, original, before));
    at = match.index + match[0].length;
  }
  if (at < text.length) parts.push(quoted(text.slice(at)));
  return parts.length === 0 ? "''" : `concat(${parts.join(', ')})`;
}

function pieceOf(match: RegExpMatchArray, original: Original, before: number): readonly string[] {
  const [found] = match;
  const { uuid: id, version, time: at, indexes, index, row, seat, address, ms } = match.groups ?? {};
  const seatAt = (number: number) => `(c.first_seat + ${number - original.firstSeat})`;
  if (id !== undefined) {
    const isShow = original.showId.endsWith(id);
    const after = version === undefined ? [] : isShow ? ["'/'", moved(version, before)] : [quoted(`/${version}`)];
    return [...idOf(id, original), ...after];
  }
  if (at !== undefined) return [at === original.startsAt ? quoted(at) : timeOf(at)];
  if (indexes !== undefined) {
    const all = indexes.split(',').filter((each) => each !== '');
    return [
      '\'"indexes":[\'',
      ...all.flatMap((each, place) => [...(place > 0 ? ["','"] : []), seatAt(Number(each))]),
      "']'",
    ];
  }
  if (index !== undefined) return ['\'"index":\'', seatAt(Number(index))];
  if (row !== undefined && seat !== undefined) {
    const place = seatAt(Number(row) * seatsOfRow + Number(seat) - 1);
    return ["'S-R'", `${place} / ${seatsOfRow}`, "'-'", `${place} % ${seatsOfRow} + 1`];
  }
  if (address !== undefined) return [address === original.email ? 'c.email' : quoted(address)];
  if (ms !== undefined) return [`c.shift + ${ms}`];
  return [quoted(found)];
}

function idOf(id: string, { showId, userId, shared }: Original): readonly string[] {
  if (showId.endsWith(id)) return ['substring(c.show_id from 5)'];
  if (userId.endsWith(id)) return ['substring(c.user_id from 5)'];
  // What follows the time and comes before the number tells the ids of a booking apart.
  return shared.has(id) ? [quoted(id)] : ['c.moment', quoted(id.slice(13, 24)), 'c.number'];
}

function moved(version: string, before: number): string {
  return `c.show_version + ${Number(version) - before}`;
}

function timeOf(text: string): string {
  const shifted = `timestamp '${text.replace(/Z|\+00$/, '')}' + c.shift * interval '1 millisecond'`;
  const format = text.endsWith('Z') ? 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"' : 'YYYY-MM-DD HH24:MI:SS.MS+00';
  return `to_char(${shifted}, '${format}')`;
}

export function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
