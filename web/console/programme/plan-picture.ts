import { html, type TemplateResult } from 'lit-html';
import { leastDistance } from '../../../src/contracts/rules/best-seats.ts';
import { rowText } from '../../../src/contracts/rules/places.ts';
import { indexOfSeat } from '../../../src/contracts/rules/plan-order.ts';
import { seatsPerPlanMax } from '../../../src/contracts/rules/seat-limits.ts';
import { countText } from '../../kit/format.ts';
import { type Hall, type HallRow, hallOf, placeOf, type SeatPlace } from '../../kit/hall.ts';
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
  /** The best seat, by its index, where the plan names one. */
  #best: number | undefined;
  /** How late each seat is given, from 0 to 1, where that is to be seen. */
  #fading: Float32Array | undefined;
  #says = '';

  /** `onChoose` is told which row of the plan a chosen seat is in, counted through all sections. */
  constructor(app: Pick<App, 'redraw'>, onChoose: (row: number, seat: SeatPlace) => void = () => undefined) {
    this.#app = app;
    this.#onChoose = onChoose;
  }

  show({ sections, areas, bestSeat }: PlanFields): void {
    const categories = [...new Set([...sections, ...areas].map(({ priceCategory }) => priceCategory))];
    const plan = { seatPlanId: '', name: '', sections: [...sections], areas: [...areas] };
    const hall = hallOf({ ...plan, ...(bestSeat === undefined ? {} : { bestSeat }) }, categories);
    // A number with a digit too many is told in words; drawing it would take longer than mending it.
    if (hall.index.seatCount > seatsPerPlanMax) return;
    this.#states = new Uint8Array(hall.index.seatCount);
    this.#best = bestSeat === undefined ? undefined : indexOfSeat(hall.index, bestSeat);
    if (this.#fading !== undefined) this.#fading = fadingOf(hall);
    const map = this.#drawn?.map ?? this.#newMap(hall);
    this.#drawn = { hall, categories, map };
    map.change(hall);
  }

  /** Says something of the seat that was chosen. */
  say(text: string): void {
    this.#says = text;
  }

  /** Shows which seats are given first, or the picture that customers see. */
  showOrder(isShown: boolean): void {
    const hall = this.#drawn?.hall;
    this.#says = '';
    this.#fading = isShown && hall !== undefined ? fadingOf(hall) : undefined;
    this.#drawn?.map.draw();
    this.#app.redraw();
  }

  /** What the best seat is called, where the plan names one. */
  get bestSeatText(): string | undefined {
    const hall = this.#drawn?.hall;
    const seat = hall && this.#best !== undefined ? placeOf(hall, this.#best) : undefined;
    return seat && seatText({ ...seat, isAccessible: false, isCompanion: false });
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
          ${this.#best === undefined ? undefined : html`<li><i class="mine"></i>the best seat</li>`}
        </ul>
        ${
          hall.index.seatCount === 0
            ? undefined
            : html`
                <label class="choice">
                  <input type="checkbox" .checked=${this.#fading !== undefined} @change=${(event: Event) => this.showOrder((event.target as HTMLInputElement).checked)}>
                  Show which seats are given first: the stronger the colour, the sooner
                </label>
              `
        }
        <p role="status">${countText(capacity, 'place')} in all${[...areas.values()].map(({ name, capacity: places }) => `; ${name}: ${places} without numbers`)}.</p>
      </div>
    `;
  }

  #newMap(hall: Hall): SeatMap {
    return seatMap({
      hall,
      states: () => this.#states,
      isMine: (index) => index === this.#best,
      fadingOf: (index) => this.#fading?.[index] ?? 0,
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

/** How late each seat is given, if one after the other is: from 0 for the first to 1 for the last. */
function fadingOf({ index }: Hall): Float32Array {
  const { best, rows, seatCount } = index;
  const fading = new Float32Array(seatCount);
  const order = Uint32Array.from({ length: seatCount }, (_, seat) => seat);
  if (best !== undefined) {
    const distances = new Float64Array(seatCount);
    for (const row of rows) {
      for (let at = 0; at < row.count; at += 1) {
        const seat = { offset: row.offset + at, count: 1, x: row.x + at, y: row.y };
        distances[seat.offset] = leastDistance(best.at, seat);
      }
    }
    order.sort((a, b) => (distances[a] ?? 0) - (distances[b] ?? 0) || a - b);
  }
  order.forEach((seat, rank) => {
    fading[seat] = rank / Math.max(1, seatCount - 1);
  });
  return fading;
}

const nameOf = ({ section, name }: HallRow) => `${section}, ${rowText(name)}`;

export function seatText(seat: SeatPlace): string {
  const kind = seat.isAccessible ? ', wheelchair space' : seat.isCompanion ? ', companion seat' : '';
  return `${nameOf(seat.row)}, seat ${seat.number}${kind}`;
}
