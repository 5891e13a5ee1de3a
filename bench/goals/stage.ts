import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { type Measured, runLoad } from '../load/load.ts';
import type { LoadPlan } from '../load/plan.ts';
import { type Scene, setScene, standingArea } from '../load/scene.ts';
import { runSystem } from '../systems/run-system.ts';
import type { Mode, System } from '../systems/system.ts';

/** A running system with its scene, and how long things take on it. */
export interface Stage {
  readonly mode: Mode;
  readonly scene: Scene;
  readonly pairs: number;
  /** Books as `how` says, then has the auditor look; throws where it finds anything. */
  book(how: How): Promise<Measured>;
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
}

const connections = 128;
const drainMs = 60_000;
const auditMs = 300_000;
const run = promisify(execFile);

/** Starts a system, sets its scene, and warms it up. */
export async function openStage(mode: Mode, sizes: Sizes): Promise<Stage> {
  const system = await runSystem(mode);
  try {
    const scene = await setScene(system, sizes);
    const stage: Stage = {
      mode,
      scene,
      pairs: sizes.pairs,
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
