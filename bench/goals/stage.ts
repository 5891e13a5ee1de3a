import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { grownInstallation } from '../history/installation.ts';
import { type Measured, runLoad } from '../load/load.ts';
import type { LoadPlan } from '../load/plan.ts';
import { type Scene, setScene, standingArea } from '../load/scene.ts';
import { openProbe, type Probe } from '../measure/probe.ts';
import { runEmbedded } from '../systems/embedded.ts';
import { runSystem } from '../systems/run-system.ts';
import type { Mode, System, SystemOptions } from '../systems/system.ts';

/** A running system with its scene, and how long things take on it. */
export interface Stage {
  readonly mode: Mode;
  readonly system: System;
  readonly scene: Scene;
  readonly sizes: Sizes;
  /** Books as `how` says, then has the auditor look; throws where it finds anything. */
  book(how: How): Promise<Measured>;
  /** Has the auditor look, after whatever else was done; throws where it finds anything. */
  audit(): Promise<void>;
  /** Looks at what the system uses up for as long as something runs. */
  watched<Result>(run: (probe: Probe) => Promise<Result>): Promise<Result>;
  /** Kills the system and starts it again: milliseconds until it was ready. */
  restart(): Promise<number>;
  /** Another stage like this one, on an installation with so many past bookings. */
  withHistory(bookings: number): Promise<Stage>;
  stop(): Promise<void>;
}

export interface How {
  readonly pace: LoadPlan['pace'];
  /** Everybody wants the one show without seats, or each the next of many; or these. */
  readonly show?: 'one' | 'many' | readonly string[];
  /** `hold`: nobody pays, and a booking is done when its seats are held. `rejection`: nothing is left to be had. */
  readonly until?: LoadPlan['until'];
  /** Of each booking, where the show has any; one, where nothing is said. */
  readonly seats?: number;
  readonly connections?: number;
  /** Instead of the stage's own. */
  readonly measuredMs?: number;
  /** Whether the auditor need not look: what runs keeps nothing. */
  readonly unaudited?: boolean;
}

export interface Sizes {
  /** On sale in each run: new ones, so that no run finds what another one has left. */
  readonly shows: number;
  readonly pairs: number;
  readonly warmUpMs: number;
  readonly measuredMs: number;
  /** Past bookings of the installation that has some. */
  readonly history: number;
}

const historyDays = 365;
const usualConnections = 128;
const drainMs = 60_000;
/** A million past bookings are looked at as well. */
const auditMs = 900_000;
const execute = promisify(execFile);

/** Starts a system, sets its scene, and warms it up. */
export async function openStage(mode: Mode, sizes: Sizes, options: SystemOptions = {}): Promise<Stage> {
  return stageOf(await runSystem(mode, options), { mode, sizes });
}

/** A part left out of a system by what lies in `systems/`: from `loosen` on. */
export type Without = 'without-storing' | 'without-taking';

/** A stage of which a part can be left out, to see what that part costs; embedded. */
export async function loosened(
  mode: Mode,
  sizes: Sizes,
  without: Without,
): Promise<{ readonly stage: Stage; readonly loosen: () => void }> {
  const script = fileURLToPath(new URL(`../systems/${without}.ts`, import.meta.url));
  const stage = await openStage(mode, sizes, { environment: { NODE_OPTIONS: `--import=${script}` } });
  return { stage, loosen: () => void process.kill(stage.system.pid, 'SIGUSR2') };
}

async function stageOf(
  system: System,
  { mode, sizes }: { readonly mode: Mode; readonly sizes: Sizes },
): Promise<Stage> {
  const watched = async <Result>(run: (probe: Probe) => Promise<Result>): Promise<Result> => {
    const probe = await openProbe({ below: system.pid, databaseUrl: system.databaseUrl });
    return run(probe).finally(() => probe.close());
  };
  try {
    const scene = await setScene(system);
    const stage: Stage = {
      ...{ mode, system, scene, sizes, watched },
      async book(how) {
        const plan = await planOf(how, { system, scene, sizes });
        const measured = await watched((probe) => runLoad(plan, { environment: system.environment, probe }));
        if (how.unaudited !== true) await audit(system);
        return measured;
      },
      audit: () => audit(system),
      restart: () => system.restart?.() ?? Promise.reject(new Error(`a restart of ${mode} is not measured`)),
      async withHistory(bookings) {
        if (mode !== 'embedded') throw new Error('a history is grown in the embedded mode only');
        const directory = await grownInstallation({ bookings, days: historyDays });
        return stageOf(await runEmbedded({ directory }), { mode, sizes });
      },
      stop: () => system.stop(),
    };
    // Whatever is wrong with these is found after the first arm: the auditor looks at the whole system.
    await stage.book({ pace: { inFlightMax: 1_000 }, unaudited: true });
    return stage;
  } catch (error) {
    await system.stop();
    throw error;
  }
}

async function planOf(
  { pace, show = 'many', until = 'ticket', seats = 1, connections = usualConnections, measuredMs }: How,
  { system, scene, sizes }: Pick<Stage, 'system' | 'scene' | 'sizes'>,
): Promise<LoadPlan> {
  return {
    ...{ url: system.url, tokens: scene.tokens, pace, until, connections, drainMs },
    ...{ warmUpMs: sizes.warmUpMs, measuredMs: measuredMs ?? sizes.measuredMs },
    showIds: show === 'one' ? [scene.standing] : show === 'many' ? await scene.open(sizes.shows) : show,
    wanted: show === 'one' ? { places: 1, area: standingArea } : { seats },
  };
}

/** `fullhouse check` on the running system: whatever was measured on one that is not right counts for nothing. */
async function audit({ environment }: System): Promise<void> {
  const options = { env: { ...process.env, ...environment }, timeout: auditMs, maxBuffer: 2 ** 26 };
  await execute('bin/fullhouse', ['check', '--json'], options).catch((error: { readonly stdout?: string }) => {
    throw new Error(`the auditor does not agree with what was measured:\n${error.stdout || String(error)}`);
  });
}
