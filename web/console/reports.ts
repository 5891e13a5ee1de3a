import { html, type TemplateResult } from 'lit-html';
import type { BookingLine, MoneyLine, ReportedShow } from '../../src/contracts/reports.ts';
import { bookingsCsv, moneyCsv } from '../../src/contracts/rules/report-csv.ts';
import type { Theatre } from '../kit/answers.ts';
import { all, get, type Listed } from '../kit/api.ts';
import { dayOf } from '../kit/format.ts';
import { type App, fieldsOf, type Page, problemBox } from '../kit/page.ts';
import { messageOf } from '../kit/problem.ts';
import { asking } from './asking.ts';
import { keptTheatre } from './house.ts';
import { bookingSums, dayAfter, type GroupBy, moneySums, type Summed, Sums, startOfDay } from './report-sums.ts';
import { sumsTable } from './report-table.ts';

/** Reports: what was booked and what was paid in a period, as sums on the page, and as files for spreadsheets and books. */
interface Report {
  readonly name: string;
  readonly shows: string;
  readonly does: string;
  readonly says: string;
  readonly run: (lines: AsyncIterable<readonly never[]>, into: Into) => Promise<void>;
}

/** What becomes of the lines. */
interface Into {
  readonly sums: { readonly by: GroupBy; readonly timeZone: string } | undefined;
  /** A table to be shown, as far as it is. */
  readonly onTable: (table: () => TemplateResult) => void;
  readonly onFile: (texts: readonly string[]) => void;
  readonly onLines: (count: number) => void;
}

interface Lines<Line> {
  readonly csv: { readonly head: string; readonly line: (line: Line) => string };
  readonly summed: Summed<Line>;
}

function running<Line extends ReportedShow>({ csv, summed }: Lines<Line>) {
  return async (pages: AsyncIterable<readonly Line[]>, { sums, onTable, onFile, onLines }: Into): Promise<void> => {
    const texts = [csv.head];
    let take = (lines: readonly Line[]): unknown => texts.push(...lines.map((line) => csv.line(line)));
    if (sums !== undefined) {
      const table = new Sums(summed, sums);
      take = (lines) => table.add(lines);
      onTable(() => sumsTable(table, { summed, ...sums }));
    }
    for await (const lines of pages) {
      take(lines);
      onLines(lines.length);
    }
    if (sums === undefined) onFile(texts);
  };
}

const reports: readonly Report[] = [
  {
    name: 'bookings',
    shows: 'Show the bookings',
    does: 'Download the bookings',
    says: 'Every booking that was asked for in the period, with its show, places, total and what became of it.',
    run: running<BookingLine>({ csv: bookingsCsv, summed: bookingSums }),
  },
  {
    name: 'money',
    shows: 'Show the money',
    does: 'Download the journal of money',
    says: 'Every charge and refund of the period, at the moment it was made. Refunds are negative, so the amounts of a currency add up.',
    run: running<MoneyLine>({ csv: moneyCsv, summed: moneySums }),
  },
];
/** By then a browser has what it saves. */
const savedAfterMs = 60_000;

export function reportsPart(app: App): Page {
  const leaving = new AbortController();
  let stopping = new AbortController();
  let isRunning = false;
  let problem: string | undefined;
  let outcome: string | undefined;
  let table: (() => TemplateResult) | undefined;
  let lines = 0;
  const theatres = asking(app, () => all<Theatre>('/v1/theatres'));
  void theatres.again();

  async function run(report: Report, { isTable, form }: { readonly isTable: boolean; readonly form: HTMLFormElement }) {
    const { from = '', until = '', zone: timeZone = ownZone, by } = fieldsOf(form);
    isRunning = true;
    problem = outcome = table = undefined;
    lines = 0;
    stopping = new AbortController();
    app.redraw();
    try {
      await report.run(pages(report.name, { from, until, timeZone }), {
        sums: isTable ? { by: by === 'show' ? 'show' : 'day', timeZone } : undefined,
        onTable: (next) => {
          table = next;
        },
        onFile: (texts) => save(`${report.name} ${from} to ${until}.csv`, texts),
        onLines: (count) => {
          lines += count;
          app.redraw();
        },
      });
      outcome = `${linesText(lines)} ${isTable ? 'summed' : 'downloaded'}.`;
    } catch (error) {
      if (leaving.signal.aborted) return;
      // Sums of some lines look like those of all.
      table = undefined;
      if (stopping.signal.aborted) outcome = 'Stopped.';
      else problem = messageOf(error);
    }
    isRunning = false;
    app.redraw();
  }

  /** The last day is in it. */
  async function* pages(
    name: string,
    { from, until, timeZone }: { readonly from: string; readonly until: string; readonly timeZone: string },
  ): AsyncGenerator<readonly never[]> {
    const period = { from: startOfDay(from, timeZone) ?? '', to: startOfDay(dayAfter(until), timeZone) ?? '' };
    for (let cursor: string | null = ''; cursor !== null; ) {
      const query: URLSearchParams = new URLSearchParams({ ...period, ...(cursor === '' ? {} : { cursor }) });
      const signal = AbortSignal.any([leaving.signal, stopping.signal]);
      const page: Listed<never> = await get(`/v1/ops/reports/${name}?${query}`, { signal });
      yield page.items;
      cursor = page.nextCursor;
    }
  }

  function send(event: SubmitEvent): void {
    event.preventDefault();
    const button = event.submitter as HTMLButtonElement | null;
    const report = reports.find(({ name }) => name === button?.value);
    const form = event.currentTarget as HTMLFormElement;
    if (report !== undefined && !isRunning) void run(report, { isTable: button?.name === 'show', form });
  }

  return {
    title: 'Reports',
    leave: () => {
      leaving.abort();
      theatres.stop();
    },
    view: () => html`
      <h1>Reports</h1>
      <form @submit=${send}>
        <div class="row">
          <label>From <input type="date" name="from" required .value=${firstOfMonth()}></label>
          <label>Until the end of <input type="date" name="until" required .value=${dayOf(new Date())}></label>
          <label>Days of <select name="zone">${zoneOptions(theatres.answer ?? [])}</select></label>
          <label>A row for each <select name="by"><option>day</option><option>show</option></select></label>
        </div>
        ${reports.map((report) => choice(report, isRunning))}
      </form>
      ${problemBox(problem)}
      <p role="status">${isRunning ? `${linesText(lines)} so far …` : outcome}</p>
      ${isRunning ? html`<p><button type="button" class="plain" @click=${() => stopping.abort()}>Stop</button></p>` : undefined}
      ${table?.()}
    `,
  };
}

function choice({ name, says, shows, does }: Report, isRunning: boolean): TemplateResult {
  return html`
    <div class="card">
      <p>${says}</p>
      <p class="row">
        <button name="show" value=${name} ?disabled=${isRunning}>${shows}</button>
        <button class="plain" name="download" value=${name} ?disabled=${isRunning}>${does}</button>
      </p>
    </div>
  `;
}

const ownZone = Intl.DateTimeFormat().resolvedOptions().timeZone;

/** The clocks of the houses, that of the theatre somebody works at first, and those here where they are others. */
function zoneOptions(theatres: readonly Theatre[]): readonly TemplateResult[] {
  const own = theatres.find(({ theatreId }) => theatreId === keptTheatre());
  const zones = new Set([...(own === undefined ? [] : [own]), ...theatres].map(({ timeZone }) => timeZone));
  return [...zones.add(ownZone)].map((zone) => {
    const names = theatres.filter(({ timeZone }) => timeZone === zone).map(({ name }) => name);
    return html`<option value=${zone}>${zone.replaceAll('_', ' ')}${names.length === 0 ? ', as here' : `: ${names.join(', ')}`}</option>`;
  });
}

const linesText = (lines: number) => `${lines.toLocaleString()} ${lines === 1 ? 'line' : 'lines'}`;
const firstOfMonth = () => `${dayOf(new Date()).slice(0, 7)}-01`;

function save(name: string, texts: readonly string[]): void {
  // Spreadsheets take a file for UTF-8 that begins with this mark.
  const url = URL.createObjectURL(new Blob(['\uFEFF', ...texts], { type: 'text/csv;charset=utf-8' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), savedAfterMs);
}
