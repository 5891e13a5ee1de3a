import type { SeatPlan } from '../../src/contracts/catalog.ts';
import { rowPrefix } from '../../src/contracts/rules/plan-order.ts';
import type { AreaCount } from './answers.ts';
import { countText } from './format.ts';

/** What seats and areas are called in words: `row A, seat 3`, with its section where a hall has several. */
export interface PlaceNames {
  seat(id: string): string;
  area(area: string): string;
}

const seatWord = ', seat ';

/** While nobody has told the plan of a hall, its ids say most. */
export const byId: PlaceNames = { seat: (id) => id, area: (area) => area };

const known = new WeakMap<Pick<SeatPlan, 'sections' | 'areas'>, PlaceNames>();

export function placeNames(plan: Pick<SeatPlan, 'sections' | 'areas'>): PlaceNames {
  let names = known.get(plan);
  if (names === undefined) {
    names = namesOf(plan);
    known.set(plan, names);
  }
  return names;
}

function namesOf({ sections, areas }: Pick<SeatPlan, 'sections' | 'areas'>): PlaceNames {
  const isOne = sections.length === 1;
  const rows = new Map(
    sections.flatMap((section) =>
      section.rows.map((row) => [
        rowPrefix(section, row),
        isOne ? rowText(row.name) : `${section.name}, ${rowText(row.name)}`,
      ]),
    ),
  );
  const areaNames = new Map(areas.map(({ area, name }) => [area, name]));
  return {
    seat(id) {
      const cut = id.lastIndexOf('-') + 1;
      const row = rows.get(id.slice(0, cut));
      return row === undefined ? id : `${row}${seatWord}${id.slice(cut)}`;
    },
    area: (area) => areaNames.get(area) ?? area,
  };
}

/** `A` and `Row A` are row A; whatever has a name of its own, such as `Box 3`, is called by it. */
export function rowText(name: string): string {
  const text = name.trim().replace(/^row\s+/i, '');
  return text === name.trim() && /\s/.test(text) ? text : `row ${text}`;
}

/** The one place that a ticket is for. */
export function placeOf(
  { seat, area }: { readonly seat?: string | undefined; readonly area?: string | undefined },
  names: PlaceNames,
): string {
  return seat === undefined ? (area === undefined ? '' : names.area(area)) : names.seat(seat);
}

/** What was booked, in a few words; seats of a row are told together: `row A, seats 3, 4`. */
export function placesText(
  { seats, areas = [] }: { readonly seats: readonly string[]; readonly areas?: readonly AreaCount[] | undefined },
  names: PlaceNames,
): string {
  const rows = Map.groupBy(
    seats.map((seat) => names.seat(seat)),
    (text) => text.split(seatWord)[0] ?? '',
  );
  const seatTexts = [...rows].map(([row, [first = '', ...others]]) => {
    if (others.length === 0) return first;
    return `${row}, seats ${[first, ...others].map((text) => text.slice(row.length + seatWord.length)).join(', ')}`;
  });
  const areaTexts = areas.map(({ area, count }) => `${countText(count, 'place')} in ${names.area(area)}`);
  return [...seatTexts, ...areaTexts].join('; ');
}
