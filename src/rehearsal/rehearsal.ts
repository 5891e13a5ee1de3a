import { execFile } from 'node:child_process';
import { availableParallelism, cpus } from 'node:os';
import { promisify } from 'node:util';
import { z } from 'zod';
import { planIndex } from '../contracts/rules/plan-order.ts';
import { type Account, accountOf, type Busy } from './account.ts';
import type { Comer } from './crowd.ts';
import { type Visit, visitAll } from './customers.ts';
import { type House, program, programmeOf, type Rehearsed, settingsOf, startHouse } from './house.ts';
import { type Issuer, startIssuer } from './issuer.ts';

/**
 * A sale before it happens: a crowd comes to copies of shows, in a house of its own on this machine, and everything but the
 * customers is the product. Afterwards the promises are checked as after any other sale.
 */
export interface Rehearsal extends Rehearsed {
  readonly comers: readonly Comer[];
  /** When the sale began that is held again: milliseconds since 1970; absent for one that is made up. */
  readonly soldFrom?: number;
  /** How many times as fast as it was. */
  readonly speed: number;
  /** How many may be inside of each show's waiting room at once; absent where nobody has to wait. */
  readonly insideMax?: number;
  /** The directory in which the house's own is made: on the disk that it is to write to. */
  readonly within: string;
  readonly signal: AbortSignal;
}

/** How far it is. */
export type Progress =
  | { readonly stage: 'opening' }
  | { readonly stage: 'signing in' | 'selling'; readonly done: number; readonly of: number }
  | { readonly stage: 'checking' };

export async function rehearse(rehearsal: Rehearsal, onProgress: (progress: Progress) => void): Promise<Account> {
  onProgress({ stage: 'opening' });
  const issuer = await startIssuer();
  try {
    const { within, signal } = rehearsal;
    const house = await startHouse({ within, issuer: issuer.url, signal });
    try {
      return await hold(rehearsal, { issuer, house, onProgress });
    } finally {
      await house.stop();
    }
  } finally {
    await issuer.stop();
  }
}

interface Opened {
  readonly issuer: Issuer;
  readonly house: House;
  readonly onProgress: (progress: Progress) => void;
}

async function hold(rehearsal: Rehearsal, { issuer, house, onProgress }: Opened): Promise<Account> {
  const { comers, insideMax, shows, signal } = rehearsal;
  const showIds = await openSale(rehearsal, { house, issuer });
  const tokens = await signIn(comers, { house, issuer, signal, onProgress });
  const visits: Visit[] = [];
  const machine = watchMachine();
  const sale = { url: house.url, showIds, hasWaitingRoom: insideMax !== undefined, signal };
  try {
    await visitAll(comers, { ...sale, tokenOf: (customer) => tokens[customer] ?? '' }, (visit) => {
      visits.push(visit);
      onProgress({ stage: 'selling', done: visits.length, of: comers.length });
    });
  } finally {
    machine.stop();
  }
  onProgress({ stage: 'checking' });
  return accountOf({
    ...{ visits, busy: machine.busy, processors: availableParallelism(), hasWaitingRoom: insideMax !== undefined },
    capacity: shows.reduce((sum, { plan }) => sum + planIndex(plan).capacity, 0),
    broken: await brokenInvariants(house, signal),
  });
}

/** Copies settings and shows into the house: the ids of the copies, in the order of the shows. */
async function openSale(
  rehearsal: Rehearsal,
  { house, issuer }: Pick<Opened, 'house' | 'issuer'>,
): Promise<readonly string[]> {
  const { insideMax, soldFrom } = rehearsal;
  const api = apiOf(house.url, await issuer.token('organizer', ['admin', 'organizer']));
  for (const { key, value } of settingsOf(rehearsal, rehearsal))
    await api('PUT', `/settings/${key}`, { value, why: 'a rehearsal' });
  const programme = programmeOf(rehearsal, { now: Date.now(), ...(soldFrom === undefined ? {} : { soldFrom }) });
  await api('POST', '/catalogue/imports', { format: 'json', text: JSON.stringify(programme) });
  const { items } = opened.parse(await api('GET', '/shows?limit=100'));
  // Each copy has a screen of its own, numbered in the order of the shows.
  const showIds = items.toSorted((a, b) => a.screen.number - b.screen.number).map(({ showId }) => showId);
  if (insideMax !== undefined)
    for (const showId of showIds) await api('PUT', `/shows/${showId}/waiting-room`, { insideMax });
  return showIds;
}

const opened = z.object({ items: z.array(z.object({ showId: z.string(), screen: z.object({ number: z.int() }) })) });

type Api = (method: string, path: string, body?: object) => Promise<unknown>;

function apiOf(url: string, token: string): Api {
  return async (method, path, body) => {
    const answer = await fetch(`${url}/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    }).catch(({ cause }: Error) => {
      throw new Error(`the house of the rehearsal did not answer ${method} ${path}: ${String(cause)}`, { cause });
    });
    if (!answer.ok) throw new Error(`the rehearsal could not ${method} ${path}: ${await answer.text()}`);
    return answer.json();
  };
}

/** Requests that are under way at once while people sign in. */
const signingInMax = 16;

/** Everybody has an account before the sale, as most have: the token of each customer. */
async function signIn(
  comers: readonly Comer[],
  { house, issuer, signal, onProgress }: Opened & Pick<Rehearsal, 'signal'>,
): Promise<readonly string[]> {
  const of = comers.reduce((most, { customer }) => Math.max(most, customer + 1), 0);
  const tokens: string[] = [];
  let begun = 0;
  let done = 0;
  const next = async () => {
    for (; begun < of && !signal.aborted; ) {
      const customer = begun;
      begun += 1;
      const token = await issuer.token(`Customer ${customer + 1}`);
      await apiOf(house.url, token)('GET', '/me');
      tokens[customer] = token;
      done += 1;
      onProgress({ stage: 'signing in', done, of });
    }
  };
  await Promise.all(Array.from({ length: signingInMax }, next));
  signal.throwIfAborted();
  return tokens;
}

const lookEveryMs = 1_000;

/** How many processors are busy, second by second. */
function watchMachine(): { readonly busy: readonly Busy[]; stop(): void } {
  const busy: Busy[] = [];
  const began = performance.now();
  let before = { at: began, ...processorTimes() };
  const look = () => {
    const now = { at: performance.now(), ...processorTimes() };
    const share = (now.busy - before.busy) / Math.max(1, now.all - before.all);
    busy.push({ atMs: before.at - began, processors: share * availableParallelism() });
    before = now;
  };
  const timer = setInterval(look, lookEveryMs);
  const stop = () => {
    clearInterval(timer);
    // Of a moment there is nothing to say: processors count in hundredths of a second.
    if (busy.length === 0 || performance.now() - before.at >= lookEveryMs / 2) look();
  };
  return { busy, stop };
}

/** Milliseconds since the machine started. */
function processorTimes(): { readonly busy: number; readonly all: number } {
  return cpus().reduce(
    ({ busy, all }, { times: { user, nice, sys, irq, idle } }) => {
      const working = user + nice + sys + irq;
      return { busy: busy + working, all: all + working + idle };
    },
    { busy: 0, all: 0 },
  );
}

/** What `fullhouse check` says is broken in the house. */
async function brokenInvariants({ environment }: House, signal: AbortSignal): Promise<readonly string[]> {
  const options = { env: environment, maxBuffer: 2 ** 26, signal };
  // It ends with 1 where something is broken, and says so all the same.
  const told = await promisify(execFile)(program, ['check', '--json'], options).catch(
    (error: { readonly stdout?: string; readonly stderr?: string }) => ({
      stdout: error.stdout ?? '',
      stderr: error.stderr ?? '',
    }),
  );
  signal.throwIfAborted();
  if (told.stdout === '') throw new Error(`the promises of the rehearsal could not be checked: ${told.stderr.trim()}`);
  const { invariants } = checked.parse(JSON.parse(told.stdout));
  return invariants.filter(({ holds }) => !holds).map(({ name, says }) => `${name}: ${says}`);
}

const checked = z.object({
  invariants: z.array(z.object({ name: z.string(), says: z.string(), holds: z.boolean() })),
});
