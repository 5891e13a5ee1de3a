import { html, nothing, type TemplateResult } from 'lit-html';
import { rowText } from '../../../src/contracts/rules/places.ts';
import type { RowDraft } from './plan-draft.ts';
import { rowsAlike } from './row-drafts.ts';

/** Rows of a section: many that are alike at once, and each by itself. */

/** What is wrong at a place of the plan and below, or only with itself. */
export type Noted = (pointer: string, how?: 'exactly') => readonly string[];

interface Column {
  readonly of: keyof RowDraft;
  readonly title: string;
  readonly size: number;
  /** Most halls do without. */
  readonly isSeldom?: true;
}

const columns: readonly Column[] = [
  { of: 'name', title: 'Row', size: 5 },
  { of: 'first', title: 'First seat', size: 4 },
  { of: 'last', title: 'Last seat', size: 4 },
  { of: 'step', title: 'Step', size: 3, isSeldom: true },
  { of: 'accessible', title: 'Wheelchair spaces', size: 8 },
  { of: 'companion', title: 'Companion seats', size: 8 },
  { of: 'id', title: 'Id', size: 5, isSeldom: true },
  { of: 'x', title: 'x of its first seat', size: 5, isSeldom: true },
  { of: 'y', title: 'y', size: 5, isSeldom: true },
];

export function rowsTable(
  rows: readonly RowDraft[],
  to: {
    readonly pointer: string;
    readonly wrong: Noted;
    readonly isWhole: boolean;
    /** Takes a change of the rows as they are then: what is drawn may be a word behind them. */
    readonly onChange: (change: (rows: readonly RowDraft[]) => readonly RowDraft[]) => void;
  },
): TemplateResult {
  const shown = columns.filter(({ isSeldom }) => to.isWhole || isSeldom !== true);
  return html`
    <div class="scrolls">
      <table class="rows">
        <thead>
          <tr>
            ${shown.map(({ title }) => html`<th scope="col">${title}</th>`)}
            <th scope="col"><span class="unseen">Remove</span></th>
          </tr>
        </thead>
        <tbody>
          ${rows.map((row, at) => rowLine(row, { ...to, at, shown }))}
        </tbody>
      </table>
    </div>
    ${to.isWhole ? html`<p class="quiet">Places are counted in seats, x to the right and y away from the stage. Without one a row stands below the one before, in the middle.</p>` : undefined}
  `;
}

function rowLine(
  row: RowDraft,
  of: Parameters<typeof rowsTable>[1] & {
    readonly at: number;
    readonly shown: readonly Column[];
  },
): TemplateResult {
  const { at, shown, wrong } = of;
  const pointer = `${of.pointer}/${at}`;
  const name = row.name.trim() === '' ? `Row number ${at + 1}` : rowText(row.name).replace(/^row/, 'Row');
  const change = (column: Column, text: string) =>
    of.onChange((rows) => rows.map((each, index) => (index === at ? { ...each, [column.of]: text } : each)));
  const messages = columns.flatMap((column) =>
    wrong(`${pointer}/${column.of}`).map((message) => `${column.title}: ${message}`),
  );
  return html`
    <tr>
      ${shown.map(
        (column) => html`
          <td>
            <input
              aria-label=${`${name}: ${column.title}`} size=${column.size} maxlength="4000" autocomplete="off" spellcheck="false"
              aria-invalid=${wrong(`${pointer}/${column.of}`).length > 0 ? 'true' : nothing}
              .value=${row[column.of]}
              @input=${(event: Event) => change(column, (event.target as HTMLInputElement).value)}
            >
          </td>
        `,
      )}
      <td><button type="button" class="plain" aria-label=${`Remove ${name}`} @click=${() => of.onChange((rows) => rows.toSpliced(at, 1))}>×</button></td>
    </tr>
    ${messages.length === 0 ? undefined : html`<tr><td colspan=${shown.length + 1} class="wrong">${messages.join('; ')}</td></tr>`}
  `;
}

/** The fields that make many rows at once; `add` is called with them. For the first ones there is something to begin with. */
export function rowsAlikeFields(areFirst: boolean, add: (rows: readonly RowDraft[]) => void): TemplateResult {
  function make(event: Event): void {
    const fieldset = (event.currentTarget as Element).closest('fieldset');
    const control = (name: string) => fieldset?.querySelector<HTMLInputElement>(`[data-of=${name}]`) ?? undefined;
    const text = (name: string) => control(name)?.value ?? '';
    const rows = rowsAlike({
      ...{ from: text('from'), to: text('to') || text('from'), seats: whole(text('seats')) },
      ...{
        first: whole(text('first')),
        step: whole(text('step')),
        isWithoutIAndO: control('letters')?.checked === true,
      },
    });
    const isWrong = rows === undefined || whole(text('seats')) < 1 || whole(text('step')) < 1;
    control('from')?.setCustomValidity(
      isWrong ? 'Rows go from a letter to a later one, such as A to M, or from a number to a higher one.' : '',
    );
    if (isWrong) {
      control('from')?.reportValidity();
      return;
    }
    // The same rows once more would be other rows with the same names.
    for (const name of ['from', 'to']) {
      const field = control(name);
      if (field !== undefined) field.value = '';
    }
    add(rows);
  }
  /** Enter adds the rows; it does not send the plan. */
  function pressed(event: KeyboardEvent): void {
    if (event.key !== 'Enter') return;
    event.preventDefault();
    make(event);
  }
  return html`
    <fieldset @keydown=${pressed}>
      <legend>Add rows that are alike</legend>
      <div class="row">
        <label>From row <input data-of="from" size="4" maxlength="4" value=${areFirst ? 'A' : ''} autocomplete="off"></label>
        <label>to row <input data-of="to" size="4" maxlength="4" value=${areFirst ? 'M' : ''} autocomplete="off"></label>
        <label>Seats in each <input data-of="seats" type="number" min="1" max="1000" value="14"></label>
        <label>Number of the first <input data-of="first" type="number" min="0" max="100000" value="1"></label>
        <label>Step <input data-of="step" type="number" min="1" max="10" value="1"></label>
        <label class="choice"><input data-of="letters" type="checkbox">without I and O</label>
        <button type="button" class="plain" @click=${make}>Add the rows</button>
      </div>
    </fieldset>
  `;
}

const whole = (text: string) => (/^\d{1,6}$/.test(text) ? Number(text) : 0);
