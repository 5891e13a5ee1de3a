import type { SeatPlan } from '../catalog.ts';
import type { AreaCount } from '../seats.ts';
import { rowPrefix } from './plan-order.ts';

/** What seats and areas are called in words: `row A, seat 3`, with its section where a hall has several. */
export interface PlaceNames {
  /** The row in words and the number in it; `undefined` where the plan has no such seat, or nobody has told the plan. */
  inRow(id: string): { readonly row: string; readonly number: string } | undefined;
  seat(id: string): string;
  area(area: string): string;
}

type Named = Pick<SeatPlan, 'sections' | 'areas'>;

/** While nobody has told the plan of a hall, its ids say most. */
export const byId: PlaceNames = namesOf({ sections: [], areas: [] });

const known = new WeakMap<Named, PlaceNames>();

/** The names of a plan; made once for each plan object. */
export function placeNames(plan: Named): PlaceNames {
  let names = known.get(plan);
  if (names === undefined) {
    names = namesOf(plan);
    known.set(plan, names);
  }
  return names;
}

function namesOf({ sections, areas }: Named): PlaceNames {
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
  const inRow = (id: string) => {
    const cut = id.lastIndexOf('-') + 1;
    const row = rows.get(id.slice(0, cut));
    return row === undefined ? undefined : { row, number: id.slice(cut) };
  };
  return {
    inRow,
    seat(id) {
      const place = inRow(id);
      return place === undefined ? id : `${place.row}, seat ${place.number}`;
    },
    area: (area) => areaNames.get(area) ?? area,
  };
}

/** `A` and `Row A` are row A; whatever has a name of its own, such as `Box 3`, is called by it. */
export function rowText(name: string): string {
  const text = name.trim().replace(/^row\s+/i, '');
  return text === name.trim() && /\s/.test(text) ? text : `row ${text}`;
}

/** One place: a seat, or somewhere in an area. */
interface OnePlace {
  readonly seat?: string | undefined;
  readonly area?: string | undefined;
}

/** The one place that a ticket is for. */
export function placeOf({ seat, area }: OnePlace, names: PlaceNames): string {
  return seat === undefined ? (area === undefined ? '' : names.area(area)) : names.seat(seat);
}

/** What was booked, in a few words; seats of a row are told together: `row A, seats 3, 4`, and by their ids where nothing else is known. */
export function placesText(
  { seats = [], areas = [] }: { readonly seats?: readonly string[]; readonly areas?: readonly AreaCount[] | undefined },
  names: PlaceNames,
): string {
  const places = seats.map((id) => names.inRow(id) ?? { row: '', number: id });
  const rows = Map.groupBy(places, ({ row }) => row);
  const seatTexts = [...rows].map(([row, those]) => {
    const numbers = `${those.length === 1 ? 'seat' : 'seats'} ${those.map(({ number }) => number).join(', ')}`;
    return row === '' ? numbers : `${row}, ${numbers}`;
  });
  const areaTexts = areas.map(
    ({ area, count }) => `${count} ${count === 1 ? 'place' : 'places'} in ${names.area(area)}`,
  );
  return [...seatTexts, ...areaTexts].join('; ');
}
