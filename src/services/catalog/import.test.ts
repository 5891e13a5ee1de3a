import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { newId } from '../../contracts/ids.ts';
import { timesOf } from './import.ts';
import { readCsvCatalogue } from './import-csv.ts';
import { entriesPerKindMax, ImportError, type ImportFault, readJsonCatalogue } from './import-file.ts';
import { type KnownCatalogue, resolveCatalogue } from './import-resolve.ts';

const now = Date.parse('2026-01-01T00:00:00.000Z');
const nothing: KnownCatalogue = { movies: [], theatres: [], screens: [], seatPlans: [], occupied: [] };

const movie = { title: 'Fight Club', runningTimeMinutes: 139 };
const theatre = { name: 'Lakeview', location: 'Chicago, Illinois', timeZone: 'America/Chicago' };
const row = { id: 'A', name: 'A', first: 1, last: 12 };
const seatPlan = { name: 'Studio', sections: [{ id: 'M', name: 'Main', priceCategory: 'standard', rows: [row] }] };
const screen = { theatre: 'Lakeview', number: 1, seatPlan: 'Studio' };
const priceCategories = [{ name: 'standard', price: { amount: 1_250, currency: 'USD' } }];
const show = { movie: 'Fight Club', theatre: 'Lakeview', screen: 1, startsAt: '2026-03-01T19:30', priceCategories };
const whole = { movies: [movie], theatres: [theatre], seatPlans: [seatPlan], screens: [screen], shows: [show] };

const resolve = async (file: object, known = nothing) =>
  resolveCatalogue(await readJsonCatalogue(JSON.stringify(file)), { known, newId, now });
const faultsOf = async (read: () => Promise<unknown>): Promise<readonly ImportFault[]> => {
  try {
    await read();
  } catch (error) {
    if (error instanceof ImportError) return error.lines;
    throw error;
  }
  return [];
};

test('a JSON catalogue refers by title, name and number, and times are those of the theatre', async () => {
  const { additions, faults } = await resolve(whole);
  assert.deepEqual(faults, []);
  const [added] = additions.shows;
  assert.equal(added?.startsAt, '2026-03-02T01:30:00.000Z');
  assert.equal(added?.movie.movieId, additions.movies[0]?.movieId);
  assert.equal(added?.screen.screenId, additions.screens[0]?.screenId);
  assert.equal(added?.seatPlanId, additions.seatPlans[0]?.seatPlanId);
});

test('a time with an offset is that moment', async () => {
  const { additions } = await resolve({ ...whole, shows: [{ ...show, startsAt: '2026-03-01T19:30:00+01:00' }] });
  assert.equal(additions.shows[0]?.startsAt, '2026-03-01T18:30:00.000Z');
});

test('importing the same again adds nothing; what is there can be referred to', async () => {
  const { additions } = await resolve(whole);
  const [added] = additions.shows;
  assert.ok(added);
  const startsAt = Date.parse(added.startsAt);
  const there = { screenId: added.screen.screenId, movieId: added.movie.movieId, startsAt };
  const occupied = [{ ...there, endsAt: startsAt + 139 * 60_000, isCancelled: false }];
  const known = { ...additions, occupied };
  const again = await resolve(whole, known);
  assert.deepEqual(again.faults, []);
  const noneNew = { movies: [], theatres: [], screens: [], seatPlans: [], shows: [] };
  assert.deepEqual(again.additions, noneNew);
  const cancelled = { ...additions, occupied: occupied.map((each) => ({ ...each, isCancelled: true })) };
  assert.deepEqual(await resolve(whole, cancelled), { additions: noneNew, faults: [] });
  const inItsPlace = { ...whole, movies: [{ ...movie, title: 'Se7en' }], shows: [{ ...show, movie: 'Se7en' }] };
  assert.deepEqual((await resolve(inItsPlace, cancelled)).faults, []);
  const next = await resolve({ shows: [{ ...show, startsAt: '2026-03-02T19:30' }] }, known);
  assert.deepEqual(next.faults, []);
  assert.equal(next.additions.shows.length, 1);
});

test('a show that has started since it was imported is left as it is, and what is new is added', async () => {
  const { additions } = await resolve(whole);
  const [added] = additions.shows;
  assert.ok(added);
  const startsAt = Date.parse(added.startsAt);
  const occupied = [{ screenId: added.screen.screenId, movieId: added.movie.movieId, startsAt, endsAt: startsAt + 1 }];
  for (const isCancelled of [false, true]) {
    const known = { ...additions, occupied: occupied.map((each) => ({ ...each, isCancelled })) };
    const file = await readJsonCatalogue(
      JSON.stringify({ ...whole, shows: [show, { ...show, startsAt: '2026-03-04T19:30' }] }),
    );
    const again = await resolveCatalogue(file, { known, newId, now: startsAt + 1 });
    assert.deepEqual(again.faults, []);
    assert.deepEqual(
      again.additions.shows.map((each) => each.startsAt),
      ['2026-03-05T01:30:00.000Z'],
    );
  }
});

test('what is not JSON, or no catalogue, is said', async () => {
  assert.match((await faultsOf(() => readJsonCatalogue('{"movies": [}')))[0]?.message ?? '', /is not JSON/);
  assert.equal((await faultsOf(() => readJsonCatalogue('[]')))[0]?.where, '/');
  assert.equal((await faultsOf(() => readJsonCatalogue('{"films": []}')))[0]?.where, '/films');
  assert.equal((await faultsOf(() => readJsonCatalogue('{"movies": {}}')))[0]?.where, '/movies');
});

test('every wrong field is named by its pointer', async () => {
  const broken = {
    movies: [{ title: '' }, { title: 'Any', length: 90 }],
    theatres: [{ ...theatre, timeZone: 'Mars/Olympus' }],
    shows: [
      {
        ...show,
        startsAt: 'tonight',
        priceCategories: [{ name: 'standard', price: { amount: 12.5, currency: 'USD' } }],
      },
    ],
  };
  const places = (await faultsOf(() => readJsonCatalogue(JSON.stringify(broken)))).map(({ where }) => where);
  assert.deepEqual(places, [
    '/movies/0/title',
    '/movies/1',
    '/theatres/0/timeZone',
    '/shows/0/startsAt',
    '/shows/0/priceCategories/0/price/amount',
  ]);
});

const wrong: readonly [string, object, string, RegExp][] = [
  ['an unknown movie', { shows: [{ ...show, movie: 'Nope' }] }, '/shows/0', /no movie "Nope"/],
  ['an unknown theatre', { shows: [{ ...show, theatre: 'Nope' }] }, '/shows/0', /no theatre "Nope"/],
  ['an unknown screen', { shows: [{ ...show, screen: 9 }] }, '/shows/0', /has no screen 9/],
  [
    'an unknown plan',
    { screens: [screen, { ...screen, number: 2, seatPlan: 'Nope' }] },
    '/screens/1',
    /no seat plan "Nope"/,
  ],
  ['a movie twice', { movies: [movie, movie] }, '/movies/1', /twice/],
  ['a screen twice', { screens: [screen, screen] }, '/screens/1', /twice/],
  [
    'a plan with a fault',
    { seatPlans: [{ ...seatPlan, sections: [{ ...seatPlan.sections[0], rows: [{ ...row, last: 0 }] }] }] },
    '/seatPlans/0/sections/0/rows/0/last',
    /first/,
  ],
  ['a start in the past', { shows: [{ ...show, startsAt: '2025-03-01T19:30' }] }, '/shows/0/startsAt', /future/],
  ['a time no clock shows', { shows: [{ ...show, startsAt: '2026-03-08T02:30' }] }, '/shows/0', /never show/],
  [
    'a category without a price',
    { shows: [{ ...show, priceCategories: [{ ...priceCategories[0], name: 'other' }] }] },
    '/shows/0/priceCategories',
    /"standard"/,
  ],
  [
    'an overlap',
    { shows: [show, { ...show, startsAt: '2026-03-01T21:00' }] },
    '/shows/1',
    /overlaps on its screen with \/shows\/0/,
  ],
];

for (const [what, part, where, message] of wrong) {
  test(`${what} is named by its place`, async () => {
    const { faults } = await resolve({ ...whole, ...part });
    assert.equal(faults[0]?.where, where);
    assert.match(faults[0]?.message ?? '', message);
  });
}

test('what contradicts the catalogue is refused where shows would suffer', async () => {
  const { additions } = await resolve(whole);
  const known = { ...additions, occupied: [] };
  const faultOf = async (part: object) => (await resolve({ ...whole, shows: [], ...part }, known)).faults[0]?.message;
  assert.match((await faultOf({ theatres: [{ ...theatre, timeZone: 'UTC' }] })) ?? '', /time zone America\/Chicago/);
  assert.match(
    (await faultOf({
      seatPlans: [{ ...seatPlan, areas: [{ area: 'x', name: 'X', capacity: 1, priceCategory: 'standard' }] }],
    })) ?? '',
    /other seats/,
  );
  const other = { ...seatPlan, name: 'Other' };
  assert.match(
    (await faultOf({ seatPlans: [other], screens: [{ ...screen, seatPlan: 'Other' }] })) ?? '',
    /another seat plan/,
  );
  assert.equal(await faultOf({ movies: [{ ...movie, runningTimeMinutes: 90 }] }), undefined);
});

test('a show that overlaps with one on the programme is refused', async () => {
  const { additions } = await resolve(whole);
  const screenId = additions.screens[0]?.screenId ?? '';
  const startsAt = Date.parse('2026-03-02T01:00:00Z');
  const other = { screenId, movieId: newId('movie'), startsAt, endsAt: startsAt + 90 * 60_000 };
  const occupied = [{ ...other, isCancelled: false }];
  assert.match((await resolve(whole, { ...additions, occupied })).faults[0]?.message ?? '', /on the programme/);
});

const header = 'movie,runningTimeMinutes,theatre,location,timeZone,screen,plan,startsAt,currency,price:standard';
const line = 'Fight Club,139,Lakeview,"Chicago, Illinois",America/Chicago,1,10x16,2026-03-01 19:30,USD,12.50';
const csv = (...lines: readonly string[]) => readCsvCatalogue([header, ...lines].join('\n'));

test('a CSV programme makes movies, theatres, screens, plans and shows', async () => {
  const file = await csv(line, 'Fight Club,,Lakeview,,,1,,2026-03-01 23:30,USD,9');
  const { additions, faults } = await resolveCatalogue(file, { known: nothing, newId, now });
  assert.deepEqual(faults, []);
  assert.deepEqual([additions.movies.length, additions.theatres.length, additions.screens.length], [1, 1, 1]);
  assert.equal(additions.seatPlans[0]?.sections[0]?.rows.length, 10);
  assert.deepEqual(
    additions.shows.map(({ priceCategories: [first] }) => first?.price.amount),
    [1_250, 900],
  );
  assert.equal(additions.shows[0]?.startsAt, '2026-03-02T01:30:00.000Z');
});

test('a plan that a CSV programme stands for in letters says where its best seats are', async () => {
  const grids = ['10x16', '10x16 middle', '10x16 front'];
  const file = await csv(...grids.map((grid, at) => line.replace(',1,10x16', `,${at + 1},${grid}`)));
  const { additions, faults } = await resolveCatalogue(file, { known: nothing, newId, now });
  assert.deepEqual(faults, []);
  assert.deepEqual(
    additions.seatPlans.map(({ name, bestSeat }) => [name, bestSeat]),
    [
      ['10x16', undefined],
      ['10x16 middle', 'M-G-8'],
      ['10x16 front', 'M-A-8'],
    ],
  );
});

test('a plan that says something else of its best seats is another plan', async () => {
  const { additions } = await resolve(whole);
  const known = { ...nothing, seatPlans: additions.seatPlans };
  const [plan] = additions.seatPlans;
  const changed = { seatPlans: [{ ...plan, seatPlanId: undefined, bestSeat: 'M-A-1' }] };
  const file = await readJsonCatalogue(JSON.stringify(changed));
  const { faults } = await resolveCatalogue(file, { known, newId, now });
  assert.match(faults[0]?.message ?? '', /plans never change/);
});

test('amounts follow the decimals of the currency', async () => {
  const yen = await csv(line.replace('USD,12.50', 'JPY,1800'));
  assert.deepEqual(yen.shows[0]?.value.priceCategories[0]?.price, { amount: 1_800, currency: 'JPY' });
  assert.equal((await faultsOf(() => csv(line.replace('USD', 'JPY'))))[0]?.where, 'line 2');
  // Nobody pays with fillér, and providers count in them.
  const forint = await csv(line.replace('USD,12.50', 'HUF,4500'));
  assert.deepEqual(forint.shows[0]?.value.priceCategories[0]?.price, { amount: 450_000, currency: 'HUF' });
});

test('columns that are missing, unknown or double are named', async () => {
  const faults = await faultsOf(() => readCsvCatalogue('movie,theatre,screen,startsAt,film,film\na,b,1,c,d,e'));
  assert.deepEqual([...new Set(faults.map(({ where }) => where))], ['line 1']);
  for (const said of ['"currency" is missing', '"film" is unknown', '"film" comes twice', 'no price column']) {
    assert.ok(
      faults.some(({ message }) => message.includes(said)),
      said,
    );
  }
});

test('a header of more columns than a file can have is refused without a look at each of them', async () => {
  const columns = Array.from({ length: 100_000 }, (_, index) => `c${index}`);
  const began = performance.now();
  const faults = await faultsOf(() => readCsvCatalogue(`${columns.join(',')}\n`));
  const tookMs = performance.now() - began;
  assert.deepEqual(faults, [{ where: 'line 1', message: 'has 100000 columns; a file can have 500' }]);
  assert.ok(tookMs < 3_000, `took ${tookMs} ms`);
});

test('faults are answered up to a hundred of them, each of them short', async () => {
  const names = Array.from({ length: 30_000 }, (_, index) => `unknown${index}`);
  const withNames = Object.fromEntries(names.map((name) => [name, 1]));
  const files: Readonly<Record<string, () => Promise<unknown>>> = {
    'unknown columns': () => readCsvCatalogue(names.slice(0, 400).join(',')),
    'a column with a long name': () => readCsvCatalogue(`${header},${'x'.repeat(1_000_000)}`),
    'unknown lists': () => readJsonCatalogue(JSON.stringify(withNames)),
    'unknown fields': () => readJsonCatalogue(JSON.stringify({ movies: [{ ...movie, ...withNames }] })),
    'wrong entries': () => readJsonCatalogue(JSON.stringify({ movies: names.slice(0, 1_000) })),
  };
  for (const [what, read] of Object.entries(files)) {
    const faults = await faultsOf(read);
    assert.ok(faults.length > 0 && faults.length <= 100, `${what}: ${faults.length}`);
    assert.ok(JSON.stringify(faults).length < 50_000, what);
  }
});

const wrongLines: readonly [string, string, RegExp][] = [
  ['a price that is none', line.replace('12.50', 'cheap'), /price:standard "cheap"/],
  ['a time that is none', line.replace('2026-03-01 19:30', 'tonight'), /must be a time/],
  ['a screen that is no number', line.replace(',1,10x16', ',one,10x16'), /number/i],
  ['a movie of another length', line.replace('139', '90'), /"90" differs from "139" in line 2/],
  ['too few cells', 'Fight Club,139', /Invalid Record Length/],
];

test('all that is wrong in a file is told at once, line by line', async () => {
  const late = line.replace('2026-03-01 19:30', 'tonight');
  const faults = await faultsOf(() => csv(line, late, line.replace('12.50', 'cheap'), late));
  assert.deepEqual(
    faults.map(({ where }) => where),
    ['line 3, startsAt', 'line 4', 'line 5, startsAt'],
  );
});

for (const [what, broken, message] of wrongLines) {
  test(`${what} is named by its line`, async () => {
    const faults = await faultsOf(() => csv(line, broken));
    assert.match(faults[0]?.where ?? '', /^line 3/);
    assert.match(faults[0]?.message ?? '', message);
  });
}

test('letters of several bytes stay whole, wherever a piece of a long file ends', async () => {
  const title = '七人の侍'.repeat(20);
  const starts = Array.from({ length: 2_000 }, (_, index) => new Date(Date.UTC(2026, 1, 1, 3 * index)).toISOString());
  const file = await csv(...starts.map((at) => `${title},207,Lakeview,,,1,,${at},USD,9`));
  assert.deepEqual(
    file.movies.map(({ value }) => value.title),
    [title],
  );
});

test('a file of more lines than an import takes is refused, whatever is in them', async () => {
  const lines = Array.from({ length: entriesPerKindMax + 100 }, () => line.replace('12.50', 'cheap'));
  assert.deepEqual(await faultsOf(() => csv(lines.join('\n'))), [
    { where: 'line 200002', message: 'is one too many: one import takes 200000 shows' },
  ]);
  const movies = Array.from({ length: entriesPerKindMax + 1 }, () => ({ title: '' }));
  assert.deepEqual(await faultsOf(() => readJsonCatalogue(JSON.stringify({ movies }))), [
    { where: '/movies', message: 'has 200001 entries; one import takes 200000' },
  ]);
});

test('entries behind a hundred faults are not looked at', async () => {
  const shows = Array.from({ length: 1_000 }, () => ({ ...show, movie: 'Nope' }));
  assert.equal((await resolve({ ...whole, shows })).faults.length, 100);
});

/** How often the event loop went round while something was done, and what that was answered. */
async function countRounds<Result>(work: Promise<Result>): Promise<{ rounds: number; result: Result }> {
  let rounds = 0;
  let isDone = false;
  const counting = (async () => {
    for (; !isDone; rounds += 1) await setImmediate();
  })();
  const result = await work;
  isDone = true;
  await counting;
  return { rounds, result };
}

test('others are answered while a long file is read, checked and resolved', async () => {
  const shows = Array.from({ length: 20_000 }, (_, index) => {
    const startsAt = new Date(Date.UTC(2026, 1, 1) + index * 3 * 3_600_000).toISOString();
    return { ...show, startsAt };
  });
  const lines = shows.map(({ startsAt }) => line.replace('2026-03-01 19:30', startsAt));
  const fromCsv = await countRounds(csv(...lines));
  assert.equal(fromCsv.result.shows.length, 20_000);
  assert.ok(fromCsv.rounds >= 5, `${fromCsv.rounds} rounds`);
  const text = JSON.stringify({ ...whole, shows });
  const fromJson = await countRounds(readJsonCatalogue(text));
  assert.ok(fromJson.rounds >= 2, `${fromJson.rounds} rounds`);
  const resolved = await countRounds(resolveCatalogue(fromJson.result, { known: nothing, newId, now }));
  assert.equal(resolved.result.additions.shows.length, 20_000);
  assert.ok(resolved.rounds >= 5, `${resolved.rounds} rounds`);
});

test('as many shows as an import takes are looked up by the days of the first and the last', () => {
  const shows = Array.from({ length: entriesPerKindMax }, (_, index) => ({
    where: '',
    value: { startsAt: `2027-03-0${1 + (index % 9)}T19:30` },
  }));
  const { from, to } = timesOf({ shows } as unknown as Parameters<typeof timesOf>[0]);
  assert.deepEqual(
    [from, to].map((moment) => new Date(moment).toISOString().slice(0, 10)),
    ['2027-02-27', '2027-03-12'],
  );
});

test('several thousand shows are read and resolved in well under a second', async () => {
  const shows = Array.from({ length: 4_000 }, (_, index) => {
    const startsAt = new Date(Date.UTC(2026, 1, 1) + index * 3 * 3_600_000).toISOString();
    return { ...show, startsAt };
  });
  const text = JSON.stringify({ ...whole, shows });
  const began = performance.now();
  const { additions, faults } = await resolveCatalogue(await readJsonCatalogue(text), { known: nothing, newId, now });
  const tookMs = performance.now() - began;
  assert.deepEqual(faults, []);
  assert.equal(additions.shows.length, 4_000);
  assert.ok(tookMs < 1_000, `took ${tookMs} ms`);
});
