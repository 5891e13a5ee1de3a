import { html, type TemplateResult } from 'lit-html';
import type { PlaceNames } from '../../src/contracts/rules/places.ts';
import type { Fee, PriceItem } from '../kit/answers.ts';
import { type Money, moneyText } from '../kit/format.ts';

/** What a choice costs, line by line. */
export interface Priced {
  readonly items?: readonly PriceItem[];
  readonly fees?: readonly Fee[];
  readonly total?: Money;
}

export function priceLines({ items = [], fees = [], total }: Priced, names: PlaceNames): TemplateResult {
  return html`
    <ul class="lines">
      ${linesOf(items, names).map(({ what, price }) => html`<li><span>${what}</span><span>${moneyText(price)}</span></li>`)}
      ${fees.map(({ name, price }) => html`<li><span>${name}</span><span>${moneyText(price)}</span></li>`)}
      ${total && html`<li class="sum"><span>Total</span><span>${moneyText(total)}</span></li>`}
    </ul>
  `;
}

/** Places of an area of the same price are one line. */
function linesOf(
  items: readonly PriceItem[],
  names: PlaceNames,
): readonly { readonly what: string; readonly price: Money }[] {
  const groups = Map.groupBy(items, ({ seat, area, price }) => seat ?? `${area} ${price.amount}`);
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const name =
      first.seat === undefined ? `${group.length} × ${names.area(first.area ?? '')}` : names.seat(first.seat);
    const amount = group.reduce((sum, { price }) => sum + price.amount, 0);
    return [{ what: `${name}, ${first.priceCategory}`, price: { amount, currency: first.price.currency } }];
  });
}
