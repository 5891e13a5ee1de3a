import { createHash } from 'node:crypto';
import { type FaultKind, faultKinds } from './faults.ts';
import { openLanes } from './lanes.ts';
import { type Situation, situations } from './situations.ts';
import type { Outcome } from './world.ts';

/** With fewer seeds than this, some kinds of fault may well not have had their chance. */
const enforcedFromSeeds = 200;

/** What many runs add up to. */
export interface Summary {
  readonly seeds: number;
  readonly from: number;
  readonly failed: readonly Outcome[];
  readonly events: number;
  readonly bookings: number;
  readonly simulatedMs: number;
  readonly tookMs: number;
  /** What the bookings have been through. */
  readonly situations: Readonly<Record<Situation, number>>;
  /** How often each kind of fault was met; 0 for those that were not. */
  readonly faults: Readonly<Record<FaultKind, number>>;
  readonly habits: Readonly<Record<string, number>>;
  readonly deeds: Readonly<Record<string, number>>;
  /** Kinds of fault and situations that should have been met and were not: such a run proves nothing about them. */
  readonly neverMet: readonly string[];
  /** Lanes that ran side by side. */
  readonly lanes: number;
  /** The trace hash of a single run; of several, a hash over theirs in the order of their seeds. */
  readonly hash: string;
}

/** Failing seeds after which a run gives up: they fail for the same reason, as a rule. */
const failuresMax = 3;

export interface Seeds {
  readonly from: number;
  readonly seeds: number;
  /** One where absent. */
  readonly lanes?: number;
  /** Ends the run early: what was begun is finished and added up. */
  readonly signal?: AbortSignal | undefined;
}

/** Runs seeds, in as many lanes as there are, and adds them up. */
export async function simulate(
  { from, seeds, lanes: laneCount = 1, signal }: Seeds,
  onRun?: (outcome: Outcome, done: number) => void,
): Promise<Summary> {
  const startedAt = performance.now();
  const sums = { events: 0, bookings: 0, simulatedMs: 0 };
  const [been, faults, habits, deeds] = [count(), count(), count(), count()];
  const failed: Outcome[] = [];
  const hashes = new Map<number, string>();
  const add = (outcome: Outcome) => {
    sums.events += outcome.events;
    sums.bookings += outcome.bookings;
    sums.simulatedMs += outcome.simulatedMs;
    been.add(outcome.situations);
    faults.add(outcome.faults);
    habits.add(outcome.habits);
    deeds.add(outcome.deeds);
    hashes.set(outcome.seed, outcome.hash);
    if (outcome.violations.length > 0) failed.push(outcome);
    onRun?.(outcome, hashes.size);
  };
  let next = from;
  const lanes = openLanes(Math.min(laneCount, seeds));
  try {
    await Promise.all(
      lanes.map(async (lane) => {
        while (next < from + seeds && failed.length < failuresMax && signal?.aborted !== true) {
          next += 1;
          add(await lane.run(next - 1));
        }
      }),
    );
  } finally {
    await Promise.all(lanes.map((lane) => lane.close()));
  }
  const done = hashes.size;
  const missing = [
    ...faultKinds.filter((kind) => !faults.sums.has(kind)),
    ...situations.filter((situation) => !been.sums.has(situation)),
  ];
  return {
    ...{ seeds: done, from, failed, ...sums, tookMs: performance.now() - startedAt, lanes: lanes.length },
    hash: hashOf(hashes),
    situations: sumsOf(situations, been.sums),
    faults: sumsOf(faultKinds, faults.sums),
    habits: Object.fromEntries(habits.sums),
    deeds: Object.fromEntries(deeds.sums),
    neverMet: done < enforcedFromSeeds ? [] : missing,
  };
}

function hashOf(hashes: ReadonlyMap<number, string>): string {
  const [first] = hashes.values();
  if (hashes.size === 1 && first !== undefined) return first;
  const lines = [...hashes].sort(([a], [b]) => a - b).map(([seed, hash]) => `${seed} ${hash}`);
  return createHash('sha256').update(lines.join('\n')).digest('hex').slice(0, 16);
}

function sumsOf<Name extends string>(names: readonly Name[], sums: ReadonlyMap<string, number>) {
  return Object.fromEntries(names.map((name) => [name, sums.get(name) ?? 0])) as Readonly<Record<Name, number>>;
}

function count() {
  const sums = new Map<string, number>();
  return {
    sums,
    add: (more: ReadonlyMap<string, number>) => {
      for (const [name, times] of more) sums.set(name, (sums.get(name) ?? 0) + times);
    },
  };
}
