import type { Without } from './faults.ts';
import { defaultCustomers, type Outcome, type RunOptions, run, setUp } from './world.ts';

/** Runs that may be spent on making a story shorter, and how long they may take together. */
const runsMax = 250;
const shrinkMs = 60_000;

/** What of a failing run can be left out without its ceasing to fail, and the run without it, told in words. */
export async function shrink(failed: Outcome, options: RunOptions): Promise<Outcome> {
  const broken = new Set(failed.violations.map(({ invariant }) => invariant));
  const until = performance.now() + shrinkMs;
  const isOver = () => runs >= runsMax || performance.now() > until;
  let runs = 0;
  let shortest = failed;
  let without: Without = { customers: new Set(), kinds: new Set(), faults: new Set() };

  /** Leaves something out for good if the run fails all the same, for the same reason. */
  const tryWithout = async (more: Without): Promise<boolean> => {
    runs += 1;
    const outcome = await run({ ...options, without: more });
    if (!outcome.violations.some(({ invariant }) => broken.has(invariant))) return false;
    without = more;
    shortest = outcome;
    return true;
  };

  const customers = Array.from({ length: options.customers ?? defaultCustomers }, (_, index) => index);
  await leaveOut(customers, (some) => tryWithout({ ...without, customers: new Set([...without.customers, ...some]) }));
  await leaveOut([...shortest.faults.keys()], (some) =>
    tryWithout({ ...without, kinds: new Set([...without.kinds, ...some]) }),
  );
  await leaveOut([...shortest.happened], (some) =>
    tryWithout({ ...without, faults: new Set([...without.faults, ...some]) }),
  );
  return run({ ...options, without, story: true });

  /** Tries to leave out ever smaller parts of a list, until each that is left is needed. */
  async function leaveOut<Item>(
    items: readonly Item[],
    attempt: (some: readonly Item[]) => Promise<boolean>,
  ): Promise<void> {
    let left = items;
    for (let size = Math.ceil(left.length / 2); left.length > 0; size = Math.floor(size / 2)) {
      for (let at = 0; at < left.length && !isOver(); ) {
        const some = left.slice(at, at + size);
        if (await attempt(some)) left = left.filter((item) => !some.includes(item));
        else at += size;
      }
      if (size <= 1 || isOver()) return;
    }
  }
}

/** A run's story from when customers came, one line for each thing that happened. */
export function tell({ story }: Outcome): readonly string[] {
  const begins = story.findIndex(({ what }) => what === setUp);
  return story
    .slice(Math.max(0, begins))
    .map(({ at, who, what }) => `${(at / 1_000).toFixed(3).padStart(9)} s  ${who.padEnd(18)} ${what}`);
}
