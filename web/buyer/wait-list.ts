import { html, type TemplateResult } from 'lit-html';
import type { SeatPlan } from '../../src/contracts/catalog.ts';
import type { Show } from '../kit/answers.ts';
import type { Hall } from '../kit/hall.ts';
import { fieldsOf, onSubmit } from '../kit/page.ts';
import { placesMax, seatCategories } from './seat-choices.ts';

/** Where no seats are free: the way onto the waiting list of the show. */
interface Stage {
  readonly show: Show;
  readonly plan: SeatPlan;
  readonly hall: Hall;
}

export function waitForm(
  { show, plan, hall }: Stage,
  how: { readonly isClosed: boolean; readonly onSend: (form: HTMLFormElement) => void },
): TemplateResult {
  const most = Math.min(placesMax, show.seatsPerCustomerMax ?? placesMax);
  const categories = hall.rows.length > 0 ? seatCategories(show, hall) : [];
  return html`
    <form class="card" aria-labelledby="wait-for-seats" @submit=${onSubmit(how.onSend)}>
      <strong id="wait-for-seats">Wait for seats</strong>
      <p class="quiet">What becomes free goes to the waiting list first, and is held for you to pay. You pay nothing now.</p>
      <div class="row">
        <label>Places <input name="count" type="number" min="1" max=${most} value=${Math.min(2, most)} required></label>
        <label>What
          <select name="what">
            ${categories.length > 0 ? html`<option value="">any seats</option>` : undefined}
            ${categories.length > 1 ? categories.map(({ name }) => html`<option value="seats ${name}">${name}</option>`) : undefined}
            ${plan.areas.map(({ area, name }) => html`<option value="area ${area}">${name}</option>`)}
          </select></label>
      </div>
      <p><button class="plain" ?disabled=${how.isClosed}>Put me on the waiting list</button></p>
    </form>
  `;
}

/** What the form asks for. */
export function waitOf(form: HTMLFormElement): object {
  const { count = '1', what = '' } = fieldsOf(form);
  const [kind, ...rest] = what.split(' ');
  const name = rest.join(' ');
  const wanted =
    kind === 'area'
      ? { areas: [{ area: name, count: Number(count) }] }
      : { bestAvailable: { count: Number(count), ...(name === '' ? {} : { priceCategory: name }) } };
  return { ...wanted, waitForSeats: {} };
}
