import { holds, type MeasuredGoal, type SummedFigure, shown, shownWanted } from './results.ts';

/** Charts as SVG, drawn from a results file. Colours suit light and dark pages, and each bar says its number as well. */
const width = 820;
const rowHeight = 34;
const labelWidth = 390;
const barWidth = 300;
const top = 46;
const bottom = 14;
const colours = { good: '#2a9d6f', bad: '#d1603d', neutral: '#5b7fb5', ink: '#7a7f87' } as const;

const escaped = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

function page(title: string, rows: readonly string[], over = ''): string {
  const height = top + rows.length * rowHeight + bottom;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" font-family="system-ui, sans-serif" font-size="13">
<title>${escaped(title)}</title>
<text x="0" y="20" font-size="16" font-weight="600" fill="${colours.ink}">${escaped(title)}</text>
${[...rows, over].join('\n').trimEnd()}
</svg>
`;
}

function row(
  number: number,
  { label, note, share, colour }: { label: string; note: string; share: number; colour: string },
): string {
  const y = top + number * rowHeight;
  const length = Math.max(1, Math.min(1, share) * barWidth);
  return [
    `<text x="0" y="${y + 14}" fill="${colours.ink}">${escaped(label)}</text>`,
    `<rect x="${labelWidth}" y="${y + 2}" width="${length.toFixed(1)}" height="16" rx="3" fill="${colour}"/>`,
    `<text x="${labelWidth + length + 6}" y="${y + 14}" fill="${colours.ink}" font-size="12">${escaped(note)}</text>`,
  ].join('\n');
}

/** How far a wanted figure is away: 1 is there; one that may be at most so much is turned round. */
export function reached({ median, wanted }: Pick<SummedFigure, 'median' | 'wanted'>): number | undefined {
  if (median === null || wanted === undefined) return undefined;
  if (wanted.atLeast !== undefined) return median / wanted.atLeast;
  if (wanted.atMost === undefined) return undefined;
  return median === 0 ? 1 : wanted.atMost / median;
}

/** Every figure of which it was said what it should be: how much of that is reached, the full bar being all of it. */
export function goalsChart(title: string, measured: readonly MeasuredGoal[]): string {
  const rows = measured.flatMap(({ goal, figures }) =>
    figures.flatMap((figure) => {
      const share = reached(figure);
      if (share === undefined) return [];
      const value = `${shown(figure.median)}${figure.unit === '' ? '' : ` ${figure.unit}`}`;
      return [
        {
          label: clipped(`${goal}: ${figure.what}`),
          note: `${value} (${shownWanted(figure.wanted)})`,
          colour: holds(figure) === true ? colours.good : colours.bad,
          share: share * fullBar,
        },
      ];
    }),
  );
  const line = `<line x1="${labelWidth + fullBar * barWidth}" y1="${top - 6}" x2="${labelWidth + fullBar * barWidth}" y2="${top + rows.length * rowHeight}" stroke="${colours.ink}" stroke-dasharray="3 3"/>`;
  return page(
    title,
    rows.map((each, number) => row(number, each)),
    line,
  );
}

/** Room for what is better than asked for. */
const fullBar = 0.7;
const labelCharacters = 54;
const clipped = (text: string) => (text.length <= labelCharacters ? text : `${text.slice(0, labelCharacters - 1)}…`);

/** Figures of one unit beside each other. */
export function barsChart(
  title: string,
  bars: readonly { readonly label: string; readonly value: number; readonly unit: string }[],
): string {
  const most = Math.max(...bars.map(({ value }) => value), Number.MIN_VALUE);
  return page(
    title,
    bars.map(({ label, value, unit }, number) =>
      row(number, {
        label: clipped(label),
        note: `${shown(value)} ${unit}`,
        share: (value / most) * fullBar,
        colour: colours.neutral,
      }),
    ),
  );
}
