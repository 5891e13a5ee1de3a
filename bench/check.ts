import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { CheckedInvariant } from '../src/operations/check.ts';
import { grownInstallation } from './history/installation.ts';

/**
 * `npm run bench:check [-- <bookings> ...]`: how long `fullhouse check` takes on installations with so many past bookings,
 * embedded and at rest, and how much memory it needs. The time is that of the whole command, with the start of PostgreSQL; the
 * memory is the most that its process had at any time, without PostgreSQL. Prints a table in Markdown and a line of JSON each.
 */
const sizes = process.argv.slice(2).map(Number);
const wanted = sizes.length > 0 ? sizes : [10_000, 100_000];
const days = 365;
const lookEveryMs = 100;

interface Checked {
  readonly bookings: number;
  readonly seconds: number;
  readonly megabytes: number;
}

async function checked(bookings: number, path: string): Promise<Checked> {
  const began = performance.now();
  const child = spawn('bin/fullhouse', ['check', '--json'], {
    env: { ...process.env, FULLHOUSE_DATA_DIR: path },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.on('data', (chunk) => {
    output += String(chunk);
  });
  let kilobytes = 0;
  const looking = setInterval(() => {
    kilobytes = Math.max(kilobytes, mostMemory(child.pid ?? 0));
  }, lookEveryMs);
  await new Promise((resolve) => child.once('close', resolve));
  clearInterval(looking);
  const seconds = (performance.now() - began) / 1_000;
  const { holds, invariants } = JSON.parse(output) as { holds: boolean; invariants: readonly CheckedInvariant[] };
  const broken = invariants.filter((each) => !each.holds);
  if (!holds) throw new Error(`the history is not as the services would have written it: ${JSON.stringify(broken)}`);
  return { bookings, seconds: Number(seconds.toFixed(1)), megabytes: Math.round(kilobytes / 1_024) };
}

/** In kilobytes; what Linux remembers of a process. */
function mostMemory(pid: number): number {
  try {
    return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

console.log('| past bookings | seconds | bookings a second | megabytes |\n|---|---|---|---|');
for (const bookings of wanted) {
  const directory = await grownInstallation({ bookings, days });
  try {
    const { seconds, megabytes } = await checked(bookings, directory.path);
    console.log(`| ${bookings} | ${seconds} | ${Math.round(bookings / seconds)} | ${megabytes} |`);
    console.log(JSON.stringify({ goal: 'check', bookings, seconds, megabytes }));
  } finally {
    await directory.remove();
  }
}
