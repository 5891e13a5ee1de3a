import { barsChart, goalsChart } from './charts.ts';
import { holds, type MeasuredGoal, type Results, shown, shownWanted } from './results.ts';

/** What `docs/performance.md` shows of a results file: its charts, and the tables between its two marks. */
export const beginMark = '<!-- begin of what npm run bench:report writes -->';
export const endMark = '<!-- end of what npm run bench:report writes -->';

const modes = ['embedded', 'cluster'] as const;
const modeNames = { embedded: 'embedded', cluster: 'processes over Kafka' } as const;

/** File names and contents. */
export function chartsOf({ measured }: Results): ReadonlyMap<string, string> {
  const charts = new Map<string, string>();
  for (const mode of modes) {
    const ofMode = measured.filter((each) => each.mode === mode);
    if (ofMode.length === 0) continue;
    charts.set(`goals-${mode}.svg`, goalsChart(`What is reached of each goal, ${modeNames[mode]}`, ofMode));
    const rates = ratesOf(ofMode);
    if (rates.length > 0) charts.set(`rates-${mode}.svg`, barsChart(`Side by side, ${modeNames[mode]}`, rates));
  }
  return charts;
}

/** Ours and the baselines of the goals that compare whole pipelines. */
function ratesOf(measured: readonly MeasuredGoal[]) {
  return measured
    .filter(({ goal }) => goal === 'pipeline' || goal === 'conventional')
    .flatMap(({ goal, figures }) => figures.map((figure) => ({ goal, ...figure })))
    .filter(({ goal, unit, what }) => unit === '/s' && (goal === 'pipeline' || what !== 'ours'))
    .flatMap(({ what, median }) => (median === null ? [] : [{ label: what, value: median, unit: 'a second' }]));
}

/** The part of the page that is written anew. */
export function pageOf(results: Results): string {
  const { at, commit, machine, isQuick, measured, tookSeconds } = results;
  const run = `Measured on ${at.slice(0, 10)}, commit \`${commit.slice(0, 10)}\`, ${machine.processors} processors (${machine.model}), ${
    isQuick ? 'one pair of short runs each' : `${results.sizes.pairs} pairs of runs each, medians`
  }, in ${Math.round(tookSeconds / 60)} minutes.`;
  const sections = modes.flatMap((mode) =>
    sectionOf(
      mode,
      measured.filter((each) => each.mode === mode),
    ),
  );
  return [run, '', ...sections].join('\n').trimEnd();
}

function sectionOf(mode: (typeof modes)[number], measured: readonly MeasuredGoal[]): readonly string[] {
  if (measured.length === 0) return [];
  return [
    `### ${modeNames[mode][0]?.toUpperCase()}${modeNames[mode].slice(1)}`,
    '',
    `![What is reached of each goal](charts/goals-${mode}.svg)`,
    ...(ratesOf(measured).length > 0 ? [`![Bookings a second beside the baselines](charts/rates-${mode}.svg)`] : []),
    '',
    '| goal | figure | median | quartiles | wanted | holds |',
    '|---|---|---|---|---|---|',
    ...measured.flatMap(rowsOf),
    '',
  ];
}

function rowsOf({ goal, figures, failed, commit }: MeasuredGoal): readonly string[] {
  const name = commit === undefined ? `\`${goal}\`` : `\`${goal}\`, again at \`${commit.slice(0, 10)}\``;
  if (failed !== undefined)
    return [`| ${name} | failed: ${failed.split('\n')[0]?.replaceAll('|', '/')} | 0 | | | no |`];
  return figures.map((figure, index) => {
    const { what, unit, median, quartiles, wanted, values } = figure;
    const range = values.length > 1 ? `${shown(quartiles[0])} to ${shown(quartiles[1])}` : '';
    const verdict = holds(figure);
    const cells = [
      ...[index === 0 ? name : '', what, `${shown(median)} ${unit}`.trimEnd(), range],
      ...[shownWanted(wanted), verdict === undefined ? '' : verdict ? 'yes' : 'no'],
    ];
    return `| ${cells.join(' | ')} |`;
  });
}

/** Puts the part into the page; throws where a mark is missing. */
export function withPart(page: string, part: string): string {
  const begin = page.indexOf(beginMark);
  const end = page.indexOf(endMark);
  if (begin === -1 || end < begin) throw new Error('the page has lost its marks');
  return `${page.slice(0, begin)}${beginMark}\n\n${part}\n\n${page.slice(end)}`;
}
