import { execFileSync } from 'node:child_process';
import { arch, cpus, release, totalmem, type } from 'node:os';
import type { Part, Result, Sizes } from './parts.ts';

/** The page that says what was run, where, when and what came of it. */

export interface Done {
  readonly part: Part;
  readonly sizes: Sizes;
  /** Why it was not run, or what came of it. */
  readonly outcome: Result | { readonly leftOut: string };
  /** Where it was run; absent where it was not. */
  readonly where?: Where;
}

/** What was run, on what, when: parts take hours, and need not be run at once. */
export interface Where {
  readonly commit: string;
  readonly machine: string;
  readonly date: string;
}

const failuresShown = 20;

export function reportOf(done: readonly Done[]): string {
  const lines = [
    '# Reliability',
    '',
    'Written by `npm run reliability`, which runs every proof at the size its flags say and puts down what came of it.',
    'Nothing here is written by hand. `npm test` runs a share of the same.',
    '',
    `- **Commits**: ${listed(done, ({ commit }) => commit)}`,
    `- **Machines**: ${listed(done, ({ machine }) => machine)}`,
    `- **Result**: ${verdict(done)}`,
    '',
    '| part | size of this run | size of a release | passed | failed | skipped | took | commit | ended |',
    '|---|---|---|---|---|---|---|---|---|',
    ...done.map(row),
    '',
    ...done.flatMap(section),
  ];
  return `${lines.join('\n').trimEnd()}\n`;
}

/** All there are, those of the latest part first. */
function listed(done: readonly Done[], named: (where: Where) => string): string {
  const wheres = done.flatMap(({ where }) => where ?? []).sort((a, b) => (a.date < b.date ? 1 : -1));
  return [...new Set(wheres.map(named))].join('; ') || 'none';
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
  return part.sizes.some(({ flag, release }) => (outcome.done?.[flag] ?? sizes[flag] ?? 0) < release);
}

function row({ part, sizes, outcome, where }: Done): string {
  const told = (sizeOf: (flag: string, release: number) => number) =>
    part.sizes.map(({ flag, release, unit }) => `${sizeOf(flag, release).toLocaleString('en')} ${unit}`).join(', ') ||
    'all of it';
  const asked = told((_, release) => release);
  if ('leftOut' in outcome) return `| ${part.name} | not run: ${outcome.leftOut} | ${asked} | | | | | | |`;
  const { passed, failed, skipped, tookMs } = outcome;
  const ran = told((flag) => outcome.done?.[flag] ?? sizes[flag] ?? 0);
  const counts = `${passed} | ${failed} | ${skipped} | ${Math.round(tookMs / 1_000)} s`;
  return `| ${part.name} | ${ran} | ${asked} | ${counts} | ${where?.commit.slice(0, 10) ?? ''} | ${where?.date ?? ''} |`;
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

/** What is run here and now, to the letter: the commit, and whether anything differs from it. */
export function whereNow(): Where {
  const git = (...words: readonly string[]) => execFileSync('git', [...words], { encoding: 'utf8' }).trim();
  const written = [':(exclude)docs/reliability.md', ':(exclude)docs/reliability.json'];
  const changed =
    git('status', '--porcelain', '--untracked-files=no', '--', '.', ...written) === ''
      ? ''
      : ', with changes that are not committed';
  const processors = `${cpus().length} × ${cpus()[0]?.model.trim() ?? 'unknown'}`;
  const memory = `${Math.round(totalmem() / 2 ** 30)} GB`;
  return {
    commit: `${git('rev-parse', 'HEAD')}${changed}`,
    machine: `${processors}, ${memory}, ${type()} ${release()} ${arch()}, Node.js ${process.versions.node}`,
    date: new Date().toISOString().slice(0, 16).replace('T', ' '),
  };
}
