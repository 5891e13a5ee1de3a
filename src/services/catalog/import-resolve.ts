import type { SeatPlan, Show } from '../../contracts/catalog.ts';
import { momentOfLocalTime } from '../../contracts/rules/local-time.ts';
import { planErrors } from '../../contracts/rules/plan-errors.ts';
import type { Movie, Screen, Theatre } from './entries.ts';
import {
  type CatalogueFile,
  type Entry,
  type ImportFault,
  importFaultsMax,
  type ScreenEntry,
  type ShowEntry,
} from './import-file.ts';
import { type SharedNames, sharedFaults, sharedNames } from './import-names.ts';
import { isOn, type PlacedShow, placeShows, type Taken } from './import-place.ts';
import { isSamePlan } from './import-plan.ts';
import { inTurns } from './import-turns.ts';
import { categoriesOf, showFaults, showOf } from './show-rules.ts';

/**
 * From names to ids: what of a file is new, and what its shows are made of. Pure, but for its turns: ids and time come
 * in. What is in the catalogue already is left as it is, also a show that would not be accepted today; a file that
 * contradicts it where shows would suffer is refused.
 */
export interface KnownCatalogue {
  readonly movies: readonly Movie[];
  readonly theatres: readonly Theatre[];
  readonly screens: readonly Screen[];
  readonly seatPlans: readonly SeatPlan[];
  /** Shows on these screens. */
  readonly occupied: readonly Taken[];
}

export interface ResolveContext {
  readonly known: KnownCatalogue;
  readonly newId: (kind: 'movie' | 'theatre' | 'screen' | 'seatPlan' | 'show') => string;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** What has to be added. */
export interface Additions {
  readonly movies: readonly Movie[];
  readonly theatres: readonly Theatre[];
  readonly screens: readonly Screen[];
  readonly seatPlans: readonly SeatPlan[];
  readonly shows: readonly Show[];
}

interface Named<Value> {
  readonly all: ReadonlyMap<string, Value>;
  readonly added: readonly Value[];
}

/** Resolves a file; `faults` says what is wrong with it, in which case nothing of `additions` may be used. */
export async function resolveCatalogue(file: CatalogueFile, context: ResolveContext) {
  const faults: ImportFault[] = [];
  const shared = sharedNames(context.known);
  const movies = await resolveMovies(file, context, faults);
  const theatres = await resolveTheatres(file, { ...context, shared }, faults);
  const seatPlans = await resolveSeatPlans(file, context, faults);
  const named = { ...context, shared, theatres: theatres.all };
  const screens = await resolveScreens(file, { ...named, seatPlans: seatPlans.all }, faults);
  const plansById = new Map([...seatPlans.all.values()].map((plan) => [plan.seatPlanId, categoriesOf(plan)]));
  const shows: PlacedShow[] = [];
  const isKnown = isOn(context.known.occupied);
  for await (const entry of inTurns(file.shows)) {
    if (faults.length >= importFaultsMax) break;
    const show = resolveShow(entry, { ...named, movies: movies.all, screens: screens.all, plansById, isKnown }, faults);
    if (show !== undefined) shows.push({ where: entry.where, show });
  }
  const placed = placeShows(shows, context.known.occupied, faults);
  const additions: Additions = {
    ...{ movies: movies.added, theatres: theatres.added, screens: screens.added, seatPlans: seatPlans.added },
    shows: placed,
  };
  return { additions, faults };
}

function resolveMovies(
  file: CatalogueFile,
  { known, newId }: ResolveContext,
  faults: ImportFault[],
): Promise<Named<Movie>> {
  const before = new Map(known.movies.map((movie) => [movie.title, movie]));
  return addNamed(file.movies, faults, {
    before,
    nameOf: (value) => value.title,
    make: (value): Movie => ({ movieId: newId('movie'), ...value }),
    contradiction: () => undefined,
  });
}

function resolveTheatres(
  file: CatalogueFile,
  { known, newId, shared }: ResolveContext & { readonly shared: SharedNames },
  faults: ImportFault[],
): Promise<Named<Theatre>> {
  return addNamed(file.theatres, faults, {
    before: new Map(known.theatres.map((theatre) => [theatre.name, theatre])),
    nameOf: (value) => value.name,
    make: (value): Theatre => ({ theatreId: newId('theatre'), ...value }),
    contradiction: (value, theatre) =>
      shared.theatre.has(value.name) || value.timeZone === theatre.timeZone
        ? undefined
        : `the theatre is here already, in the time zone ${theatre.timeZone}`,
  });
}

function resolveSeatPlans(
  file: CatalogueFile,
  { known, newId }: ResolveContext,
  faults: ImportFault[],
): Promise<Named<SeatPlan>> {
  return addNamed(file.seatPlans, faults, {
    before: new Map(known.seatPlans.map((plan) => [plan.name, plan])),
    nameOf: (value) => value.name,
    make: (value, where): SeatPlan => {
      const plan = { seatPlanId: newId('seatPlan'), ...value };
      for (const error of planErrors(plan)) {
        faults.push({
          where: where.startsWith('/') ? where + error.pointer : `${where}, ${error.pointer}`,
          message: error.message,
        });
      }
      return plan;
    },
    contradiction: (value, plan) =>
      isSamePlan(value, plan)
        ? undefined
        : 'a plan of this name is here already, with other seats; plans never change, so choose another name',
  });
}

interface ScreenContext {
  readonly shared: SharedNames;
  readonly theatres: ReadonlyMap<string, Theatre>;
  readonly seatPlans: ReadonlyMap<string, SeatPlan>;
}

function resolveScreens(
  file: CatalogueFile,
  context: ResolveContext & ScreenContext,
  faults: ImportFault[],
): Promise<Named<Screen>> {
  const { known, newId, theatres, seatPlans } = context;
  const theatreNames = new Map([...theatres.values()].map(({ theatreId, name }) => [theatreId, name]));
  const sound = file.screens.filter((entry) => {
    const wrong = screenFaults(entry, context);
    faults.push(...wrong);
    return wrong.length === 0;
  });
  const planOf = (name: string) => seatPlans.get(name)?.seatPlanId ?? '';
  return addNamed(sound, faults, {
    before: new Map(
      known.screens.map((screen) => [screenName(theatreNames.get(screen.theatreId) ?? '', screen.number), screen]),
    ),
    nameOf: (value) => screenName(value.theatre, value.number),
    make: (value): Screen => ({
      screenId: newId('screen'),
      theatreId: theatres.get(value.theatre)?.theatreId ?? '',
      number: value.number,
      seatPlanId: planOf(value.seatPlan),
    }),
    contradiction: (value, screen) =>
      screen.seatPlanId === planOf(value.seatPlan) ? undefined : 'the screen is here already, with another seat plan',
  });
}

function screenFaults(
  entry: Entry<ScreenEntry>,
  { shared, theatres, seatPlans }: ScreenContext,
): readonly ImportFault[] {
  const { where } = entry;
  const { theatre, seatPlan } = entry.value;
  return [
    ...sharedFaults(entry, shared),
    ...(theatres.has(theatre) ? [] : [{ where, message: noTheatre(theatre) }]),
    ...(seatPlans.has(seatPlan) ? [] : [{ where, message: `there is no seat plan "${seatPlan}"` }]),
  ];
}

async function addNamed<Value, Made>(
  entries: readonly Entry<Value>[],
  faults: ImportFault[],
  kind: {
    readonly before: ReadonlyMap<string, Made>;
    readonly nameOf: (value: Value) => string;
    readonly make: (value: Value, where: string) => Made;
    readonly contradiction: (value: Value, known: Made) => string | undefined;
  },
): Promise<Named<Made>> {
  const all = new Map(kind.before);
  const first = new Map<string, string>();
  const added: Made[] = [];
  for await (const { where, value } of inTurns(entries)) {
    if (faults.length >= importFaultsMax) break;
    const name = kind.nameOf(value);
    const earlier = first.get(name);
    const known = kind.before.get(name);
    if (earlier !== undefined)
      faults.push({ where, message: `"${name.replace('\n', ' screen ')}" comes twice, first in ${earlier}` });
    first.set(name, earlier ?? where);
    if (known !== undefined) {
      const message = kind.contradiction(value, known);
      if (message !== undefined) faults.push({ where, message });
    } else if (earlier === undefined) {
      const made = kind.make(value, where);
      all.set(name, made);
      added.push(made);
    }
  }
  return { all, added };
}

interface ShowContext extends ResolveContext {
  readonly shared: SharedNames;
  readonly movies: ReadonlyMap<string, Movie>;
  readonly theatres: ReadonlyMap<string, Theatre>;
  readonly screens: ReadonlyMap<string, Screen>;
  /** Price categories by plan. */
  readonly plansById: ReadonlyMap<string, readonly string[]>;
  /** Whether a show was imported before. */
  readonly isKnown: (show: Show) => boolean;
}

/** A show that is new; `undefined` for one that is known, and for one that has a fault. */
function resolveShow(entry: Entry<ShowEntry>, context: ShowContext, faults: ImportFault[]): Show | undefined {
  const { where, value } = entry;
  const shared = sharedFaults(entry, context.shared);
  faults.push(...shared);
  if (shared.length > 0) return undefined;
  const movie = context.movies.get(value.movie);
  const theatre = context.theatres.get(value.theatre);
  const screen = context.screens.get(screenName(value.theatre, value.screen));
  const before = faults.length;
  if (movie === undefined) faults.push({ where, message: `there is no movie "${value.movie}"` });
  if (theatre === undefined) faults.push({ where, message: noTheatre(value.theatre) });
  else if (screen === undefined) faults.push({ where, message: `${value.theatre} has no screen ${value.screen}` });
  if (movie === undefined || theatre === undefined || screen === undefined) return undefined;
  const time = (field: string, text: string): string => {
    const at = momentOf(text, theatre.timeZone);
    if (at === undefined)
      faults.push({ where, message: `${field}: the clocks of ${theatre.timeZone} never show ${text}` });
    return new Date(at ?? 0).toISOString();
  };
  const { opensAt, closesAt } = value.sales ?? {};
  const sales = {
    ...(opensAt === undefined ? {} : { opensAt: time('sales.opensAt', opensAt) }),
    ...(closesAt === undefined ? {} : { closesAt: time('sales.closesAt', closesAt) }),
  };
  const planCategories = context.plansById.get(screen.seatPlanId) ?? [];
  const { title, runningTimeMinutes, certificate, genre } = movie;
  const { seatsPerCustomerMax, refundPolicy, priceCategories } = value;
  const details = {
    ...(runningTimeMinutes === undefined ? {} : { runningTimeMinutes }),
    ...(certificate === undefined ? {} : { certificate }),
  };
  const startsAt = time('startsAt', value.startsAt);
  if (faults.length > before) return undefined;
  const show = showOf(
    {
      ...{
        showId: context.newId('show'),
        startsAt,
        priceCategories,
        sales,
        seatsPerCustomerMax,
        refundPolicy,
        planCategories,
      },
      movie: { movieId: movie.movieId, title, ...details, ...(genre === undefined ? {} : { genre }) },
      ...{ theatre, screen: { screenId: screen.screenId, number: screen.number }, seatPlanId: screen.seatPlanId },
    },
    context.now,
  );
  // It may have started since it was imported, or its prices may be outdated: rules are for what is new.
  if (context.isKnown(show)) return undefined;
  for (const { pointer, message } of showFaults(show, { planCategories, now: context.now })) {
    faults.push({ where: where.startsWith('/') ? where + pointer : `${where}, ${pointer.slice(1)}`, message });
  }
  return show;
}

function momentOf(text: string, timeZone: string): number | undefined {
  if (!/(?:Z|[+-]\d{2}:\d{2})$/.test(text)) return momentOfLocalTime(text, timeZone);
  const moment = Date.parse(text);
  return Number.isNaN(moment) ? undefined : moment;
}

function screenName(theatre: string, number: number): string {
  return `${theatre}\n${number}`;
}

function noTheatre(name: string): string {
  return `there is no theatre "${name}"; give its location and time zone`;
}
