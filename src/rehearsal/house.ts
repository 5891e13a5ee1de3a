import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { SeatPlan, Setting, Show } from '../contracts/catalog.ts';
import { isSettingKey, settingFrom } from '../contracts/settings.ts';

/**
 * A house of its own for a rehearsal: a Fullhouse in an empty directory, as a process as `npm start` is, with copies of the shows
 * and the settings. It charges at the sandbox and sends nothing, whatever the environment says, and is gone afterwards.
 */
export interface House {
  readonly url: string;
  /** Of a process that is to find it. */
  readonly environment: NodeJS.ProcessEnv;
  stop(): Promise<void>;
}

/** What a process needs of its environment wherever it runs; nothing that leads to anybody's databases, providers or mail servers. */
const passedOn = ['PATH', 'HOME', 'TMPDIR', 'LANG', 'NODE_COMPILE_CACHE'];
const readyLine = /^Fullhouse is ready at (\S+)$/;
const linesKept = 20;
/**
 * The shell waits for the end of its standard input, which comes with the end of this process, however it ends: it stops the house and
 * removes its directory. It is a session of its own, so that nobody's Ctrl-C or hang-up reaches the house before that.
 */
const keeper =
  'exec 3<&0; "$@" </dev/null 3<&- & house=$!; (read -r _ <&3; kill -TERM $house 2>/dev/null) & keeper=$!; exec 3<&-; wait $house; kill $keeper 2>/dev/null; rm -rf "$FULLHOUSE_DATA_DIR"';
export const program = fileURLToPath(new URL('../../bin/fullhouse', import.meta.url));

/** Starts it in a new directory within another one, which is of the disk that it writes to. */
export async function startHouse({
  within,
  issuer,
  signal,
}: {
  readonly within: string;
  readonly issuer: string;
  readonly signal: AbortSignal;
}): Promise<House> {
  signal.throwIfAborted();
  const directory = await mkdtemp(join(within, '.fullhouse-rehearsal-')).catch((cause: Error) => {
    throw new Error(`no house for the rehearsal can be made in ${within}: ${cause.message}`, { cause });
  });
  const environment = {
    ...Object.fromEntries(passedOn.map((name) => [name, process.env[name]])),
    ...{ FULLHOUSE_DATA_DIR: directory, FULLHOUSE_DEMO: 'false', PORT: '0', OIDC_ISSUER: issuer },
    ...{ LOG_LEVEL: 'error', CHECK_EVERY_HOURS: '0' },
  };
  const child = spawn('sh', ['-c', keeper, 'fullhouse-rehearsal', program, 'up'], {
    ...{ env: environment, detached: true, stdio: 'pipe' },
  });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()).once('error', () => resolve()));
  const stop = async () => {
    child.stdin.end();
    await ended;
    await rm(directory, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    return { url: await readyAt(child, signal), environment, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function readyAt(child: ChildProcess, signal: AbortSignal): Promise<string> {
  const said: string[] = [];
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  for (const stream of [child.stdout, child.stderr]) {
    if (stream === null) continue;
    createInterface({ input: stream }).on('line', (line) => {
      said.push(line);
      if (said.length > linesKept) said.shift();
      const url = readyLine.exec(line)?.[1];
      if (url !== undefined) resolve(url);
    });
  }
  child.once('error', reject);
  child.once('exit', () => reject(new Error(`the house of the rehearsal did not start:\n${said.join('\n')}`)));
  if (signal.aborted) reject(signal.reason);
  signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  return promise;
}

/** All that a rehearsed sale is made of. */
export interface Rehearsed {
  readonly shows: readonly { readonly show: Show; readonly plan: SeatPlan }[];
  readonly settings: readonly Setting[];
}

/** A name that no two of the copies share: the shows may be of one movie and one screen. */
const theatre = 'Rehearsal';
/** A show that is over, or about to begin, is sold as one of tomorrow. */
const soonestMs = 86_400_000;

/** Copies of the shows as a catalogue to import: each on a screen of its own, on sale from now, as far ahead as when their sale began. */
export function programmeOf(
  { shows }: Rehearsed,
  { now, soldFrom }: { readonly now: number; readonly soldFrom?: number },
) {
  return {
    movies: shows.map((_, index) => ({ title: titleOf(index), runningTimeMinutes: 60 })),
    theatres: [{ name: theatre, location: 'Nowhere', timeZone: shows[0]?.show.theatre.timeZone ?? 'UTC' }],
    seatPlans: shows.map(({ plan: { seatPlanId: _id, ...plan } }, index) => ({ ...plan, name: planNameOf(index) })),
    screens: shows.map((_, index) => ({ theatre, number: index + 1, seatPlan: planNameOf(index) })),
    shows: shows.map(({ show }, index) => {
      const aheadMs = Date.parse(show.startsAt) - (soldFrom ?? now);
      return {
        ...{ movie: titleOf(index), theatre, screen: index + 1, priceCategories: show.priceCategories },
        startsAt: new Date(now + Math.max(aheadMs, soonestMs)).toISOString(),
        refundPolicy: show.refundPolicy,
        ...(show.seatsPerCustomerMax === undefined ? {} : { seatsPerCustomerMax: show.seatsPerCustomerMax }),
      };
    }),
  };
}

/** Not by the movie's own: with a number besides, the longest would be longer than a title may be. */
function titleOf(index: number): string {
  return `Movie ${index + 1}`;
}

function planNameOf(index: number): string {
  return `Hall ${index + 1}`;
}

/** A limit that everybody at one address together would reach. */
const unlimited = 10_000_000;
/** What a rehearsal needs otherwise than the house has it: levels of lines are the process's own, and cards have to be on. */
const ownSettings: ReadonlySet<string> = new Set(['logLevels', 'paymentMethods', 'rateLimitPerAddress']);

/**
 * The settings to give the copy: those of the house, but that all customers come from one address. Where the sale goes faster than
 * it went, holds end as much earlier.
 */
export function settingsOf(
  { settings }: Rehearsed,
  { speed }: { readonly speed: number },
): readonly { readonly key: string; readonly value: unknown }[] {
  const holdTtlMs = settingFrom((key) => settings.find((each) => each.key === key), 'holdTtlMs');
  const given = settings.filter(({ key }) => isSettingKey(key) && !ownSettings.has(key));
  return [
    ...given.filter(({ key }) => key !== 'holdTtlMs').map(({ key, value }) => ({ key, value })),
    { key: 'holdTtlMs', value: Math.max(1_000, Math.round(holdTtlMs / speed)) },
    { key: 'rateLimitPerAddress', value: unlimited },
  ];
}
