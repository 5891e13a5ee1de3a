import { newId } from '../../contracts/ids.ts';
import type { ServiceRuntime, Transaction } from '../../runtime/service-runtime.ts';
import { traceIdOf } from '../../runtime/telemetry/tracing.ts';
import { scheduleShows } from './changes.ts';
import { readCsvCatalogue } from './import-csv.ts';
import { type CatalogueFile, ImportError, readJsonCatalogue } from './import-file.ts';
import { type Additions, type KnownCatalogue, resolveCatalogue } from './import-resolve.ts';
import * as projection from './projection.ts';
import { seatPlanFact } from './routes/seat-plans.ts';
import { startsBefore } from './show-rules.ts';

export { ImportError } from './import-file.ts';

/** How many entries were new. */
export interface ImportCounts {
  readonly movies: number;
  readonly theatres: number;
  readonly screens: number;
  readonly seatPlans: number;
  readonly shows: number;
}

export interface CatalogueText {
  readonly text: string;
  readonly format: 'json' | 'csv';
  /** Who imports it: a user id, or the name of a command. */
  readonly who: string;
  readonly traceparent?: string;
}

/**
 * Imports a catalogue file, all or nothing, in one transaction. Throws `ImportError` with every fault and its place in
 * the file. Importing the same file again adds nothing.
 */
export async function importCatalogue(service: ServiceRuntime, catalogue: CatalogueText): Promise<ImportCounts> {
  const read = catalogue.format === 'json' ? readJsonCatalogue : readCsvCatalogue;
  const file = await read(catalogue.text);
  return importFile(service, file, catalogue);
}

/** The same for a catalogue that was read or made already. */
export async function importFile(
  service: ServiceRuntime,
  file: CatalogueFile,
  { who, traceparent }: Pick<CatalogueText, 'who' | 'traceparent'>,
): Promise<ImportCounts> {
  const additions = await service.transaction(async (transaction) => {
    await projection.lockImports(transaction);
    const known = await knownCatalogue(transaction, file);
    const { additions: found, faults } = await resolveCatalogue(file, { known, newId, now: Date.now() });
    if (faults.length > 0) throw new ImportError(faults);
    await store(transaction, found, traceparent);
    return found;
  });
  const counts = {
    ...{ movies: additions.movies.length, theatres: additions.theatres.length, screens: additions.screens.length },
    ...{ seatPlans: additions.seatPlans.length, shows: additions.shows.length },
  };
  service.logger.info({ who, ...counts, traceId: traceIdOf(traceparent) }, 'a catalogue was imported');
  return counts;
}

async function store(transaction: Transaction, additions: Additions, traceparent: string | undefined): Promise<void> {
  await projection.insertMovies(transaction, additions.movies);
  await projection.insertTheatres(transaction, additions.theatres);
  await projection.insertSeatPlans(transaction, additions.seatPlans);
  await projection.insertScreens(transaction, additions.screens);
  await transaction.publish(additions.seatPlans.map((plan) => seatPlanFact(plan, traceparent)));
  await scheduleShows(transaction, additions.shows, traceparent);
}

/** What the catalogue has of all that a file names. */
async function knownCatalogue(transaction: Transaction, file: CatalogueFile): Promise<KnownCatalogue> {
  const movieTitles = new Set([
    ...file.movies.map(({ value }) => value.title),
    ...file.shows.map(({ value }) => value.movie),
  ]);
  const theatreNames = new Set([
    ...file.theatres.map(({ value }) => value.name),
    ...[...file.screens, ...file.shows].map(({ value }) => value.theatre),
  ]);
  const planNames = new Set([
    ...file.seatPlans.map(({ value }) => value.name),
    ...file.screens.map(({ value }) => value.seatPlan),
  ]);
  const theatres = await projection.theatresByName(transaction, [...theatreNames]);
  const screens = await projection.lockScreensOf(
    transaction,
    theatres.map(({ theatreId }) => theatreId),
  );
  // Screens before movies, in the order in which others lock them.
  const movies = await projection.moviesByTitle(transaction, [...movieTitles]);
  const ids = screens.map(({ seatPlanId }) => seatPlanId);
  const seatPlans = await projection.seatPlansNamed(transaction, { names: [...planNames], ids });
  const screenIds = screens.map(({ screenId }) => screenId);
  const occupied = await projection.occupiedScreens(transaction, { screenIds, ...timesOf(file) });
  return { movies, theatres, screens, seatPlans, occupied };
}

const dayMs = 86_400_000;

/**
 * When the shows of a file are on, and two days more on either side: clocks anywhere differ from UTC by less than a
 * day, and no show takes longer than one. What is on the programme then is one of them or may be in their way.
 */
export function timesOf({ shows }: Pick<CatalogueFile, 'shows'>): { readonly from: number; readonly to: number } {
  let first = Number.POSITIVE_INFINITY;
  let last = Number.NEGATIVE_INFINITY;
  // One by one: there are more of them than a call takes arguments.
  for (const { value } of shows) {
    const day = Date.parse(value.startsAt.slice(0, 10));
    if (day < first) first = day;
    if (day > last) last = day;
  }
  // Further than this the programme does not go, whatever a file says.
  return { from: within(first - 2 * dayMs), to: within(last + 3 * dayMs) };
}

function within(moment: number): number {
  return Math.min(Math.max(moment, 0), startsBefore);
}
