import { html, type TemplateResult } from 'lit-html';
import { call, get } from '../kit/api.ts';
import { momentText } from '../kit/format.ts';
import { type App, fieldsOf, onSubmit, type Page, problemBox } from '../kit/page.ts';
import { messageOf, Problem } from '../kit/problem.ts';
import type { Me } from '../kit/session.ts';
import { WishKey } from '../kit/wish-key.ts';
import type { SettingWithHistory } from './answers.ts';
import { asking } from './asking.ts';
import { currenciesOf } from './currencies.ts';
import { field, isAtField, wrongAt } from './field.ts';
import { personText } from './person.ts';
import { PricingEditor } from './pricing-editor.ts';
import { repeating } from './repeating.ts';
import { settingSays } from './setting-says.ts';
import {
  commonCurrency,
  type Editor,
  editedText,
  editorOf,
  readValue,
  timeParts,
  timeUnits,
  valueText,
} from './setting-value.ts';

/** Others may change it while somebody looks on. */
const refreshMs = 5_000;

/** One setting: its value to be changed, with the why, and who changed it before. */
export function settingPart(app: App, key: string): Page {
  const path = `/v1/settings/${encodeURIComponent(key)}`;
  const wish = new WishKey();
  let problem: unknown;
  let outcome = '';
  let isAsking = false;
  /** Which version there was when somebody began to write. */
  let begun: number | undefined;
  let currencies: readonly string[] = [];
  const setting = asking(app, async (signal) => {
    const [told, known] = await Promise.all([get<SettingWithHistory>(path, { signal }), currenciesOf(signal)]);
    currencies = known;
    return told;
  });
  const pricing = new PricingEditor(() => {
    begun ??= setting.answer?.version;
    app.redraw();
  });
  const looking = repeating(setting.again, refreshMs);

  async function change(form: HTMLFormElement, editor: Editor): Promise<void> {
    if (isAsking) return;
    const { value, unit, why } = fieldsOf(form);
    const text = editor === 'pricing' ? (pricing.text ?? value) : value;
    const read = readValue(editor, text ?? '', { unit, currencies });
    outcome = '';
    problem = 'wrong' in read ? wrongValue(read.wrong) : undefined;
    app.redraw();
    if ('wrong' in read) return;
    isAsking = true;
    const body = { value: read.value, why };
    try {
      // Whoever began to write when it was another value may not know of the one it has got since.
      const now = await get<SettingWithHistory>(path);
      if (begun !== undefined && now.version !== begun) {
        begun = now.version;
        await setting.again();
        throw changedMeanwhile(now, currencies);
      }
      await call('PUT', path, { body, key: wish.of(body) });
      wish.answered();
      outcome = `${key} is ${valueText(key, read.value, currencies)} now.`;
      form.reset();
      pricing.forget();
      begun = undefined;
      await setting.again();
    } catch (error) {
      problem = error;
      if (error instanceof Problem && !error.isPassing) wish.answered();
    }
    isAsking = false;
    app.redraw();
  }

  return {
    title: key,
    leave: () => {
      looking.stop();
      setting.stop();
    },
    view: () => html`
      <p><a href="/console/settings">All settings</a></p>
      <h1>${key}</h1>
      <div role="status">${outcome === '' ? undefined : html`<p class="done">${outcome}</p>`}</div>
      ${setting.view((told) => {
        const editor = editorOf(key, told.default);
        return html`
          <p>${settingSays[told.key]}</p>
          <dl>
            <dt>Now</dt>
            <dd class="value">${valueText(key, told.value, currencies)}</dd>
            <dt>By default</dt>
            <dd class="value">${valueText(key, told.default, currencies)}</dd>
          </dl>
          <form class="stacked card ${editor}" @input=${() => (begun ??= told.version)} @submit=${onSubmit((form) => void change(form, editor))}>
            ${fields(told, { editor, problem, currencies, pricing })}
            ${isAtField(problem) ? undefined : problemBox(problem === undefined ? undefined : messageOf(problem))}
            <p><button ?disabled=${isAsking}>Change it</button></p>
          </form>
          ${history(told, { currencies, me: app.me() })}
        `;
      })}
    `,
  };
}

function changedMeanwhile({ key, value, why = '' }: SettingWithHistory, currencies: readonly string[]): Problem {
  const detail = `Somebody else changed it meanwhile: it is ${valueText(key, value, currencies)} now (“${why}”). Change it again if that is still wanted.`;
  return new Problem(409, { code: 'conflict', detail });
}

const wrongValue = (message: string) =>
  new Problem(422, { code: 'validation_failed', errors: [{ pointer: '/value', message }] });

interface FieldOptions {
  readonly editor: Editor;
  readonly problem: unknown;
  readonly currencies: readonly string[];
  readonly pricing: PricingEditor;
}

function fields({ value }: SettingWithHistory, options: FieldOptions): TemplateResult {
  const { editor, problem, currencies, pricing } = options;
  const labels = {
    duration: 'Value',
    money:
      commonCurrency(currencies) === undefined
        ? 'Value, in the smallest unit of the currency'
        : `Amount, in ${currencies.join(' or ')}`,
    number: 'Value',
    boolean: 'Value',
    string: 'Value',
    list: 'Values, one a line',
    json: 'Value, as JSON',
  };
  return html`
    ${
      editor === 'pricing'
        ? pricing.view(value, { problem, currency: currencies[0] ?? 'EUR' })
        : field(labels[editor], control(editor, editedText(editor, value, currencies)), wrongAt(problem, '/value'))
    }
    ${editor === 'duration' && typeof value === 'number' ? unitField(timeParts(value).unit) : undefined}
    ${field('Why, for those who come after', html`<input name="why" required maxlength="500">`, wrongAt(problem, '/why'))}
  `;
}

function unitField(unit: string): TemplateResult {
  const names = Object.keys(timeUnits);
  return field(
    'Unit',
    html`<select name="unit">${names.map((each) => html`<option ?selected=${each === unit}>${each}</option>`)}</select>`,
  );
}

function control(editor: Exclude<Editor, 'pricing'>, text: string): TemplateResult {
  switch (editor) {
    case 'duration':
    case 'number':
      return html`<input type="number" step="any" name="value" required value=${text}>`;
    case 'money':
      return html`<input inputmode="decimal" name="value" required value=${text}>`;
    case 'boolean':
      return html`<select name="value"><option ?selected=${text === 'true'}>true</option><option ?selected=${text === 'false'}>false</option></select>`;
    case 'string':
      return html`<input name="value" value=${text}>`;
    case 'list':
    case 'json':
      return html`<textarea name="value" rows=${Math.min(20, text.split('\n').length + 1)} spellcheck="false" .defaultValue=${text}></textarea>`;
    default:
      return editor satisfies never;
  }
}

function history(
  { key, history: changes }: SettingWithHistory,
  { currencies, me }: { readonly currencies: readonly string[]; readonly me: Pick<Me, 'userId'> | undefined },
): TemplateResult {
  if (changes.length === 0) return html`<p class="quiet">It was never changed.</p>`;
  return html`
    <section aria-labelledby="history">
      <h2 id="history">Changes</h2>
      <div class="scrolls">
        <table>
          <thead>
            <tr>
              <th scope="col">When</th>
              <th scope="col">Value</th>
              <th scope="col">Why</th>
              <th scope="col">Who</th>
            </tr>
          </thead>
          <tbody>
            ${changes.map(
              ({ when, value, why, who }) => html`
                <tr>
                  <td>${momentText(when)}</td>
                  <td class="value">${valueText(key, value, currencies)}</td>
                  <td>${why}</td>
                  <td>${personText(who, me)}</td>
                </tr>
              `,
            )}
          </tbody>
        </table>
      </div>
    </section>
  `;
}
