import { z } from 'zod';
import { localTimeSyntax } from '../../contracts/rules/local-time.ts';
import { plainly } from '../../runtime/wording.ts';
import { movieFields, saleFields, seatPlanFields, theatreFields } from './entries.ts';
import { inTurns } from './import-turns.ts';

/**
 * A catalogue as people write it by hand: entries refer to each other by title, name and number, never by id.
 *
 * ```json
 * {
 *   "movies": [{ "title": "Fight Club", "runningTimeMinutes": 139 }],
 *   "theatres": [{ "name": "Lakeview", "location": "Chicago, Illinois", "timeZone": "America/Chicago" }],
 *   "seatPlans": [{ "name": "Studio", "sections": [{ "id": "M", "name": "Main", "priceCategory": "standard",
 *                   "rows": [{ "id": "A", "name": "A", "first": 1, "last": 12 }] }] }],
 *   "screens": [{ "theatre": "Lakeview", "number": 1, "seatPlan": "Studio" }],
 *   "shows": [{ "movie": "Fight Club", "theatre": "Lakeview", "screen": 1, "startsAt": "2026-03-01T19:30",
 *               "priceCategories": [{ "name": "standard", "price": { "amount": 1250, "currency": "USD" } }] }]
 * }
 * ```
 *
 * Times without an offset are those of the theatre's clocks. Every part may be left out; what is in the catalogue
 * already, by title, name or number, can be referred to.
 */

/** One thing that is wrong, and where: `line 12` of a CSV file, a JSON pointer (RFC 6901) of a JSON one. */
export interface ImportFault {
  readonly where: string;
  readonly message: string;
}

/** A file with more faults than this has shown its author enough to do. */
export const importFaultsMax = 100;
/** Of what somebody wrote, a fault repeats so much. */
const faultCharactersMax = 300;
/** Entries of one kind in an import, so also lines of a CSV file: some eighty bytes each fill the largest body. */
export const entriesPerKindMax = 200_000;

/** Nothing was imported; `lines` says why, in the order of the file: at most `importFaultsMax` of them, each short. */
export class ImportError extends Error {
  override readonly name = 'ImportError';
  readonly code = 'import_refused';
  readonly retryable = false;
  readonly lines: readonly ImportFault[];
  constructor(faults: readonly ImportFault[]) {
    const lines = faults.slice(0, importFaultsMax).map(shortened);
    const first = lines[0];
    const others = lines.length > 1 ? ` (and ${lines.length - 1} more)` : '';
    super(`Nothing was imported: ${first?.where ?? ''}: ${first?.message ?? ''}${others}`);
    this.lines = lines;
  }
}

function shortened({ where, message }: ImportFault): ImportFault {
  return { where: beginningOf(where), message: beginningOf(message) };
}

function beginningOf(text: string): string {
  return text.length > faultCharactersMax ? `${text.slice(0, faultCharactersMax)}…` : text;
}

/** An entry with the place it came from. */
export interface Entry<Value> {
  readonly where: string;
  readonly value: Value;
}

const timeField = z
  .string()
  .refine((text) => localTimeSyntax.test(text) || z.iso.datetime({ offset: true }).safeParse(text).success, {
    message: 'must be a time of the theatre like 2026-03-01T19:30, or one with an offset',
  });
const nameField = z.string().normalize().min(1).max(200);
const screenEntry = z.strictObject({ theatre: nameField, number: z.int().min(1).max(999), seatPlan: nameField });
const showEntry = z.strictObject({
  movie: nameField,
  theatre: nameField,
  screen: z.int().min(1).max(999),
  startsAt: timeField,
  ...saleFields,
  sales: z.strictObject({ opensAt: timeField.optional(), closesAt: timeField.optional() }).optional(),
});

const kinds = {
  movies: movieFields,
  theatres: theatreFields,
  seatPlans: seatPlanFields,
  screens: screenEntry,
  shows: showEntry,
};

export type MovieEntry = Readonly<z.infer<typeof movieFields>>;
export type TheatreEntry = Readonly<z.infer<typeof theatreFields>>;
export type SeatPlanEntry = Readonly<z.infer<typeof seatPlanFields>>;
export type ScreenEntry = Readonly<z.infer<typeof screenEntry>>;
export type ShowEntry = Readonly<z.infer<typeof showEntry>>;

export interface CatalogueFile {
  readonly movies: readonly Entry<MovieEntry>[];
  readonly theatres: readonly Entry<TheatreEntry>[];
  readonly seatPlans: readonly Entry<SeatPlanEntry>[];
  readonly screens: readonly Entry<ScreenEntry>[];
  readonly shows: readonly Entry<ShowEntry>[];
}

/** The same entries before anybody has checked them. */
export type UncheckedFile = { readonly [Kind in keyof CatalogueFile]: readonly Entry<unknown>[] };

/** Reads a JSON catalogue; rejects with `ImportError`: a pointer to each fault. */
export async function readJsonCatalogue(text: string): Promise<CatalogueFile> {
  const whole = parseJson(text);
  const known = Object.keys(kinds) as (keyof CatalogueFile)[];
  const faults: ImportFault[] = Object.keys(whole)
    .filter((name) => !Object.hasOwn(kinds, name))
    .slice(0, importFaultsMax)
    .map((name) => ({ where: `/${name}`, message: `is unknown; a catalogue has ${known.join(', ')}` }));
  const lists = known.map((kind) => [kind, listOf(kind, whole[kind] ?? [], faults)] as const);
  if (faults.length === 0 && lists.every(([, entries]) => entries.length === 0))
    throw new ImportError([{ where: '', message: `has nothing in it; a catalogue has ${known.join(', ')}` }]);
  return checkEntries(Object.fromEntries(lists) as unknown as UncheckedFile, faults);
}

function listOf(kind: keyof CatalogueFile, list: unknown, faults: ImportFault[]): readonly Entry<unknown>[] {
  if (!Array.isArray(list)) {
    faults.push({ where: `/${kind}`, message: 'must be a list' });
    return [];
  }
  if (list.length > entriesPerKindMax) {
    const message = `has ${list.length} entries; one import takes ${entriesPerKindMax}`;
    faults.push({ where: `/${kind}`, message });
    return [];
  }
  return list.map((value: unknown, index) => ({ where: `/${kind}/${index}`, value }));
}

/**
 * Checks the fields of every entry; rejects with `ImportError`: the first faults, as many as an answer has, and those that
 * reading has found before. Who mends a file is told of all of them at once.
 */
export async function checkEntries(file: UncheckedFile, before: readonly ImportFault[]): Promise<CatalogueFile> {
  const faults = [...before];
  const checked: (readonly [string, readonly Entry<unknown>[]])[] = [];
  for (const [kind, schema] of Object.entries(kinds)) {
    checked.push([kind, await checkKind(schema, file[kind as keyof CatalogueFile], faults)]);
  }
  if (faults.length > 0) throw new ImportError(faults.sort((a, b) => lineOf(a) - lineOf(b)));
  return Object.fromEntries(checked) as unknown as CatalogueFile;
}

/** Of a CSV file; what is wrong in a JSON one stays in the order in which it was found. */
function lineOf({ where }: ImportFault): number {
  return Number(/^line (\d+)/.exec(where)?.[1] ?? 0);
}

async function checkKind(
  schema: z.ZodType,
  entries: readonly Entry<unknown>[],
  faults: ImportFault[],
): Promise<readonly Entry<unknown>[]> {
  const checked: Entry<unknown>[] = [];
  for await (const entry of inTurns(entries)) {
    if (faults.length >= importFaultsMax) break;
    checked.push({ where: entry.where, value: checkEntry(schema, entry, faults) });
  }
  return checked;
}

function checkEntry(schema: z.ZodType, { where, value }: Entry<unknown>, faults: ImportFault[]): unknown {
  const parsed = schema.safeParse(value, { error: plainly });
  if (parsed.success) return parsed.data;
  for (const issue of parsed.error.issues) faults.push({ where: inside(where, issue.path), message: issue.message });
  return undefined;
}

/** A line is a line; in JSON the path goes on. */
export function inside(where: string, path: readonly PropertyKey[]): string {
  if (path.length === 0) return where;
  return where.startsWith('/') ? [where, ...path.map(String)].join('/') : `${where}, ${path.map(String).join('.')}`;
}

function parseJson(text: string): Readonly<Record<string, unknown>> {
  let whole: unknown;
  try {
    whole = JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (error) {
    throw new ImportError([{ where: '/', message: `is not JSON: ${(error as Error).message}` }]);
  }
  if (typeof whole === 'object' && whole !== null && !Array.isArray(whole)) return whole as Record<string, unknown>;
  throw new ImportError([
    { where: '/', message: 'must be an object with movies, theatres, seatPlans, screens and shows' },
  ]);
}
