import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { examinations } from './check/examinations.ts';
import type { Examination, Finding, Invariant } from './check/finding.ts';
import type { Installation } from './installation.ts';

/**
 * The auditor: proves the promises on the live databases, by folds and queries of its own.
 *
 * Services agree with each other moments later, not at once, and the databases are read one after the other. So what
 * looks wrong is looked at again, some times and after a while: only what is wrong each time is a violation. On databases
 * at rest one look is enough.
 */
export const checkQuery = z.strictObject({
  /** Pauses before each further look, in milliseconds. */
  looksAfterMs: z.array(z.int().min(0).max(60_000)).max(10).default([250, 1_000, 3_000, 6_000]),
});

export interface CheckedInvariant extends Invariant {
  readonly holds: boolean;
  /** Rows looked at. */
  readonly looked: number;
  readonly violations: number;
  /** Some of the offending rows. */
  readonly rows: readonly string[];
}

export type CheckLine = { readonly checked: CheckedInvariant } | { readonly progress: string };

/** Offending rows that are shown of one invariant. */
const rowsShown = 20;
/** Findings of one examination that are looked at again; with more there is no need to. */
const findingsMax = 5_000;

/** Examines everything; a line per invariant, in between how it goes. */
export async function* check(
  installation: Installation,
  { looksAfterMs }: z.infer<typeof checkQuery>,
  signal?: AbortSignal,
): AsyncGenerator<CheckLine> {
  for (const examination of examinations) {
    const looked = new Map<string, number>();
    let findings: readonly Finding[] = [];
    for await (const { found, progress } of look(installation, examination, looked)) {
      if (found !== undefined) findings = found;
      else yield { progress };
    }
    for (const pauseMs of looksAfterMs) {
      if (findings.length === 0 || findings.length >= findingsMax) break;
      // Whoever has to stop is not kept waiting; what was not looked at again is no verdict then.
      await delay(pauseMs, undefined, { signal }).catch(() => undefined);
      if (signal?.aborted === true) return;
      findings = await lookAgain(installation, examination, findings);
    }
    for (const invariant of examination.invariants) yield { checked: verdict(invariant, looked, findings) };
  }
}

async function* look(installation: Installation, { examine }: Examination, looked: Map<string, number>) {
  const found: Finding[] = [];
  for await (const report of examine(installation, undefined)) {
    if ('finding' in report) {
      if (found.length < findingsMax) found.push(report.finding);
      continue;
    }
    for (const [name, count] of Object.entries(report.looked)) looked.set(name, (looked.get(name) ?? 0) + count);
    const [first] = Object.keys(report.looked);
    yield { progress: `${first}: ${looked.get(first ?? '')} looked at, ${found.length} found`, found: undefined };
  }
  yield { found, progress: '' };
}

/** What was found before and is found again. */
async function lookAgain(
  installation: Installation,
  { examine }: Examination,
  before: readonly Finding[],
): Promise<readonly Finding[]> {
  const names = new Set(before.map(nameOf));
  const again: Finding[] = [];
  for await (const report of examine(installation, new Set(before.map(({ key }) => key)))) {
    if ('finding' in report && names.has(nameOf(report.finding))) again.push(report.finding);
  }
  return again;
}

function nameOf({ invariant, key }: Finding): string {
  return `${invariant} ${key}`;
}

function verdict(
  { name, promise, says }: Invariant,
  looked: ReadonlyMap<string, number>,
  findings: readonly Finding[],
): CheckedInvariant {
  const mine = findings.filter(({ invariant }) => invariant === name);
  return {
    name,
    promise,
    says,
    holds: mine.length === 0,
    looked: looked.get(name) ?? 0,
    violations: mine.length,
    rows: mine.slice(0, rowsShown).map((finding) => finding.says),
  };
}
