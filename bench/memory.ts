import { parseArgs } from 'node:util';
import { saturated } from './goals/goal.ts';
import { openStage, type Sizes, type Stage } from './goals/stage.ts';
import { ownMemory, processesBelow, roleOf } from './measure/processes.ts';
import type { Mode } from './systems/system.ts';

/**
 * `npm run bench:memory [-- --mode cluster] [--minutes 10] [--shows 100000]`: whether memory stays bounded. With `--minutes`: what
 * each process has of its own after the first minute at 70 % of what saturates, and after so many more. With `--shows`: what they
 * have when so many shows of about 500 seats are on sale, in a hundred halls, and each has been booked once. The auditor looks at
 * the end.
 */
const { values } = parseArgs({
  options: {
    mode: { type: 'string', default: 'embedded' },
    minutes: { type: 'string', default: '10' },
    shows: { type: 'string' },
  },
});
const mode = values.mode as Mode;
for (const [name, value] of Object.entries({ minutes: values.minutes, shows: values.shows ?? '1' }))
  if (!/^[1-9]\d*$/.test(value)) throw new Error(`--${name} must be a whole number from 1, not ${value}`);
const halls = 100;
const hallsAtOnce = 5;
/** Of the smallest hall; each of the others has one more. */
const seatsFrom = 451;
const share = 0.7;
const minuteMs = 60_000;
const sizes: Sizes = { shows: 400, pairs: 1, warmUpMs: 3_000, measuredMs: 10_000, history: 0 };

/** Megabytes of each process by its role; PostgreSQL is one. */
function memoryOf({ system }: Stage): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  for (const { pid, part } of processesBelow(system.pid)) {
    if (part === 'generator') continue;
    const name = part === 'services' ? roleOf(pid) : part;
    found.set(name, (found.get(name) ?? 0) + ownMemory(pid));
  }
  return found;
}

async function underLoad(stage: Stage, minutes: number): Promise<void> {
  const { ticketedPerSecond } = await stage.book({ pace: saturated });
  const pace = { ratePerSecond: Math.round(share * ticketedPerSecond) };
  const show = await stage.scene.open(sizes.shows);
  const looks: ReadonlyMap<string, number>[] = [];
  for (let minute = 0; minute <= minutes; minute += 1) {
    await stage.book({ pace, show, measuredMs: minuteMs, unaudited: true });
    looks.push(memoryOf(stage));
  }
  console.log('| process | MB after the first minute | most | MB at the end | grown |\n|---|---|---|---|---|');
  for (const name of new Set(looks.flatMap((look) => [...look.keys()]))) {
    const first = looks[0]?.get(name) ?? 0;
    const all = looks.map((look) => look.get(name) ?? 0);
    const last = all.at(-1) ?? 0;
    const grown = `${(100 * (last / first - 1)).toFixed(1)} %`;
    console.log(
      `| \`${name}\` | ${Math.round(first)} | ${Math.round(Math.max(...all))} | ${Math.round(last)} | ${grown} |`,
    );
  }
  console.log(JSON.stringify({ goal: 'memory', mode, minutes, ...pace, looks: looks.map(Object.fromEntries) }));
}

async function withShows(stage: Stage, shows: number): Promise<void> {
  const showIds: string[] = [];
  for (let hall = 0; hall < halls; hall += hallsAtOnce) {
    const opening = Array.from({ length: hallsAtOnce }, (_, each) => seatsFrom + hall + each);
    for (const opened of await Promise.all(opening.map((seats) => stage.scene.open(Math.ceil(shows / halls), seats))))
      showIds.push(...opened);
  }
  const { ticketedPerSecond } = await stage.book({ pace: saturated });
  const pace = { ratePerSecond: Math.round(share * ticketedPerSecond) };
  const measuredMs = Math.ceil((shows / pace.ratePerSecond) * 1_000);
  await stage.book({ pace, show: showIds, measuredMs, unaudited: true });
  const memory = memoryOf(stage);
  await stage.audit();
  const services = [...memory].filter(([name]) => name !== 'postgres' && name !== 'broker');
  const megabytes = Math.round(services.reduce((sum, [, each]) => sum + each, 0));
  console.log(`${showIds.length} shows of some 500 seats: ${megabytes} MB in all services`);
  console.log(
    JSON.stringify({ goal: 'memory', mode, shows: showIds.length, megabytes, memory: Object.fromEntries(memory) }),
  );
}

const stage = await openStage(mode, sizes);
try {
  if (values.shows === undefined) await underLoad(stage, Number(values.minutes));
  else await withShows(stage, Number(values.shows));
  // What was measured stands, whatever an auditor of so much says.
  await stage.audit();
} finally {
  await stage.stop();
}
