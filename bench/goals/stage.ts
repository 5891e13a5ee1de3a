import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { grownInstallation } from '../history/installation.ts';
import { type Measured, runLoad } from '../load/load.ts';
import type { LoadPlan } from '../load/plan.ts';
import { type Scene, setScene, standingArea } from '../load/scene.ts';
import { runEmbedded } from '../systems/embedded.ts';
import { runSystem } from '../systems/run-system.ts';
import type { Mode, System } from '../systems/system.ts';

/** A running system with its scene, and how long things take on it. */
export interface Stage {
  readonly mode: Mode;
  readonly scene: Scene;
  readonly pairs: number;
  /** Past bookings of the installation that has some. */
  readonly history: number;
  /** Books as `how` says, then has the auditor look; throws where it finds anything. */
  book(how: How): Promise<Measured>;
  /** Kills the system and starts it again: milliseconds until it was ready. */
  restart(): Promise<number>;
  /** Another stage like this one, on an installation with so many past bookings. */
  withHistory(bookings: number): Promise<Stage>;
  stop(): Promise<void>;
}

export interface How {
  readonly pace: LoadPlan['pace'];
  /** Everybody wants the one show, or each the next of many. */
  readonly show?: 'one' | 'many';
}

export interface Sizes {
  readonly shows: number;
  readonly pairs: number;
  readonly warmUpMs: number;
  readonly measuredMs: number;
  /** Past bookings of the installation that has some. */
  readonly history: number;
}

const historyDays = 365;
const connections = 128;
const drainMs = 60_000;
/** A million past bookings are looked at as well. */
const auditMs = 900_000;
const run = promisify(execFile);

/** Starts a system, sets its scene, and warms it up. */
export async function openStage(mode: Mode, sizes: Sizes): Promise<Stage> {
  return stageOf(await runSystem(mode), { mode, sizes });
}

async function stageOf(
  system: System,
  { mode, sizes }: { readonly mode: Mode; readonly sizes: Sizes },
): Promise<Stage> {
  try {
    const scene = await setScene(system, sizes);
    const stage: Stage = {
      mode,
      scene,
      ...{ pairs: sizes.pairs, history: sizes.history },
      async book({ pace, show = 'many' }) {
        const plan = {
          ...{ url: system.url, tokens: scene.tokens, pace, connections, drainMs },
          ...{ warmUpMs: sizes.warmUpMs, measuredMs: sizes.measuredMs },
          showIds: show === 'one' ? [scene.standing] : scene.seated,
          wanted: show === 'one' ? ({ places: 1, area: standingArea } as const) : ({ seats: 1 } as const),
        };
        const measured = await runLoad(plan, system.environment);
        await audit(system);
        return measured;
      },
      restart: () => system.restart?.() ?? Promise.reject(new Error(`a restart of ${mode} is not measured`)),
      async withHistory(bookings) {
        if (mode !== 'embedded') throw new Error('a history is grown in the embedded mode only');
        return stageOf(await runEmbedded(await grownInstallation({ bookings, days: historyDays })), { mode, sizes });
      },
      stop: () => system.stop(),
    };
    await stage.book({ pace: { inFlightMax: 1_000 } });
    return stage;
  } catch (error) {
    await system.stop();
    throw error;
  }
}

/** `fullhouse check` on the running system: whatever was measured on one that is not right counts for nothing. */
async function audit({ environment }: System): Promise<void> {
  const options = { env: { ...process.env, ...environment }, timeout: auditMs, maxBuffer: 2 ** 26 };
  await run('bin/fullhouse', ['check', '--json'], options).catch((error: { readonly stdout?: string }) => {
    throw new Error(`the auditor does not agree with what was measured:\n${error.stdout ?? String(error)}`);
  });
}
