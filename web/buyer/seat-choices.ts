import { html, type TemplateResult } from 'lit-html';
import type { SeatPlan } from '../../src/contracts/catalog.ts';
import type { Show } from '../kit/answers.ts';
import { countText, moneyText } from '../kit/format.ts';
import type { Hall } from '../kit/hall.ts';
import { onSubmit } from '../kit/page.ts';

/** What there is to choose of a show beside its map: what the colours mean, places without a number, and the best seats there are. */
export const placesMax = 10;

/** The categories that seats of the hall have; others are those of areas. */
export function seatCategories({ priceCategories }: Show, hall: Hall) {
  const used = new Set(hall.rows.map(({ category }) => category));
  return priceCategories.map((each, index) => ({ ...each, index })).filter(({ index }) => used.has(index));
}

export function legend(show: Show, hall: Hall): TemplateResult {
  const categories = seatCategories(show, hall);
  return html`
    <ul class="legend">
      ${categories.map(({ name, price, index }) => html`<li><i class="category-${index % 4}"></i>${name}, ${moneyText(price)}</li>`)}
      ${hall.rows.some(({ row }) => row.hasReservedSeats) ? html`<li><i class="reserved"></i>wheelchair or companion</li>` : undefined}
      <li><i class="mine"></i>yours</li>
      <li><i class="taken"></i>taken</li>
    </ul>
    ${
      categories.some(({ price }) => price.amount > 0)
        ? html`<p class="quiet">Prices follow the demand: your choice shows what it costs now.</p>`
        : undefined
    }
  `;
}

/** How many places of an area somebody wants. */
export function placesField(
  { name, priceCategory }: SeatPlan['areas'][number],
  of: {
    readonly show: Show;
    readonly left: number;
    readonly count: number;
    readonly isClosed: boolean;
    readonly onCount: (count: number) => void;
  },
): TemplateResult {
  const price = of.show.priceCategories.find((each) => each.name === priceCategory)?.price;
  const what = price === undefined ? priceCategory : `${priceCategory}, ${moneyText(price)}`;
  return html`
    <p>
      <label>
        ${name} (${what}): ${of.left > 0 ? `${countText(of.left, 'place')} left` : 'nothing left'}
        <input
          type="number" min="0" max=${Math.min(of.left, placesMax)} .value=${String(of.count)} ?disabled=${of.isClosed}
          @change=${(event: Event) => of.onCount(Number((event.target as HTMLInputElement).value))}
        >
      </label>
    </p>
  `;
}

export function bestForm(
  show: Show,
  how: { readonly hall: Hall; readonly isClosed: boolean; readonly onSend: (form: HTMLFormElement) => void },
): TemplateResult {
  const categories = seatCategories(show, how.hall);
  const most = Math.min(placesMax, show.seatsPerCustomerMax ?? placesMax);
  return html`
    <form class="card" @submit=${onSubmit(how.onSend)}>
      <strong>Choose for me</strong>
      <div class="row">
        <label>Seats <input name="count" type="number" min="1" max=${most} value=${Math.min(2, most)} required></label>
        ${
          categories.length > 1
            ? html`<label>Category
                <select name="priceCategory">
                  <option value="">any</option>
                  ${categories.map(({ name }) => html`<option>${name}</option>`)}
                </select></label>`
            : undefined
        }
      </div>
      ${
        how.hall.index.accessible.some((bits) => bits !== 0)
          ? html`<p><label><input type="checkbox" name="accessible" value="yes">wheelchair spaces</label></p>`
          : undefined
      }
      <button class="plain" ?disabled=${how.isClosed}>Find the best</button>
    </form>
  `;
}
