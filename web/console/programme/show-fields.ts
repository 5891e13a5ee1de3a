import { html, type TemplateResult } from 'lit-html';
import { repeat } from 'lit-html/directives/repeat.js';
import { decimalsOf, decimalText, minorUnits } from '../../../src/contracts/rules/decimals.ts';
import type { Show } from '../../kit/answers.ts';
import type { Money } from '../../kit/format.ts';
import { field } from '../field.ts';
import type { Movie, Place } from './entries.ts';
import type { EntryForm } from './entry-form.ts';
import { localText, momentTyped } from './show-times.ts';

/** The fields of a show that one that is made and one that is changed have in common. */
export type Typed = Readonly<Record<string, string>>;

/** What stands in the fields at first. */
export interface ShowText {
  readonly movieId: string;
  readonly screenId: string;
  readonly currency: string;
  /** Prices as they are typed, by category. */
  readonly prices: Readonly<Record<string, string>>;
  readonly opensAt: string;
  readonly closesMinutes: string;
  readonly seatsMax: string;
  readonly refundUntil: string;
  readonly refundFee: string;
}

export const blankShow: ShowText = {
  ...{ movieId: '', screenId: '', currency: '', prices: {} },
  ...{ opensAt: '', closesMinutes: '0', seatsMax: '', refundUntil: '0', refundFee: '0' },
};

/** What a show says, as it would be typed. */
export function textOf({ movie, screen, theatre, priceCategories, ...show }: Show): ShowText {
  const { untilMinutesBefore, feePercent } = show.refundPolicy;
  return {
    ...{ movieId: movie.movieId, screenId: screen.screenId },
    ...pricesText(priceCategories),
    opensAt: localText(show.sales.opensAt, theatre.timeZone),
    closesMinutes: String(minutesBetween(show.sales.closesAt, show.startsAt)),
    seatsMax: show.seatsPerCustomerMax === undefined ? '' : String(show.seatsPerCustomerMax),
    ...{ refundUntil: String(untilMinutesBefore), refundFee: String(feePercent) },
  };
}

export function pricesText(priceCategories: Show['priceCategories']): Pick<ShowText, 'currency' | 'prices'> {
  const prices = priceCategories.map(({ name, price }) => [name, decimalText(price.amount, price.currency)] as const);
  return { currency: priceCategories[0]?.price.currency ?? '', prices: Object.fromEntries(prices) };
}

const minuteMs = 60_000;
const minutesBetween = (from: string, to: string) => Math.round((Date.parse(to) - Date.parse(from)) / minuteMs);

/** The moment so many minutes before another one. */
export const minutesBefore = (at: number, minutes: number) => new Date(at - minutes * minuteMs).toISOString();

export const currencyNow = (text: string) => text.trim().toUpperCase();

interface Shown {
  readonly text: ShowText;
  readonly form: EntryForm;
}

export function movieField({ text, form }: Shown, movies: readonly Movie[]): TemplateResult {
  return field(
    'Movie',
    html`
      <select name="movieId" required>
        <option value="">choose one</option>
        ${movies.map(({ movieId, title, releaseDate }) => html`<option value=${movieId} ?selected=${movieId === text.movieId}>${title}${releaseDate === undefined ? '' : ` (${releaseDate.slice(0, 4)})`}</option>`)}
      </select>
    `,
    form.wrong('/movieId'),
  );
}

export function screenField({ text, form }: Shown, places: readonly Place[]): TemplateResult {
  const theatres = Map.groupBy(places, ({ theatre }) => theatre);
  return field(
    'Screen',
    html`
      <select name="screenId" required>
        <option value="">choose one</option>
        ${[...theatres].map(
          ([{ name, location }, own]) => html`
            <optgroup label="${name}, ${location}">
              ${own.map(({ screen, plan }) => html`<option value=${screen.screenId} ?selected=${screen.screenId === text.screenId}>Screen ${screen.number}: ${plan.name}</option>`)}
            </optgroup>
          `,
        )}
      </select>
    `,
    form.wrong('/screenId'),
  );
}

/** One price for each category that the seat plan has. */
export function priceFields(
  { text, form }: Shown,
  { categories, currency }: { readonly categories: readonly string[]; readonly currency: string },
): TemplateResult {
  const decimals = decimalsOf(currency);
  const like = decimals === 0 ? '1200' : `12.${'5'.padEnd(decimals, '0')}`;
  return html`
    <fieldset>
      <legend>Prices</legend>
      <div class="row">
        ${field(
          'Currency',
          html`<input name="currency" size="5" maxlength="3" required autocapitalize="characters" autocomplete="off" spellcheck="false" placeholder="EUR" value=${text.currency}>`,
          form.wrong('/currency'),
        )}
        ${repeat(
          categories,
          (name) => name,
          (name, at) =>
            field(
              name,
              html`<input name=${priceName(name)} size="9" required inputmode="decimal" autocomplete="off" placeholder=${like} value=${text.prices[name] ?? ''}>`,
              form.wrong(`/priceCategories/${at}`),
            ),
        )}
      </div>
      ${form.wrong('/priceCategories', 'exactly').map((message) => html`<span class="wrong" role="alert">${message}</span>`)}
      ${
        categories.length === 0
          ? html`<p class="quiet">Choose a screen: its seat plan says what there are prices for.</p>`
          : html`
              <p class="quiet">
                What seats cost at first. The pricing rules move it with the demand and the time left, and every booking pays the booking fee
                besides: an administrator sets both under <a href="/console/settings">Settings</a>.
              </p>
            `
      }
    </fieldset>
  `;
}

export function saleFields(
  { text, form }: Shown,
  { timeZone, opens }: { readonly timeZone: string | undefined; readonly opens: string },
): TemplateResult {
  return html`
    <fieldset>
      <legend>Sale</legend>
      <div class="row">
        ${field(
          opens,
          html`<input name="opensAt" type="datetime-local" value=${text.opensAt}>`,
          form.wrong('/sales/opensAt'),
        )}
        ${field(
          'Closes, minutes before the start',
          html`<input name="closesMinutes" type="number" min="0" max="527040" size="7" value=${text.closesMinutes}>`,
          form.wrong('/sales/closesAt'),
        )}
        ${field(
          'Seats per customer (no limit, if empty)',
          html`<input name="seatsMax" type="number" min="1" max="100000" value=${text.seatsMax}>`,
          form.wrong('/seatsPerCustomerMax'),
        )}
      </div>
      ${timeZone === undefined ? undefined : html`<p class="quiet">On the clocks of the theatre (${timeZone}).</p>`}
    </fieldset>
    <fieldset>
      <legend>Refunds</legend>
      <div class="row">
        ${field(
          'Customers may cancel until so many minutes before the start',
          html`<input name="refundUntil" type="number" min="0" max="527040" required value=${text.refundUntil}>`,
          form.wrong('/refundPolicy/untilMinutesBefore'),
        )}
        ${field(
          'Per cent of the price that are kept then',
          html`<input name="refundFee" type="number" min="0" max="100" step="any" required value=${text.refundFee}>`,
          form.wrong('/refundPolicy/feePercent'),
        )}
      </div>
    </fieldset>
  `;
}

const priceName = (category: string) => `price:${category}`;

/** What the shared fields say, for the server; the faults by their pointers, none where there are none. */
export interface ReadShow {
  readonly priceCategories: readonly { readonly name: string; readonly price: Money }[];
  /** `undefined`: at once. */
  readonly opensAt: string | undefined;
  readonly closesMinutes: number;
  readonly seatsPerCustomerMax: number | undefined;
  readonly refundPolicy: Show['refundPolicy'];
  readonly wrong: Readonly<Record<string, string>>;
}

export function readShow(typed: Typed, { theatre: { timeZone }, plan }: Pick<Place, 'theatre' | 'plan'>): ReadShow {
  const wrong: Record<string, string> = {};
  const currency = currencyNow(typed['currency'] ?? '');
  if (!Intl.supportedValuesOf('currency').includes(currency))
    wrong['/currency'] = 'must be a currency by its three letters, such as EUR';
  const priceCategories = plan.priceCategories.map((name, at) => {
    // Half of the world has a comma where the other half has a point.
    const amount = minorUnits((typed[priceName(name)] ?? '').trim().replace(/^(\d+),(\d+)$/, '$1.$2'), currency);
    if (amount === undefined && wrong['/currency'] === undefined)
      wrong[`/priceCategories/${at}`] = amountFault(currency);
    return { name, price: { amount: amount ?? 0, currency } };
  });
  const opens = typed['opensAt'] === undefined ? undefined : momentTyped(typed['opensAt'], { timeZone });
  if (opens !== undefined && 'wrong' in opens) wrong['/sales/opensAt'] = opens.wrong;
  return {
    ...{ priceCategories, wrong },
    opensAt: opens !== undefined && 'at' in opens ? opens.at : undefined,
    closesMinutes: Number(typed['closesMinutes'] ?? 0),
    seatsPerCustomerMax: typed['seatsMax'] === undefined ? undefined : Number(typed['seatsMax']),
    refundPolicy: {
      untilMinutesBefore: Number(typed['refundUntil'] ?? 0),
      feePercent: Number(typed['refundFee'] ?? 0),
    },
  };
}

function amountFault(currency: string): string {
  const decimals = decimalsOf(currency);
  return decimals === 0
    ? `must be a whole amount like 1200: ${currency} has no decimals`
    : `must be an amount like 12.${'5'.padEnd(decimals, '0')}, in ${currency} with up to ${decimals} decimals`;
}
