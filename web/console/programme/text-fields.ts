import { html, nothing, type TemplateResult } from 'lit-html';
import { field } from '../field.ts';
import type { EntryForm } from './entry-form.ts';

/** Fields of a form that are typed: what each is called, and what kind of value it is to the server. */
export interface TextField {
  readonly name: string;
  readonly label: string;
  readonly kind?: 'text' | 'number' | 'date' | 'long';
  readonly isRequired?: boolean;
  readonly hint?: string;
  /** What most likely stands in it, where nothing does yet. */
  readonly atFirst?: string;
  /** Values to choose from, where others may be typed as well. */
  readonly among?: readonly string[];
}

type Values = Readonly<Record<string, unknown>>;

/** The fields with what stands in them at first. */
export function textFields(
  fields: readonly TextField[],
  { values, form }: { readonly values: Values; readonly form: EntryForm },
): TemplateResult {
  return html`${fields.map(
    (each) => html`
      <div>
        ${field(each.label, control(each, values[each.name]), form.wrong(`/${each.name}`))}
        ${each.hint === undefined ? undefined : html`<small class="quiet" id=${hintId(each)}>${each.hint}</small>`}
      </div>
    `,
  )}`;
}

const hintId = ({ name }: TextField) => `hint-${name}`;

function control(of: TextField, value: unknown): TemplateResult {
  const { name, kind = 'text', isRequired = false, among } = of;
  const text = value === undefined ? '' : String(value);
  const describedBy = of.hint === undefined ? nothing : hintId(of);
  if (kind === 'long')
    return html`<textarea name=${name} aria-describedby=${describedBy} rows="5" .defaultValue=${text}></textarea>`;
  if (kind === 'number')
    return html`<input name=${name} aria-describedby=${describedBy} type="number" step="any" inputmode="decimal" ?required=${isRequired} value=${text}>`;
  if (kind === 'date')
    return html`<input name=${name} aria-describedby=${describedBy} type="date" ?required=${isRequired} value=${text}>`;
  if (among === undefined)
    return html`<input name=${name} aria-describedby=${describedBy} ?required=${isRequired} autocomplete="off" value=${text}>`;
  return html`
    <input name=${name} aria-describedby=${describedBy} list="among-${name}" ?required=${isRequired} autocomplete="off" spellcheck="false" value=${text}>
    <datalist id="among-${name}">${among.map((each) => html`<option value=${each}></option>`)}</datalist>
  `;
}

/** What was typed, as the server takes it; what is empty is left out. */
export function typedValues(fields: readonly TextField[], typed: Readonly<Record<string, string>>): Values {
  return Object.fromEntries(
    fields.flatMap(({ name, kind }) => {
      const text = (typed[name] ?? '').trim();
      return text === '' ? [] : [[name, kind === 'number' ? Number(text) : text]];
    }),
  );
}
