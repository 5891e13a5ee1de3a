import { type Outcome, run } from '../world.ts';
import type { PlantedBug } from './alter.ts';
import { businessBugs } from './business.ts';
import { plumbingBugs } from './plumbing.ts';

export const plantedBugs: readonly PlantedBug[] = [...businessBugs, ...plumbingBugs];

/** Seeds within which a planted bug must be found; some need a rare mishap to show. */
const seedsMax = 60;

/** Runs a planted bug until somebody notices; `undefined` when nobody does. */
export async function hunt({ alterations }: PlantedBug): Promise<Outcome | undefined> {
  for (let seed = 1; seed <= seedsMax; seed += 1) {
    const outcome = await run({ seed, alterations });
    if (outcome.violations.length > 0) return outcome;
  }
  return undefined;
}
