import { readFile } from 'node:fs/promises';
import { localTimeAt, momentOfLocalTime } from '../../contracts/rules/local-time.ts';
import type { ServiceRuntime } from '../../runtime/service-runtime.ts';
import { type DemoHouse, type DemoPlan, demoHouses, demoPlans } from './demo-houses.ts';
import { type ImportCounts, importFile } from './import.ts';
import { type CatalogueFile, checkEntries, type UncheckedFile } from './import-file.ts';
import * as projection from './projection.ts';

/**
 * The demo: real movies in invented houses, four weeks of shows from today on. The same start makes the same programme,
 * to the letter, so that people who look at it together see the same.
 */
const weeks = 4;
const seed = 20_081_123;
const moviesPerScreenAndWeek = 3;
/** Between two shows: the audience leaves, somebody sweeps, the next one comes in. */
const cleaningMinutes = 25;
const firstStart = 13 * 60;
const lastStart = 21 * 60 + 45;
/** A show too close to now is one that nobody can book any more. */
const leadMinutes = 30;
const showsPerDayMax = 12;
const moviesFile = new URL('../../../data/movies.json', import.meta.url);

export interface DemoMovie {
  readonly title: string;
  readonly runningTimeMinutes: number;
  readonly [detail: string]: unknown;
}

/** Imports the demo into an empty catalogue; `undefined` when there was something in it. */
export async function importDemoCatalogue(service: ServiceRuntime, now: Date): Promise<ImportCounts | undefined> {
  if (!(await isCatalogueEmpty(service))) return undefined;
  const movies = JSON.parse(await readFile(moviesFile, 'utf8')) as readonly DemoMovie[];
  return importFile(service, await demoCatalogue(movies, now.getTime()), { who: 'demo' });
}

/** Whether nobody has put anything on the programme yet. */
export async function isCatalogueEmpty(service: ServiceRuntime): Promise<boolean> {
  return (await projection.listMovies(service, { after: undefined, limit: 1 })).length === 0;
}

/** The demo as a catalogue file; `now` in milliseconds since 1970. */
export function demoCatalogue(movies: readonly DemoMovie[], now: number): Promise<CatalogueFile> {
  const random = randomFrom(seed);
  const plans = Object.values<DemoPlan>(demoPlans);
  const file = {
    movies: movies.map(({ synopsis: _none, ...movie }) => movie),
    theatres: demoHouses.map(({ name, location, timeZone }) => ({ name, location, timeZone })),
    seatPlans: plans.map(({ prices: _prices, ...plan }) => plan),
    screens: demoHouses.flatMap(({ name, screens }) =>
      screens.map((plan, index) => ({ theatre: name, number: index + 1, seatPlan: demoPlans[plan].name })),
    ),
    shows: demoHouses.flatMap((house) => programmeOf(house, { movies, now, random })),
  };
  const entries = Object.entries(file).map(([kind, values]) => [
    kind,
    values.map((value, index) => ({ where: `/${kind}/${index}`, value })),
  ]);
  return checkEntries(Object.fromEntries(entries) as unknown as UncheckedFile, []);
}

interface Making {
  readonly movies: readonly DemoMovie[];
  readonly now: number;
  /** From 0 up to 1. */
  readonly random: () => number;
}

function programmeOf(house: DemoHouse, making: Making): readonly object[] {
  const today = localTimeAt(making.now, house.timeZone).slice(0, 10);
  return house.screens.flatMap((planName, index) => {
    const shows: object[] = [];
    let playing: readonly DemoMovie[] = [];
    for (let day = 0; day < weeks * 7; day += 1) {
      if (day % 7 === 0) playing = pick(making, moviesPerScreenAndWeek);
      const screen = {
        house,
        plan: demoPlans[planName] as DemoPlan,
        number: index + 1,
        day,
        date: dateAfter(today, day),
      };
      shows.push(...dayOf(screen, playing, making));
    }
    return shows;
  });
}

interface ScreenDay {
  readonly house: DemoHouse;
  readonly plan: DemoPlan;
  readonly number: number;
  /** Days from today, and the date it is. */
  readonly day: number;
  readonly date: string;
}

function dayOf(screen: ScreenDay, playing: readonly DemoMovie[], making: Making): readonly object[] {
  const shows: object[] = [];
  const evenings = screen.plan === demoPlans.grandHall ? eveningsOf(screen.date) : undefined;
  let minute = evenings?.[0] ?? firstStart + 5 * Math.floor(making.random() * 9);
  for (let turn = 0; minute <= lastStart && turn < (evenings?.length ?? showsPerDayMax); turn += 1) {
    const movie = playing[(screen.day + turn) % playing.length];
    if (movie === undefined) break;
    const startsAt = `${screen.date}T${clock(minute)}`;
    const moment = momentOfLocalTime(startsAt, screen.house.timeZone);
    if (moment !== undefined && moment > making.now + leadMinutes * 60_000) {
      shows.push(showOf(screen, { movie, startsAt, minute }));
    }
    const free = upToFive(minute + movie.runningTimeMinutes + cleaningMinutes);
    minute = Math.max(free, evenings?.[turn + 1] ?? free);
  }
  return shows;
}

/** The grand hall has one evening at a time, and a matinée at the weekend. */
function eveningsOf(date: string): readonly number[] {
  return isWeekend(date) ? [15 * 60, 20 * 60] : [20 * 60];
}

function showOf(
  screen: ScreenDay,
  show: { readonly movie: DemoMovie; readonly startsAt: string; readonly minute: number },
): object {
  const { house, plan, number, day } = screen;
  const free = plan === demoPlans.studio && weekdayOf(screen.date) === 1 && show.minute < 15 * 60;
  const matinee = show.minute < 17 * 60;
  // Next month's grand evenings go on sale together, two weeks before.
  const opensLater = day >= 3 * 7 && (plan === demoPlans.grandHall || number === 1);
  const opensAt = `${dateAfter(screen.date, -14)}T10:00`;
  return {
    ...{ movie: show.movie.title, theatre: house.name, screen: number, startsAt: show.startsAt },
    priceCategories: Object.entries(plan.prices).map(([name, listed]) => ({
      name,
      price: { amount: free ? 0 : matinee ? listed - 200 : listed, currency: house.currency },
    })),
    ...(opensLater ? { sales: { opensAt } } : {}),
    ...(plan === demoPlans.grandHall ? { seatsPerCustomerMax: 6 } : free ? { seatsPerCustomerMax: 2 } : {}),
    ...(plan === demoPlans.grandHall ? { refundPolicy: { untilMinutesBefore: 24 * 60, feePercent: 10 } } : {}),
  };
}

/** Some movies, none twice. */
function pick({ movies, random }: Making, count: number): readonly DemoMovie[] {
  const picked = new Set<DemoMovie>();
  while (picked.size < Math.min(count, movies.length)) {
    const movie = movies[Math.floor(random() * movies.length)];
    if (movie !== undefined) picked.add(movie);
  }
  return [...picked];
}

function dateAfter(date: string, days: number): string {
  return new Date(Date.parse(`${date}T00:00:00Z`) + days * 86_400_000).toISOString().slice(0, 10);
}

/** 0 is Sunday. */
function weekdayOf(date: string): number {
  return new Date(`${date}T00:00:00Z`).getUTCDay();
}

function isWeekend(date: string): boolean {
  return weekdayOf(date) === 0 || weekdayOf(date) === 6;
}

function clock(minute: number): string {
  return `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`;
}

function upToFive(minute: number): number {
  return Math.ceil(minute / 5) * 5;
}

/** Mulberry32: small, and the same everywhere. */
function randomFrom(start: number): () => number {
  let state = start;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
