import { type Outcome, run } from '../world.ts';
import type { PlantedBug } from './alter.ts';
import { businessBugs } from './business.ts';
import { plumbingBugs } from './plumbing.ts';

export const plantedBugs: readonly PlantedBug[] = [...businessBugs, ...plumbingBugs];

/** Seeds within which a planted bug must be found; some need a rare mishap to show. */
const seedsMax = 60;

/** Runs a planted bug until somebody notices; `undefined` when nobody does. */
export async function hunt({ alterations, shownBy = 1 }: PlantedBug): Promise<Outcome | undefined> {
  for (const seed of [shownBy, ...Array.from({ length: seedsMax }, (_, index) => index + 1)]) {
    const outcome = await run({ seed, alterations });
    if (outcome.violations.length > 0) return outcome;
  }
  return undefined;
}
