import { html, type TemplateResult } from 'lit-html';
import { rowText } from '../../../src/contracts/rules/places.ts';
import { seatsPerPlanMax } from '../../../src/contracts/rules/seat-limits.ts';
import { countText } from '../../kit/format.ts';
import { type Hall, type HallRow, hallOf, type SeatPlace } from '../../kit/hall.ts';
import type { App } from '../../kit/page.ts';
import { type SeatMap, seatMap, seatMapView } from '../../kit/seat-map.ts';
import type { PlanFields } from './plan-draft.ts';

/** The picture of a seat plan, drawn as customers will see it, and what is in it in words. */
interface Drawn {
  readonly hall: Hall;
  readonly categories: readonly string[];
  readonly map: SeatMap;
}

export class PlanPicture {
  readonly #app: Pick<App, 'redraw'>;
  readonly #onChoose: (row: number, seat: SeatPlace) => void;
  #drawn: Drawn | undefined;
  #states: Uint8Array = new Uint8Array();
  #says = '';

  /** `onChoose` is told which row of the plan a chosen seat is in, counted through all sections. */
  constructor(app: Pick<App, 'redraw'>, onChoose: (row: number, seat: SeatPlace) => void = () => undefined) {
    this.#app = app;
    this.#onChoose = onChoose;
  }

  show({ sections, areas }: PlanFields): void {
    const categories = [...new Set([...sections, ...areas].map(({ priceCategory }) => priceCategory))];
    const hall = hallOf({ seatPlanId: '', name: '', sections: [...sections], areas: [...areas] }, categories);
    // A number with a digit too many is told in words; drawing it would take longer than mending it.
    if (hall.index.seatCount > seatsPerPlanMax) return;
    this.#states = new Uint8Array(hall.index.seatCount);
    const map = this.#drawn?.map ?? this.#newMap(hall);
    this.#drawn = { hall, categories, map };
    map.change(hall);
  }

  /** Says something of the seat that was chosen. */
  say(text: string): void {
    this.#says = text;
  }

  leave(): void {
    this.#drawn?.map.leave();
  }

  view(hint: string): TemplateResult | undefined {
    if (this.#drawn === undefined) return undefined;
    const { hall, categories, map } = this.#drawn;
    const { capacities, capacity, areas } = hall.index;
    return html`
      <div class="map">
        ${hall.index.seatCount === 0 ? html`<p class="quiet">No seats yet.</p>` : seatMapView(map, this.#says === '' ? hint : this.#says)}
        <ul class="legend">
          ${categories.map(
            (name, index) =>
              html`<li><i class="category-${index % 4}"></i>${name === '' ? 'without a price category' : name}: ${capacities.get(name) ?? 0}</li>`,
          )}
          ${hall.rows.some(({ row }) => row.hasReservedSeats) ? html`<li><i class="reserved"></i>wheelchair or companion</li>` : undefined}
        </ul>
        <p role="status">${countText(capacity, 'place')} in all${[...areas.values()].map(({ name, capacity: places }) => `; ${name}: ${places} without numbers`)}.</p>
      </div>
    `;
  }

  #newMap(hall: Hall): SeatMap {
    return seatMap({
      hall,
      states: () => this.#states,
      isMine: () => false,
      onChoose: (seat) => {
        this.#onChoose(this.#drawn?.hall.rows.indexOf(seat.row) ?? -1, seat);
        this.#app.redraw();
      },
      onLook: (seat) => {
        this.#says = seat === undefined ? '' : seatText(seat);
        this.#app.redraw();
      },
    });
  }
}

const nameOf = ({ section, name }: HallRow) => `${section}, ${rowText(name)}`;

export function seatText(seat: SeatPlace): string {
  const kind = seat.isAccessible ? ', wheelchair space' : seat.isCompanion ? ', companion seat' : '';
  return `${nameOf(seat.row)}, seat ${seat.number}${kind}`;
}
