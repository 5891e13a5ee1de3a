import type { SeatPlan, Show } from '../../contracts/catalog.ts';
import { planIndex } from '../../contracts/rules/plan-order.ts';
import type { SeatEvent } from '../../contracts/seat-inventory.ts';
import { type Statement, view } from '../../runtime/service.ts';
import type { ServiceRuntime, Transaction } from '../../runtime/service-runtime.ts';
import { rowsOf } from '../../runtime/store/postgres/arrays.ts';
import type { Movie, MovieDetails, Screen, SeatPlanSummary, SettingChange, Theatre } from './entries.ts';
import { categoriesOf, endOf } from './show-rules.ts';
import { foldSales, type ShowSales } from './show-sales.ts';

/**
 * All SQL of the catalogue, in one file although it is long, so that nobody has to look for statements elsewhere. Rows
 * are written by the thousand as by the one: every insert takes arrays.
 */

export type Database = Pick<ServiceRuntime | Transaction, 'query'>;

/** A show as stored, with its stream's version. */
export interface ShowRow {
  readonly show: Show;
  readonly version: number;
}

/** A show with what its status follows from. */
export interface ShowListing {
  readonly show: Show;
  readonly capacity: number;
  readonly sales: ShowSales | null;
}

const saleTypes = ['SeatsReserved', 'SeatsSold', 'SeatsReleased', 'SeatsBlocked', 'SeatsUnblocked'] as const;

/** One document per show: how many of its places are held, sold and blocked. */
export const showSales = view<ShowSales>({
  name: 'show_sales',
  on: Object.fromEntries(saleTypes.map((type) => [type, ({ key }: { readonly key: string }) => key])),
  fold: (sales, { envelope: { type, data, time } }) =>
    foldSales(sales, { type, data, time } as unknown as SeatEvent & { time: number }),
  columns: {},
});

export async function insertMovies(database: Database, movies: readonly Movie[]): Promise<void> {
  await database.query(
    `insert into movies (movie_id, title, details, version)
     select *, 1 from unnest($1::text[], $2::text[], $3::json[])`,
    [
      movies.map((each) => each.movieId),
      movies.map((each) => each.title),
      movies.map((each) => JSON.stringify(detailsOf(each))),
    ],
  );
}

export async function updateMovie(database: Database, movie: Movie): Promise<void> {
  await database.query('update movies set title = $2, details = $3::json, version = version + 1 where movie_id = $1', [
    movie.movieId,
    movie.title,
    JSON.stringify(detailsOf(movie)),
  ]);
}

/**
 * What a row is read for: to be changed by nobody else, to stay as it is while something is built on it, or just to
 * stay.
 */
export type Lock = 'read' | 'keep' | 'share' | 'lock';
const locking: Readonly<Record<Lock, string>> = {
  ...{ read: '', keep: ' for key share', share: ' for share', lock: ' for update' },
};

const movieColumns = `movie_id as "movieId", title, details`;
type MovieRow = { readonly movieId: string; readonly title: string; readonly details: MovieDetails };
const movieOf = ({ movieId, title, details }: MovieRow): Movie => ({ movieId, title, ...details });

function detailsOf({ movieId: _id, title: _title, ...details }: Movie): MovieDetails {
  return details;
}

export async function movieById(database: Database, movieId: string, lock: Lock = 'read'): Promise<Movie | undefined> {
  const text = `select ${movieColumns} from movies where movie_id = $1${locking[lock]}`;
  const rows = await database.query<MovieRow>(text, [movieId]);
  return rows[0] && movieOf(rows[0]);
}

/** As they stay while something is built on them. */
export async function moviesByTitle(database: Database, titles: readonly string[]): Promise<readonly Movie[]> {
  const text = `select ${movieColumns} from movies where title = any ($1::text[]) order by movie_id for share`;
  return (await database.query<MovieRow>(text, [[...titles]])).map(movieOf);
}

export interface PageOfNames {
  /** Name and id of the last item of the page before. */
  readonly after: readonly string[] | undefined;
  readonly limit: number;
}

export async function listMovies(
  database: Database,
  wanted: PageOfNames & { readonly titled?: string | undefined },
): Promise<readonly Movie[]> {
  const rows = await database.query<MovieRow>(
    `select ${movieColumns} from movies
     where ($1::text is null or (title, movie_id) > ($1, $2))
       and ($3::text is null or strpos(lower(title collate "und-x-icu"), lower($3 collate "und-x-icu")) > 0)
     order by title, movie_id limit $4`,
    [wanted.after?.[0] ?? null, wanted.after?.[1] ?? null, wanted.titled ?? null, wanted.limit + 1],
  );
  return rows.map(movieOf);
}

export async function insertTheatres(database: Database, theatres: readonly Theatre[]): Promise<void> {
  await database.query(
    `insert into theatres (theatre_id, name, location, time_zone, version)
     select *, 1 from unnest($1::text[], $2::text[], $3::text[], $4::text[])`,
    [
      theatres.map((each) => each.theatreId),
      theatres.map((each) => each.name),
      theatres.map((each) => each.location),
      theatres.map((each) => each.timeZone),
    ],
  );
}

export async function updateTheatre(database: Database, theatre: Theatre): Promise<void> {
  await database.query(
    'update theatres set name = $2, location = $3, time_zone = $4, version = version + 1 where theatre_id = $1',
    [theatre.theatreId, theatre.name, theatre.location, theatre.timeZone],
  );
}

const theatreColumns = `theatre_id as "theatreId", name, location, time_zone as "timeZone"`;

export async function theatreById(
  database: Database,
  theatreId: string,
  lock: Lock = 'read',
): Promise<Theatre | undefined> {
  const text = `select ${theatreColumns} from theatres where theatre_id = $1${locking[lock]}`;
  return (await database.query<Theatre>(text, [theatreId]))[0];
}

/** As they stay while something is built on them. */
export async function theatresByName(database: Database, names: readonly string[]): Promise<readonly Theatre[]> {
  const text = `select ${theatreColumns} from theatres where name = any ($1::text[]) order by theatre_id for share`;
  return database.query<Theatre>(text, [[...names]]);
}

export async function listTheatres(database: Database, wanted: PageOfNames): Promise<readonly Theatre[]> {
  return database.query<Theatre>(
    `select ${theatreColumns} from theatres where $1::text is null or (name, theatre_id) > ($1, $2)
     order by name, theatre_id limit $3`,
    [wanted.after?.[0] ?? null, wanted.after?.[1] ?? null, wanted.limit + 1],
  );
}

/** Adds screens; false when a theatre has a screen of such a number already. */
export async function insertScreens(database: Database, screens: readonly Screen[]): Promise<boolean> {
  const rows = await database.query(
    `insert into screens (screen_id, theatre_id, number, seat_plan_id, version)
     select *, 1 from unnest($1::text[], $2::text[], $3::int[], $4::text[])
     on conflict (theatre_id, number) do nothing returning screen_id`,
    [
      screens.map((each) => each.screenId),
      screens.map((each) => each.theatreId),
      screens.map((each) => each.number),
      screens.map((each) => each.seatPlanId),
    ],
  );
  return rows.length === screens.length;
}

/** Changes a screen; false when its theatre has another one of that number. */
export async function updateScreen(database: Database, screen: Screen): Promise<boolean> {
  const rows = await database.query(
    `update screens set number = $2, seat_plan_id = $3, version = version + 1
     where screen_id = $1
       and not exists (select from screens as other where other.theatre_id = $4 and other.number = $2 and other.screen_id <> $1)
     returning screen_id`,
    [screen.screenId, screen.number, screen.seatPlanId, screen.theatreId],
  );
  return rows.length === 1;
}

const screenColumns = `screen_id as "screenId", theatre_id as "theatreId", number, seat_plan_id as "seatPlanId"`;

export async function screenById(
  database: Database,
  screenId: string,
  lock: Lock = 'read',
): Promise<Screen | undefined> {
  const text = `select ${screenColumns} from screens where screen_id = $1${locking[lock]}`;
  return (await database.query<Screen>(text, [screenId]))[0];
}

/** Lets one import at a time through, so that two of them cannot add the same movie. */
export async function lockImports(database: Database): Promise<void> {
  await database.query(`select pg_advisory_xact_lock(hashtext('catalogue import'))`);
}

/** The screens of some theatres, locked: no show can be put on them by anybody else. */
export async function lockScreensOf(database: Database, theatreIds: readonly string[]): Promise<readonly Screen[]> {
  return database.query<Screen>(
    `select ${screenColumns} from screens where theatre_id = any ($1::text[]) order by screen_id for update`,
    [[...theatreIds]],
  );
}

/** The screens that shows to come of a movie are on. */
export async function screensShowing(
  database: Database,
  movieId: string,
  lock: Lock = 'read',
): Promise<readonly string[]> {
  const rows = await database.query<Pick<Screen, 'screenId'>>(
    `select screen_id as "screenId" from screens
     where screen_id in (select screen_id from shows where movie_id = $1 and state = 'scheduled' and ends_at > now())
     order by screen_id${locking[lock]}`,
    [movieId],
  );
  return rows.map(({ screenId }) => screenId);
}

export async function listScreens(
  database: Database,
  wanted: PageOfNames & { readonly theatreId?: string | undefined },
): Promise<readonly Screen[]> {
  return database.query<Screen>(
    `select ${screenColumns} from screens
     where ($1::text is null or (theatre_id, number) > ($1, $2::int)) and ($3::text is null or theatre_id = $3)
     order by theatre_id, number limit $4`,
    [wanted.after?.[0] ?? null, wanted.after?.[1] ?? null, wanted.theatreId ?? null, wanted.limit + 1],
  );
}

export async function insertSeatPlans(database: Database, plans: readonly SeatPlan[]): Promise<void> {
  // An array of arrays would have to be rectangular: the categories come as JSON instead.
  await database.query(
    `insert into seat_plans (seat_plan_id, name, plan, capacity, price_categories)
     select id, name, plan, capacity, array(select json_array_elements_text(categories))
     from unnest($1::text[], $2::text[], $3::json[], $4::int[], $5::json[]) as new (id, name, plan, capacity, categories)`,
    seatPlanColumns(plans),
  );
}

function seatPlanColumns(plans: readonly SeatPlan[]) {
  return [
    plans.map((each) => each.seatPlanId),
    plans.map((each) => each.name),
    plans.map((each) => JSON.stringify(each)),
    plans.map((each) => planIndex(each).capacity),
    plans.map((each) => JSON.stringify(categoriesOf(each))),
  ];
}

export async function seatPlanById(
  database: Database,
  seatPlanId: string,
  lock: Lock = 'read',
): Promise<SeatPlan | undefined> {
  const text = `select plan from seat_plans where seat_plan_id = $1${locking[lock]}`;
  return (await database.query<{ plan: SeatPlan }>(text, [seatPlanId]))[0]?.plan;
}

/** The price categories of a plan, without its seats. */
export async function planCategories(
  database: Database,
  seatPlanId: string,
  lock: Lock = 'read',
): Promise<readonly string[] | undefined> {
  const text = `select price_categories as categories from seat_plans where seat_plan_id = $1${locking[lock]}`;
  return (await database.query<{ categories: string[] }>(text, [seatPlanId]))[0]?.categories;
}

/** Plans by name or by id; they stay while something is built on them. */
export async function seatPlansNamed(
  database: Database,
  wanted: { readonly names: readonly string[]; readonly ids: readonly string[] },
): Promise<readonly SeatPlan[]> {
  const text = `select plan from seat_plans where name = any ($1::text[]) or seat_plan_id = any ($2::text[])
    order by seat_plan_id for key share`;
  return (await database.query<{ plan: SeatPlan }>(text, [[...wanted.names], [...wanted.ids]])).map(({ plan }) => plan);
}

export async function listSeatPlans(database: Database, wanted: PageOfNames): Promise<readonly SeatPlanSummary[]> {
  return database.query<SeatPlanSummary>(
    `select seat_plan_id as "seatPlanId", name, capacity, price_categories as "priceCategories" from seat_plans
     where $1::text is null or (name, seat_plan_id) > ($1, $2)
     order by name, seat_plan_id limit $3`,
    [wanted.after?.[0] ?? null, wanted.after?.[1] ?? null, wanted.limit + 1],
  );
}

const settingTime = `to_char(changed_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

/** The newest version of each setting that was ever changed, or of one. */
export async function settingsInForce(database: Database, key?: string): Promise<readonly SettingChange[]> {
  return database.query<SettingChange>(
    `select distinct on (key) key, value, version, who, ${settingTime} as "when", why from setting_changes
     where $1::text is null or key = $1 order by key, version desc`,
    [key ?? null],
  );
}

/** The changes of one setting, the newest first. */
export async function settingHistory(
  database: Database,
  key: string,
  limit: number,
): Promise<readonly SettingChange[]> {
  return database.query<SettingChange>(
    `select key, value, version, who, ${settingTime} as "when", why from setting_changes
     where key = $1 order by version desc limit $2`,
    [key, limit],
  );
}

/** Adds a change of a setting; false when somebody else was first with this version. */
export async function insertSetting(database: Database, change: SettingChange): Promise<boolean> {
  const rows = await database.query(
    `insert into setting_changes (key, version, value, who, changed_at, why) values ($1, $2, $3::json, $4, $5, $6)
     on conflict (key, version) do nothing returning key`,
    [change.key, change.version, JSON.stringify(change.value), change.who, change.when, change.why],
  );
  return rows.length === 1;
}

export async function insertShows(database: Database, shows: readonly Show[]): Promise<void> {
  await database.query(
    `insert into shows (show_id, movie_id, theatre_id, screen_id, seat_plan_id, starts_at, ends_at, state, show, version)
     select *, 1 from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::timestamptz[],
       $7::timestamptz[], $8::text[], $9::json[])`,
    showColumns(shows),
  );
}

/** Stores shows as they are after one more fact each. */
export async function updateShows(database: Database, shows: readonly Show[]): Promise<void> {
  await database.query(
    `update shows set movie_id = new.movie_id, theatre_id = new.theatre_id, screen_id = new.screen_id,
       seat_plan_id = new.seat_plan_id, starts_at = new.starts_at, ends_at = new.ends_at, state = new.state,
       show = new.show, version = version + 1
     from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::timestamptz[],
       $7::timestamptz[], $8::text[], $9::json[])
       as new (show_id, movie_id, theatre_id, screen_id, seat_plan_id, starts_at, ends_at, state, show)
     where shows.show_id = new.show_id`,
    showColumns(shows),
  );
}

function showColumns(shows: readonly Show[]): readonly (readonly string[])[] {
  return [
    shows.map((each) => each.showId),
    shows.map((each) => each.movie.movieId),
    shows.map((each) => each.theatre.theatreId),
    shows.map((each) => each.screen.screenId),
    shows.map((each) => each.seatPlanId),
    shows.map((each) => each.startsAt),
    shows.map((each) => new Date(endOf(each)).toISOString()),
    shows.map((each) => each.state),
    shows.map((each) => JSON.stringify(each)),
  ];
}

/** A show, locked until the transaction ends. */
export async function lockShow(database: Database, showId: string): Promise<ShowRow | undefined> {
  return (await database.query<ShowRow>('select show, version from shows where show_id = $1 for update', [showId]))[0];
}

/** What sales say of a show; `undefined` for one that nobody has touched. */
export async function salesOf(database: Database, showId: string): Promise<ShowSales | undefined> {
  return (await database.query<{ body: ShowSales }>('select body from show_sales where id = $1', [showId]))[0]?.body;
}

export interface ShowsWanted {
  readonly movieId?: string | undefined;
  readonly theatreId?: string | undefined;
  readonly screenId?: string | undefined;
  readonly seatPlanId?: string | undefined;
}

/** Shows that have not ended, by what they are made of; locked. At most `limit`. */
export async function lockUpcomingShows(
  database: Database,
  wanted: ShowsWanted,
  limit: number,
): Promise<readonly ShowRow[]> {
  return database.query<ShowRow>(
    `select show, version from shows
     where state = 'scheduled' and ends_at > now() and ($1::text is null or movie_id = $1)
       and ($2::text is null or theatre_id = $2) and ($3::text is null or screen_id = $3)
       and ($4::text is null or seat_plan_id = $4)
     order by show_id limit $5 for update`,
    [wanted.movieId ?? null, wanted.theatreId ?? null, wanted.screenId ?? null, wanted.seatPlanId ?? null, limit],
  );
}

export interface Occupied {
  readonly showId: string;
  readonly screenId: string;
  readonly movieId: string;
  /** Milliseconds since 1970. */
  readonly startsAt: number;
  readonly endsAt: number;
  /** A show that was cancelled or withdrawn takes no screen. */
  readonly isCancelled: boolean;
  /** Whether its end follows from a running time that was told, and is no guess. */
  readonly isTimed: boolean;
}

/**
 * The shows on some screens within a time, in milliseconds since 1970, those among them that were cancelled. One that was
 * withdrawn may be put on again; once its start is past, it belongs to them too.
 */
export async function occupiedScreens(
  database: Database,
  wanted: { readonly screenIds: readonly string[]; readonly from: number; readonly to: number },
): Promise<readonly Occupied[]> {
  return database.query<Occupied>(
    `select show_id as "showId", screen_id as "screenId", movie_id as "movieId",
       (extract(epoch from starts_at) * 1000)::float8 as "startsAt", (extract(epoch from ends_at) * 1000)::float8 as "endsAt",
       state <> 'scheduled' as "isCancelled", show #> '{movie,runningTimeMinutes}' is not null as "isTimed"
     from shows where screen_id = any ($1::text[]) and (state <> 'withdrawn' or starts_at <= now())
       and ends_at > $2 and starts_at < $3`,
    [[...wanted.screenIds], new Date(wanted.from).toISOString(), new Date(wanted.to).toISOString()],
  );
}

/** Shows to come of a movie that are not over when the next one on their screen starts; the earliest, at most `limit`. */
export async function overlappingShows(
  database: Database,
  movieId: string,
  limit: number,
): Promise<readonly Pick<Show, 'showId'>[]> {
  // No show is longer than a day: so the index finds the next ones by their ends.
  return database.query<Pick<Show, 'showId'>>(
    `select show_id as "showId" from shows as show
     where movie_id = $1 and state = 'scheduled' and starts_at > now() and exists (
       select from shows as next where next.screen_id = show.screen_id and next.show_id <> show.show_id
         and next.state = 'scheduled' and next.ends_at > show.starts_at and next.ends_at < show.ends_at + interval '1 day'
         and next.starts_at >= show.starts_at and next.starts_at < show.ends_at)
     order by starts_at, show_id limit $2`,
    [movieId, limit],
  );
}

const listing = `select shows.show, seat_plans.capacity, show_sales.body as sales from shows
  join seat_plans using (seat_plan_id) left join show_sales on show_sales.id = shows.show_id`;

export async function showById(database: Database, showId: string): Promise<ShowListing | undefined> {
  const text = `${listing} where shows.show_id = $1 and shows.state <> 'withdrawn'`;
  return (await database.query<ShowListing>(text, [showId]))[0];
}

/** A page of the programme, the earliest first. */
export async function listShows(
  database: Database,
  wanted: ShowsWanted & { readonly from: string; readonly to?: string | undefined } & Pick<
      PageOfNames,
      'after' | 'limit'
    >,
): Promise<readonly ShowListing[]> {
  return database.query<ShowListing>(
    `${listing}
     where shows.state <> 'withdrawn' and ($1::text is null or shows.movie_id = $1)
       and ($2::text is null or shows.theatre_id = $2) and ($3::text is null or shows.screen_id = $3)
       and shows.starts_at >= $4 and ($5::timestamptz is null or shows.starts_at < $5)
       and ($6::timestamptz is null or (shows.starts_at, shows.show_id) > ($6, $7))
     order by shows.starts_at, shows.show_id limit $8`,
    [
      wanted.movieId ?? null,
      wanted.theatreId ?? null,
      wanted.screenId ?? null,
      wanted.from,
      wanted.to ?? null,
      wanted.after?.[0] ?? null,
      wanted.after?.[1] ?? null,
      wanted.limit + 1,
    ],
  );
}

/** Takes an entry out of the catalogue that nothing refers to; false when something does. */
export async function deleteEntry(
  database: Database,
  table: 'movies' | 'theatres' | 'screens' | 'seat_plans',
  id: string,
): Promise<boolean> {
  const unused = {
    movies: `delete from movies where movie_id = $1
      and not exists (select from shows where movie_id = $1 and state = 'scheduled' and ends_at > now()) returning 1`,
    theatres: `delete from theatres where theatre_id = $1
      and not exists (select from screens where theatre_id = $1) returning 1`,
    screens: `delete from screens where screen_id = $1
      and not exists (select from shows where screen_id = $1 and state = 'scheduled' and ends_at > now()) returning 1`,
    seat_plans: `delete from seat_plans where seat_plan_id = $1
      and not exists (select from screens where seat_plan_id = $1)
      and not exists (select from shows where seat_plan_id = $1) returning 1`,
  }[table];
  return (await database.query(unused, [id])).length === 1;
}

/** The places of the shows to come, by what they are, and how many shows are at least so full (in percent). */
export async function fullnessOfShows(database: Database, steps: readonly number[]) {
  const [row] = await database.query<{
    readonly held: number;
    readonly sold: number;
    readonly blocked: number;
    readonly capacity: number;
    readonly shows: readonly number[];
  }>(
    `with show as (
       select p.capacity, coalesce((s.body ->> 'held')::int, 0) as held, coalesce((s.body ->> 'sold')::int, 0) as sold,
         coalesce((s.body ->> 'blocked')::int, 0) as blocked
       from shows join seat_plans p using (seat_plan_id) left join show_sales s on s.id = shows.show_id
       where shows.state = 'scheduled' and shows.starts_at > now() order by shows.starts_at limit $2)
     select coalesce(sum(held), 0)::int as held, coalesce(sum(sold), 0)::int as sold, coalesce(sum(blocked), 0)::int as blocked,
       coalesce(sum(capacity), 0)::int as capacity,
       array(select (select count(*)::int from show where (held + sold) * 100 >= capacity * step) from unnest($1::int[]) as step) as shows
     from show`,
    [[...steps], showsCountedMax],
  );
  return row ?? { held: 0, sold: 0, blocked: 0, capacity: 0, shows: steps.map(() => 0) };
}

/** Shows to come that are counted at the most, the next ones first. */
const showsCountedMax = 20_000;

/** The last that was told of a show, with its stream's version. */
export interface ToldShow {
  readonly show: Show;
  readonly version: number;
}

/** After this database was restored: shows as they were told, and of what they are made as far as they tell it. */
export function showsAgain(told: readonly ToldShow[]): readonly Statement[] {
  const shows = told.map(({ show }) => show);
  return [
    {
      name: 'recall-movies',
      text: `insert into movies (movie_id, title, details, version)
             select *, 1 from unnest($1::text[], $2::text[], $3::json[]) on conflict do nothing`,
      values: [
        shows.map(({ movie }) => movie.movieId),
        shows.map(({ movie }) => movie.title),
        shows.map(({ movie }) => JSON.stringify(detailsOf(movie))),
      ],
    },
    {
      name: 'recall-theatres',
      text: `insert into theatres (theatre_id, name, location, time_zone, version)
             select *, 1 from unnest($1::text[], $2::text[], $3::text[], $4::text[]) on conflict do nothing`,
      values: [
        shows.map(({ theatre }) => theatre.theatreId),
        shows.map(({ theatre }) => theatre.name),
        shows.map(({ theatre }) => theatre.location),
        shows.map(({ theatre }) => theatre.timeZone),
      ],
    },
    {
      name: 'recall-screens',
      text: `insert into screens (screen_id, theatre_id, number, seat_plan_id, version)
             select told.*, 1 from unnest($1::text[], $2::text[], $3::int[], $4::text[])
               as told(screen_id, theatre_id, number, seat_plan_id)
             join seat_plans using (seat_plan_id) on conflict do nothing`,
      values: [
        shows.map(({ screen }) => screen.screenId),
        shows.map(({ theatre }) => theatre.theatreId),
        shows.map(({ screen }) => screen.number),
        shows.map((each) => each.seatPlanId),
      ],
    },
    {
      name: 'recall-shows',
      text: `insert into shows (show_id, movie_id, theatre_id, screen_id, seat_plan_id, starts_at, ends_at, state, show, version)
             select told.* from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::timestamptz[],
               $7::timestamptz[], $8::text[], $9::json[], $10::int[])
               as told(show_id, movie_id, theatre_id, screen_id, seat_plan_id, starts_at, ends_at, state, show, version)
             where exists (select from seat_plans where seat_plans.seat_plan_id = told.seat_plan_id)
             on conflict (show_id) do update
               set movie_id = excluded.movie_id, theatre_id = excluded.theatre_id, screen_id = excluded.screen_id,
                 seat_plan_id = excluded.seat_plan_id, starts_at = excluded.starts_at, ends_at = excluded.ends_at,
                 state = excluded.state, show = excluded.show, version = excluded.version
               where shows.version < excluded.version`,
      values: [...showColumns(shows), told.map(({ version }) => version)],
    },
  ];
}

export function seatPlansAgain(plans: readonly SeatPlan[]): Statement {
  return {
    name: 'recall-seat-plans',
    text: `insert into seat_plans (seat_plan_id, name, plan, capacity, price_categories)
           select id, name, plan, capacity, array(select json_array_elements_text(categories))
           from unnest($1::text[], $2::text[], $3::json[], $4::int[], $5::json[]) as new (id, name, plan, capacity, categories)
           on conflict do nothing`,
    values: seatPlanColumns(plans),
  };
}

export function settingsAgain(changes: readonly SettingChange[]): Statement {
  return {
    name: 'recall-settings',
    text: `insert into setting_changes (key, version, value, who, changed_at, why)
           ${rowsOf('text', 'int', 'json', 'text', 'timestamptz', 'text')}
           on conflict do nothing`,
    values: [
      changes.map((each) => each.key),
      changes.map((each) => each.version),
      changes.map((each) => JSON.stringify(each.value)),
      changes.map((each) => each.who),
      changes.map((each) => each.when),
      changes.map((each) => each.why),
    ],
  };
}
