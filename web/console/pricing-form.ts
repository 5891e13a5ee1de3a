import { html, type TemplateResult } from 'lit-html';
import { minorUnits } from '../../src/contracts/rules/decimals.ts';
import { amountText, type Money } from '../kit/format.ts';
import { field, wrongAt } from './field.ts';
import {
  examplePrice,
  isWhole,
  type Limit,
  limits,
  type PricingDraft,
  pricingValueOf,
  type StepDraft,
  type StepList,
  stepFields,
  stepLists,
} from './pricing-draft.ts';

/** The fields of the pricing rules, what each does, and what they make of the price of an example. */
const limitSays: Readonly<Record<Limit, readonly [name: string, says: string]>> = {
  floorPercent: ['Never below, in % of the list price', '100: prices never fall.'],
  ceilingPercent: ['Never above, in % of the list price', '100: prices never rise.'],
  largestStepPercent: [
    'One change moves a price by at most, in % of the list price',
    'Prices go to where the rules want them in several changes, one with each booking.',
  ],
};
const listSays: Readonly<Record<StepList, readonly [name: string, from: string, says: string]>> = {
  occupancy: [
    'How full the category is',
    'From % taken',
    'Of those that are reached, the one with the most seats taken counts.',
  ],
  timeToShow: [
    'How soon the show begins',
    'Within hours',
    'Of those that the show is within, the shortest time counts.',
  ],
  salesSpeed: [
    'How fast the show sells',
    'From seats an hour',
    'Of those that are reached by the seats sold in the last hour, the fastest counts.',
  ],
};

/** What the example is about, as it was typed. */
export interface ExampleDraft {
  readonly price: string;
  readonly taken: string;
  readonly hours: string;
  readonly speed: string;
}
export const firstExample: ExampleDraft = { price: '12.00', taken: '80', hours: '12', speed: '50' };

export interface PricingForm {
  readonly draft: PricingDraft;
  readonly example: ExampleDraft;
  readonly currency: string;
  /** What the server has against it. */
  readonly problem: unknown;
  readonly onChange: (draft: PricingDraft) => void;
  readonly onExample: (example: ExampleDraft) => void;
}

export function pricingForm(form: PricingForm): TemplateResult {
  const { draft, problem, onChange } = form;
  return html`
    <p class="quiet">What the rules add is added up, in % of the list price; less than 0 makes it cheaper.</p>
    ${limits.map((name) =>
      field(
        limitSays[name][0],
        html`
          <input inputmode="decimal" required .value=${draft[name]} @input=${typed((text) => onChange({ ...draft, [name]: text }))}>
          <small>${limitSays[name][1]}</small>
        `,
        wrongAt(problem, `/value/${name}`),
      ),
    )}
    ${stepLists.map((list) => steps(list, form))}
    ${exampleOf(form)}
  `;
}

function steps(list: StepList, { draft, problem, onChange }: PricingForm): TemplateResult {
  const [name, fromName, says] = listSays[list];
  const rows = draft[list];
  const change = (steps: readonly StepDraft[]) => onChange({ ...draft, [list]: steps });
  const changeAt = (at: number, part: Partial<StepDraft>) =>
    change(rows.map((each, index) => (index === at ? { ...each, ...part } : each)));
  const cell = (label: string, value: string, onText: (text: string) => void, pointer: string) =>
    field(
      label,
      html`<input inputmode="decimal" size="8" required .value=${value} @input=${typed(onText)}>`,
      wrongAt(problem, pointer),
    );
  return html`
    <fieldset>
      <legend>${name}</legend>
      <p class="quiet">${rows.length === 0 ? 'Moves no price.' : says}</p>
      ${rows.map(
        ({ from, add }, at) => html`
          <div class="row">
            ${cell(fromName, from, (text) => changeAt(at, { from: text }), `/value/${list}/${at}/${stepFields[list]}`)}
            ${cell('Add %', add, (text) => changeAt(at, { add: text }), `/value/${list}/${at}/addPercent`)}
            <button type="button" class="plain" aria-label=${`Remove step ${at + 1}: ${name}`} @click=${() => change(rows.toSpliced(at, 1))}>×</button>
          </div>
        `,
      )}
      <p><button type="button" class="plain" @click=${() => change([...rows, { from: '', add: '' }])}>Add a step</button></p>
    </fieldset>
  `;
}

function exampleOf({ draft, example, currency, onExample }: PricingForm): TemplateResult {
  const part = (name: string, key: keyof ExampleDraft) =>
    field(
      name,
      html`<input inputmode="decimal" size="8" .value=${example[key]} @input=${typed((text) => onExample({ ...example, [key]: text }))}>`,
    );
  return html`
    <fieldset class="example">
      <legend>An example</legend>
      <div class="row">
        ${part(`List price in ${currency}`, 'price')} ${part('% of the category taken', 'taken')} ${part('Hours to the show', 'hours')}
        ${part('Seats sold in the last hour', 'speed')}
      </div>
      <div role="status">${exampleText(draft, example, currency)}</div>
    </fieldset>
  `;
}

function exampleText(
  draft: PricingDraft,
  { price, taken, hours, speed }: ExampleDraft,
  currency: string,
): TemplateResult {
  const rules = pricingValueOf(draft);
  const listAmount = minorUnits(price.trim().replace(',', '.'), currency);
  const [takenPercent = Number.NaN, hoursToShow = Number.NaN, seatsSoldPerHour = Number.NaN] = [
    taken,
    hours,
    speed,
  ].map((text) => (text.trim() === '' ? Number.NaN : Number(text)));
  const isRead = [takenPercent, hoursToShow, seatsSoldPerHour].every(Number.isFinite);
  if (!isWhole(rules) || listAmount === undefined || !isRead)
    return html`<p class="quiet">An example needs a number in every field.</p>`;
  const { amounts, trace } = examplePrice(rules, { listAmount, takenPercent, hoursToShow, seatsSoldPerHour });
  const money = (amount: number): Money => ({ amount, currency });
  const steps = amounts.length - 1;
  return html`
    <p>
      <strong>${amountText(money(amounts.at(-1) ?? listAmount))}</strong>${steps > 1 ? `, in ${steps} changes: ${amounts.map((amount) => amountText(money(amount))).join(' → ')}` : ''}
    </p>
    <ul>
      ${trace.map(({ why, basisPoints = 0 }) => html`<li>${why}${basisPoints === 0 ? '' : `: ${basisPoints > 0 ? '+' : ''}${basisPoints / 100} %`}</li>`)}
    </ul>
  `;
}

const typed = (take: (text: string) => void) => (event: Event) => take((event.target as HTMLInputElement).value);
