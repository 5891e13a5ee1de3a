import { Readable } from 'node:stream';
import { CsvError, parse } from 'csv-parse';
import { usualPlaces } from '../../contracts/rules/best-seats.ts';
import { minorUnits } from '../../contracts/rules/decimals.ts';
import { usualSeat } from '../../contracts/rules/plan-order.ts';
import {
  type CatalogueFile,
  checkEntries,
  type Entry,
  entriesPerKindMax,
  ImportError,
  type ImportFault,
  importFaultsMax,
} from './import-file.ts';
import { inTurns } from './import-turns.ts';

/**
 * A programme as a spreadsheet: one line per show, with everything the show needs. The first line names the columns.
 *
 * | column | |
 * |---|---|
 * | `movie` | title |
 * | `runningTimeMinutes`, `certificate`, `genre` | of a new movie; may be left out |
 * | `theatre` | name |
 * | `location`, `timeZone` | of a new theatre; may be left out for one the catalogue has |
 * | `screen` | number |
 * | `plan` | name of a seat plan the catalogue has, or `10x16 middle`: ten rows of sixteen seats, all `standard`, the best in the middle two thirds back (`10x16 front`: in the first row; `10x16`: where the plan begins). May be left out for a screen the catalogue has |
 * | `startsAt` | on the theatre's clocks: `2026-03-01 19:30` |
 * | `opensAt`, `closesAt` | of the sale; may be left out: from now until the start |
 * | `currency` | such as `USD` |
 * | `price:<category>` | one column per price category, in whole and decimal units: `12.50`; empty where the plan has no such category |
 * | `seatsPerCustomerMax` | may be left out |
 *
 * ```csv
 * movie,runningTimeMinutes,theatre,location,timeZone,screen,plan,startsAt,currency,price:standard
 * Fight Club,139,Lakeview,"Chicago, Illinois",America/Chicago,1,10x16,2026-03-01 19:30,USD,12.50
 * ```
 */
const required = ['movie', 'theatre', 'screen', 'startsAt', 'currency'];
const optional = [
  'runningTimeMinutes',
  'certificate',
  'genre',
  'location',
  'timeZone',
  'plan',
  'opensAt',
  'closesAt',
  'seatsPerCustomerMax',
];
const named: ReadonlySet<string> = new Set([...required, ...optional]);
const pricePrefix = 'price:';
/** As many as the price categories of all plans in a file need, and some more. */
const columnsMax = 500;
/** A line is a show. */
const linesMax = entriesPerKindMax;
/** What is read of a file before somebody else's request may be answered. */
const pieceBytes = 65_536;
const rowsMax = 26;

interface Line {
  readonly where: string;
  readonly cells: Readonly<Record<string, string>>;
}

type Fields = Readonly<Record<string, unknown>>;

/** What the lines of a file say, in their order; of movies, theatres, plans and screens what the first mention says. */
interface Programme {
  readonly movies: Map<string, Entry<Fields>>;
  readonly theatres: Map<string, Entry<Fields>>;
  readonly seatPlans: Map<string, Entry<unknown>>;
  readonly screens: Map<string, Entry<Fields>>;
  readonly shows: Entry<unknown>[];
  readonly faults: ImportFault[];
}

/** Reads a CSV programme; rejects with `ImportError`: the line of each fault. */
export async function readCsvCatalogue(text: string): Promise<CatalogueFile> {
  const lines = await parseLines(text);
  if (lines.length === 0)
    throw new ImportError([
      { where: 'line 1', message: 'is all there is: the first line names the columns, each further one is a show' },
    ]);
  const programme: Programme = {
    ...{ movies: new Map(), theatres: new Map(), seatPlans: new Map(), screens: new Map() },
    ...{ shows: [], faults: [] },
  };
  for await (const line of inTurns(lines)) {
    if (programme.faults.length >= importFaultsMax) break;
    addLine(programme, line);
  }
  const { movies, theatres, seatPlans, screens, shows, faults } = programme;
  const entries = {
    ...{ movies: [...movies.values()], theatres: [...theatres.values()], seatPlans: [...seatPlans.values()] },
    ...{ screens: [...screens.values()], shows },
  };
  return checkEntries(entries, faults);
}

function addLine({ movies, theatres, seatPlans, screens, shows, faults }: Programme, line: Line): void {
  const { where, cells } = line;
  const cell = (name: string) => cells[name]?.trim() ?? '';
  addOnce(movies, cell('movie'), { where, value: movieOf(line) }, faults);
  if (cell('location') !== '' || cell('timeZone') !== '') {
    const value = { name: cell('theatre'), location: cell('location'), timeZone: cell('timeZone') };
    addOnce(theatres, cell('theatre'), { where, value }, faults);
  }
  if (cell('plan') !== '') {
    const plan = gridPlan(cell('plan'));
    if (plan !== undefined && !seatPlans.has(plan.name)) seatPlans.set(plan.name, { where, value: plan });
    const value = { theatre: cell('theatre'), number: numberOr(cell('screen')), seatPlan: cell('plan') };
    addOnce(screens, `${cell('theatre')}\n${cell('screen')}`, { where, value }, faults);
  }
  shows.push({ where, value: showOf(line, faults) });
}

async function parseLines(text: string): Promise<readonly Line[]> {
  const parser = parse({
    ...{ bom: true, info: true, skip_empty_lines: true, trim: true, relax_column_count: false },
    columns: soundColumns,
  });
  const records: AsyncIterable<{ readonly record: Line['cells']; readonly info: { readonly lines: number } }> =
    Readable.from(inTurns(piecesOf(Buffer.from(text)))).pipe(parser);
  const lines: Line[] = [];
  try {
    for await (const { record, info } of records) {
      const where = `line ${info.lines}`;
      if (lines.length === linesMax) {
        throw new ImportError([{ where, message: `is one too many: one import takes ${linesMax} shows` }]);
      }
      lines.push({ where, cells: record });
    }
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    const line: unknown = error['lines'];
    throw new ImportError([{ where: `line ${typeof line === 'number' ? line : 1}`, message: error.message }]);
  }
  return lines;
}

function* piecesOf(bytes: Buffer): Generator<Buffer, void, undefined> {
  for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes);
}

/** The columns as they are, before anything is read below them; throws `ImportError` with what is wrong with them. */
function soundColumns(columns: string[]): string[] {
  const faults = columnFaults(columns);
  if (faults.length > 0) throw new ImportError(faults);
  return columns;
}

function columnFaults(columns: readonly string[]): readonly ImportFault[] {
  if (columns.length > columnsMax) {
    return [{ where: 'line 1', message: `has ${columns.length} columns; a file can have ${columnsMax}` }];
  }
  const missing = required.filter((name) => !columns.includes(name));
  const unknown = columns.filter((name) => !named.has(name) && !isPrice(name));
  const twice = repeated(columns);
  return [
    ...missing.map((name) => ({ where: 'line 1', message: `the column "${name}" is missing` })),
    ...unknown.map((name) => ({
      where: 'line 1',
      message: `the column "${name}" is unknown; prices are columns like "price:standard"`,
    })),
    ...twice.map((name) => ({ where: 'line 1', message: `the column "${name}" comes twice` })),
    ...(columns.some(isPrice)
      ? []
      : [{ where: 'line 1', message: 'there is no price column such as "price:standard"' }]),
  ];
}

function repeated(columns: readonly string[]): readonly string[] {
  const seen = new Set<string>();
  return columns.filter((name) => {
    const isKnown = seen.has(name);
    seen.add(name);
    return isKnown;
  });
}

function isPrice(column: string): boolean {
  return column.startsWith(pricePrefix) && column.length > pricePrefix.length;
}

/** Keeps the first mention; a later one must not say something else. */
function addOnce(known: Map<string, Entry<Fields>>, key: string, entry: Entry<Fields>, faults: ImportFault[]): void {
  const first = known.get(key);
  if (first === undefined) {
    known.set(key, entry);
    return;
  }
  for (const [name, value] of Object.entries(entry.value)) {
    const before = first.value[name];
    if (before !== undefined && value !== undefined && before !== value) {
      faults.push({ where: entry.where, message: `${name} "${value}" differs from "${before}" in ${first.where}` });
    }
  }
  known.set(key, { where: first.where, value: { ...entry.value, ...first.value } });
}

function movieOf({ cells }: Line): Fields {
  const { movie = '', runningTimeMinutes = '', certificate = '', genre = '' } = cells;
  return {
    title: movie,
    ...(runningTimeMinutes === '' ? {} : { runningTimeMinutes: numberOr(runningTimeMinutes) }),
    ...(certificate === '' ? {} : { certificate }),
    ...(genre === '' ? {} : { genre }),
  };
}

function showOf({ where, cells }: Line, faults: ImportFault[]): unknown {
  const {
    movie,
    theatre,
    screen = '',
    startsAt = '',
    currency = '',
    opensAt = '',
    closesAt = '',
    seatsPerCustomerMax = '',
  } = cells;
  const priceCategories = Object.entries(cells)
    .filter(([column, text]) => isPrice(column) && text !== '')
    .map(([column, text]) => {
      const amount = minorUnits(text, currency);
      if (amount === undefined)
        faults.push({
          where,
          message: `${column} "${text}" must be an amount like 12.50 in ${currency || 'a currency'}`,
        });
      return { name: column.slice(pricePrefix.length), price: { amount: amount ?? 0, currency } };
    });
  return {
    ...{ movie, theatre, screen: numberOr(screen), startsAt: startsAt.replace(' ', 'T'), priceCategories },
    ...(opensAt === '' && closesAt === ''
      ? {}
      : { sales: { ...timeCell('opensAt', opensAt), ...timeCell('closesAt', closesAt) } }),
    ...(seatsPerCustomerMax === '' ? {} : { seatsPerCustomerMax: numberOr(seatsPerCustomerMax) }),
  };
}

function timeCell(name: 'opensAt' | 'closesAt', text: string): object {
  return text === '' ? {} : { [name]: text.replace(' ', 'T') };
}

/** `10x16`, `10x16 middle`, `10x16 front`. */
const gridSyntax = /^(\d{1,2})x(\d{1,3})(?: (middle|front))?$/;

/** The plan that `10x16 middle` stands for; `undefined` for a name. */
function gridPlan(text: string) {
  const parts = gridSyntax.exec(text);
  const rows = Number(parts?.[1] ?? 0);
  const seats = Number(parts?.[2] ?? 0);
  if (rows < 1 || rows > rowsMax || seats < 1) return undefined;
  const letters = Array.from({ length: rows }, (_, index) => String.fromCharCode('A'.charCodeAt(0) + index));
  const seated = { first: 1, last: seats, step: 1, accessible: [], companion: [], x: 0 };
  const rowsOfPlan = letters.map((letter, y) => ({ id: letter, name: letter, ...seated, y }));
  const sections = [{ id: 'M', name: 'Main', priceCategory: 'standard', rows: rowsOfPlan }];
  const usual = usualPlaces.find((each) => each === parts?.[3]);
  return { name: text, sections, areas: [], bestSeat: usual && usualSeat(sections, usual) };
}

/** A number, or the text itself, which the check of the field will name. */
function numberOr(text: string): number | string {
  return /^\d+$/.test(text) ? Number(text) : text;
}
