import { html, type TemplateResult } from 'lit-html';
import type { ReportedShow } from '../../src/contracts/reports.ts';
import { amountText, shortDayText, timeText } from '../kit/format.ts';
import type { GroupBy, GroupRow, Row, Summed, Sums } from './report-sums.ts';

/** More rows are read in a spreadsheet; the sums are those of all. */
const rowsShownMax = 400;

/** The sums of a report: a row for each day or show, and one of all. */
export function sumsTable<Line extends ReportedShow>(
  sums: Sums<Line>,
  { summed, by, timeZone }: { readonly summed: Summed<Line>; readonly by: GroupBy; readonly timeZone: string },
): TemplateResult {
  const { rows, total } = sums;
  const more = rows.length - rowsShownMax;
  return html`
    <div class="scrolls">
      <table>
        <thead>
          <tr>
            <th scope="col">${by === 'day' ? 'Day' : 'Show'}</th>
            ${[...summed.counts, ...summed.amounts].map(([name]) => html`<th scope="col" class="number">${name}</th>`)}
          </tr>
        </thead>
        <tbody>
          ${rows.slice(0, rowsShownMax).map((row) => html`<tr><th scope="row">${nameOf(row, timeZone)}</th>${cells(row)}</tr>`)}
        </tbody>
        <tfoot>
          <tr><th scope="row">In all</th>${cells(total)}</tr>
        </tfoot>
      </table>
    </div>
    ${more > 0 ? html`<p>${more.toLocaleString()} more are in the sums and in the file.</p>` : undefined}
  `;
}

function nameOf({ key, show }: GroupRow, timeZone: string): string {
  // Noon in UTC is on the same date.
  if (show === undefined) return `${shortDayText(`${key}T12:00:00Z`, 'UTC')} ${key.slice(0, 4)}`;
  const { movie, theatre, screen, startsAt } = show;
  if (movie === undefined || startsAt === undefined) return key;
  return `${movie}, ${shortDayText(startsAt, timeZone)}, ${timeText(startsAt, timeZone)}, ${theatre}, screen ${screen}`;
}

function cells({ counts, amounts }: Row): readonly TemplateResult[] {
  return [
    ...counts.map((count) => html`<td class="number">${count.toLocaleString()}</td>`),
    ...amounts.map(
      (sums) =>
        html`<td class="number">${[...sums].sort().map(([currency, amount]) => html`<div>${amountText({ amount, currency })}</div>`)}</td>`,
    ),
  ];
}
