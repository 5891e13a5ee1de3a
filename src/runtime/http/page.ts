import { z } from 'zod';
import { invalid } from './problem.ts';
import { isText } from './text.ts';

/** Keyset pages: `{ items, nextCursor }`, ordered by a key that the cursor carries. */
export const pageLimitMax = 100;
export const pageLimitDefault = 50;

/** A name of 120 characters and an id in a cursor: up to three bytes each, four letters for three bytes. */
const cursorCharactersMax = 1_000;

/** The query fields of every list. */
export const pageQuery = {
  limit: z.coerce.number().int().min(1).max(pageLimitMax).default(pageLimitDefault),
  cursor: z.string().max(cursorCharactersMax).optional(),
};

/** Development lists are read by programs that compare everything at once and do not turn pages. */
export const developmentPageMax = 10_000;

/** The query fields of a development list. */
export const developmentPageQuery = {
  ...pageQuery,
  limit: z.coerce.number().int().min(1).max(developmentPageMax).default(developmentPageMax),
};

/** The schema of a page of items. */
export function pageOf<Item extends z.ZodType>(item: Item) {
  return z.object({ items: z.array(item), nextCursor: z.string().nullable() });
}

/** Packs the key of the last item. */
export function encodeCursor(key: readonly (string | number)[]): string {
  return Buffer.from(JSON.stringify(key)).toString('base64url');
}

/** Unpacks a cursor of so many strings; throws `validation_failed` for anything else. */
export function decodeCursor(cursor: string | undefined, parts: number): readonly string[] | undefined {
  if (cursor === undefined) return undefined;
  try {
    const key: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    if (
      Array.isArray(key) &&
      key.length === parts &&
      key.every((each) => ['string', 'number'].includes(typeof each) && isText(String(each)))
    ) {
      return key.map(String);
    }
  } catch {
    // falls through to the one answer for every cursor that is not ours
  }
  throw notOurs();
}

/** Unpacks a cursor of a list that is ordered by a moment and an id; throws `validation_failed` for anything else. */
export function decodeMomentCursor(cursor: string | undefined): readonly string[] | undefined {
  const key = decodeCursor(cursor, 2);
  const [moment = ''] = key ?? [];
  // PostgreSQL knows no year 0.
  if (key === undefined || (z.iso.datetime().safeParse(moment).success && !moment.startsWith('0000'))) return key;
  throw notOurs();
}

/** Unpacks a cursor of a list that is ordered by a count; throws `validation_failed` for anything else. 0 without one. */
export function decodeCountCursor(cursor: string | undefined): number {
  const [count = '0'] = decodeCursor(cursor, 1) ?? [];
  if (/^\d{1,9}$/.test(count)) return Number(count);
  throw notOurs();
}

function notOurs() {
  return invalid('/query/cursor', 'invalid_cursor', 'must be a nextCursor from the previous page');
}

/** Cuts a list that was read with one item more than the limit. */
export function page<Item>(items: readonly Item[], limit: number, keyOf: (item: Item) => readonly (string | number)[]) {
  const kept = items.slice(0, limit);
  const last = kept.at(-1);
  return { items: kept, nextCursor: items.length > limit && last !== undefined ? encodeCursor(keyOf(last)) : null };
}
