import { html, type TemplateResult } from 'lit-html';
import type { BookingLine, MoneyLine } from '../../src/contracts/reports.ts';
import { bookingsCsv, moneyCsv } from '../../src/contracts/rules/report-csv.ts';
import { get, type Listed } from '../kit/api.ts';
import { dayOf } from '../kit/format.ts';
import { type App, fieldsOf, type Page, problemBox } from '../kit/page.ts';
import { messageOf } from '../kit/problem.ts';

/** Reports: what was booked and what was paid in a period, as files for spreadsheets and books. */
interface Report {
  readonly name: string;
  readonly does: string;
  readonly says: string;
  readonly csv: { readonly head: string; readonly line: (line: never) => string };
}

const reports: readonly Report[] = [
  {
    name: 'bookings',
    does: 'Download the bookings',
    says: 'Every booking that was asked for in the period, with its show, places, total and what became of it.',
    csv: bookingsCsv satisfies { readonly line: (line: BookingLine) => string },
  },
  {
    name: 'money',
    does: 'Download the journal of money',
    says: 'Every charge and refund of the period, at the moment it was made. Refunds are negative, so the amounts of a currency add up.',
    csv: moneyCsv satisfies { readonly line: (line: MoneyLine) => string },
  },
];
/** By then a browser has what it saves. */
const savedAfterMs = 60_000;

export function reportsPart(app: App): Page {
  const leaving = new AbortController();
  let running: string | undefined;
  let problem: string | undefined;
  let outcome: string | undefined;
  let lines = 0;

  async function download(report: Report, form: HTMLFormElement): Promise<void> {
    const { from = '', until = '' } = fieldsOf(form);
    running = report.name;
    problem = outcome = undefined;
    lines = 0;
    app.redraw();
    try {
      const texts = [report.csv.head];
      for await (const items of pages(report.name, { from, until })) {
        texts.push(...items.map((line) => report.csv.line(line)));
        lines += items.length;
        app.redraw();
      }
      save(`${report.name} ${from} to ${until}.csv`, texts);
      outcome = `${lines.toLocaleString()} ${lines === 1 ? 'line' : 'lines'} downloaded.`;
    } catch (error) {
      if (leaving.signal.aborted) return;
      problem = messageOf(error);
    }
    running = undefined;
    app.redraw();
  }

  /** Days are those of whoever asks; the last one is in it. */
  async function* pages(
    name: string,
    { from, until }: { readonly from: string; readonly until: string },
  ): AsyncGenerator<readonly never[]> {
    const period = { from: startOf(from), to: startOf(until, 1) };
    for (let cursor: string | null = ''; cursor !== null; ) {
      const query: URLSearchParams = new URLSearchParams({ ...period, ...(cursor === '' ? {} : { cursor }) });
      const page: Listed<never> = await get(`/v1/ops/reports/${name}?${query}`, { signal: leaving.signal });
      yield page.items;
      cursor = page.nextCursor;
    }
  }

  function send(event: SubmitEvent): void {
    event.preventDefault();
    const name = (event.submitter as HTMLButtonElement | null)?.value;
    const report = reports.find((each) => each.name === name);
    if (report !== undefined) void download(report, event.currentTarget as HTMLFormElement);
  }

  return {
    title: 'Reports',
    leave: () => leaving.abort(),
    view: () => html`
      <h1>Reports</h1>
      <form @submit=${send}>
        <div class="row">
          <label>From <input type="date" name="from" required .value=${firstOfMonth()}></label>
          <label>Until the end of <input type="date" name="until" required .value=${dayOf(new Date())}></label>
        </div>
        ${reports.map((report) => choice(report, running))}
      </form>
      ${problemBox(problem)}
      <p role="status">${running === undefined ? outcome : `${lines.toLocaleString()} lines so far …`}</p>
    `,
  };
}

function choice({ name, does, says }: Report, running: string | undefined): TemplateResult {
  return html`
    <div class="card">
      <p>${says}</p>
      <p><button name="report" value=${name} ?disabled=${running !== undefined}>${running === name ? 'Asking …' : does}</button></p>
    </div>
  `;
}

const firstOfMonth = () => `${dayOf(new Date()).slice(0, 7)}-01`;

/** Midnight here, so many days later. */
function startOf(day: string, daysLater = 0): string {
  const midnight = new Date(`${day}T00:00:00`);
  midnight.setDate(midnight.getDate() + daysLater);
  return midnight.toISOString();
}

function save(name: string, texts: readonly string[]): void {
  // Spreadsheets take a file for UTF-8 that begins with this mark.
  const url = URL.createObjectURL(new Blob(['\uFEFF', ...texts], { type: 'text/csv;charset=utf-8' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), savedAfterMs);
}
