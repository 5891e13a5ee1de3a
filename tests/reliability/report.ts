import { execFileSync } from 'node:child_process';
import { arch, cpus, release, totalmem, type } from 'node:os';
import type { Part, Result, Sizes } from './parts.ts';

/** The page that says what was run, where, when and what came of it. */

export interface Done {
  readonly part: Part;
  readonly sizes: Sizes;
  /** Why it was not run, or what came of it. */
  readonly outcome: Result | { readonly leftOut: string };
}

const failuresShown = 20;

export function reportOf(done: readonly Done[]): string {
  const lines = [
    '# Reliability',
    '',
    'Written by `npm run reliability`, which runs every proof at the size its flags say and puts down what came of it.',
    'Nothing here is written by hand. `npm test` runs a share of the same.',
    '',
    `- **Date**: ${new Date().toISOString()}`,
    `- **Commit**: ${commit()}`,
    `- **Machine**: ${cpus().length} × ${cpus()[0]?.model.trim() ?? 'unknown'}, ${Math.round(totalmem() / 2 ** 30)} GB, ${type()} ${release()} ${arch()}, Node.js ${process.versions.node}`,
    `- **Result**: ${verdict(done)}`,
    '',
    '| part | size of this run | size of a release | passed | failed | skipped | took |',
    '|---|---|---|---|---|---|---|',
    ...done.map(row),
    '',
    ...done.flatMap(section),
  ];
  return `${lines.join('\n').trimEnd()}\n`;
}

function verdict(done: readonly Done[]): string {
  const failed = done.filter(({ outcome }) => 'failed' in outcome && outcome.failed > 0).map(({ part }) => part.name);
  if (failed.length > 0) return `FAILED: ${failed.join(', ')}`;
  const smaller = done.filter((each) => isSmaller(each)).map(({ part }) => part.name);
  const all = 'zero violations in what was run';
  return smaller.length === 0
    ? `${all}, at the size of a release`
    : `${all}; smaller than a release: ${smaller.join(', ')}`;
}

function isSmaller({ part, sizes, outcome }: Done): boolean {
  if ('leftOut' in outcome || outcome.skipped > 0) return true;
  return part.sizes.some(({ flag, release }) => (sizes[flag] ?? 0) < release);
}

function row({ part, sizes, outcome }: Done): string {
  const told = (sizeOf: (flag: string, release: number) => number) =>
    part.sizes.map(({ flag, release, unit }) => `${sizeOf(flag, release).toLocaleString('en')} ${unit}`).join(', ') ||
    'all of it';
  const asked = told((_, release) => release);
  if ('leftOut' in outcome) return `| ${part.name} | not run: ${outcome.leftOut} | ${asked} | | | | |`;
  const { passed, failed, skipped, tookMs } = outcome;
  const ran = told((flag) => sizes[flag] ?? 0);
  return `| ${part.name} | ${ran} | ${asked} | ${passed} | ${failed} | ${skipped} | ${Math.round(tookMs / 1_000)} s |`;
}

function section({ part, outcome }: Done): readonly string[] {
  if ('leftOut' in outcome) return [];
  const { figures, failures } = outcome;
  return [
    `## ${part.name}`,
    '',
    part.says,
    ...(figures.length === 0 ? [] : ['', ...figures.map((figure) => `- ${figure}`)]),
    ...(failures.length === 0
      ? []
      : ['', 'Failures:', '', ...failures.slice(0, failuresShown).map((each) => `- ${each.split('\n')[0]}`)]),
    '',
  ];
}

/** What was run, to the letter: the commit, and whether anything differs from it. */
export function commit(): string {
  const git = (...words: readonly string[]) => execFileSync('git', [...words], { encoding: 'utf8' }).trim();
  const changed =
    git('status', '--porcelain', '--untracked-files=no', '--', '.', ':(exclude)docs/reliability.md') === ''
      ? ''
      : ', with changes that are not committed';
  return `${git('rev-parse', 'HEAD')}${changed}`;
}
