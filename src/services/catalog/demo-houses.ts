import type { SeatPlan, SeatRow } from '../../contracts/catalog.ts';
import { usualSeat } from '../../contracts/rules/plan-order.ts';

/** The houses of the demo: invented theatres in real towns, and the seat plans of their screens. */
export interface DemoPlan extends Omit<SeatPlan, 'seatPlanId'> {
  /** List prices by category, in minor units. */
  readonly prices: Readonly<Record<string, number>>;
}

/** A block of rows that widen towards the back, as in a fan-shaped hall. */
interface Block {
  readonly id: string;
  readonly name: string;
  readonly priceCategory: string;
  readonly rows: number;
  /** Seats of the first row, and how many more each row has than the one before. */
  readonly seats: number;
  readonly widening?: number;
  /** The letter of the first row, and how far from the stage it stands. */
  readonly firstRow?: number;
  readonly y?: number;
  /** Wheelchair places at both ends of the first row, each with a seat for a companion. */
  readonly wheelchairs?: boolean;
}

function section(block: Block) {
  const { id, name, priceCategory, rows, seats, widening = 0, firstRow = 0, y = 0, wheelchairs = false } = block;
  return {
    ...{ id, name, priceCategory },
    rows: Array.from({ length: rows }, (_, index): SeatRow => {
      const count = seats + widening * index;
      const letter = rowLetter(firstRow + index);
      const isKept = wheelchairs && index === 0;
      const kept = { accessible: isKept ? [1, count] : [], companion: isKept ? [2, count - 1] : [] };
      // Seats stand one apart, each row centred on the middle of the stage.
      const numbers = { first: 1, last: count, step: 1, ...kept };
      return { id: letter, name: letter, ...numbers, x: -(count - 1) / 2, y: y + index };
    }),
  };
}

/** A to Z, then AA, AB and so on. */
function rowLetter(index: number): string {
  const letter = String.fromCharCode('A'.charCodeAt(0) + (index % 26));
  return index < 26 ? letter : `A${letter}`;
}

/** A hall of one room: the rows in front, and better ones behind. Its name tells how many it seats. */
function room(
  title: string,
  front: Omit<Block, 'id' | 'name' | 'priceCategory'> & { readonly backRows: number },
  prices: DemoPlan['prices'],
): DemoPlan {
  const { backRows, ...frontRows } = front;
  const widening = front.widening ?? 0;
  const back = {
    rows: backRows,
    seats: front.seats + widening * front.rows,
    widening,
    firstRow: front.rows,
    y: front.rows + 1,
  };
  const sections = [
    section({ id: 'S', name: 'Front', priceCategory: 'standard', wheelchairs: true, ...frontRows }),
    ...(backRows > 0 ? [section({ id: 'P', name: 'Rear', priceCategory: 'premium', ...back })] : []),
  ];
  const seats = sections.flatMap(({ rows }) => rows).reduce((total, { last }) => total + last, 0);
  return {
    ...{ name: `${title}, ${seats} seats`, sections, areas: [], prices },
    // A screen is seen best from two thirds back.
    bestSeat: usualSeat(sections, 'middle'),
  };
}

/** 960 in the stalls, 640 in the circle, 400 standing in front of the stage: a house of 2,000. */
const grandHall: DemoPlan = {
  name: 'Grand hall',
  sections: [
    section({ id: 'ST', name: 'Stalls', priceCategory: 'stalls', rows: 24, seats: 40, y: 6, wheelchairs: true }),
    section({ id: 'CI', name: 'Circle', priceCategory: 'circle', rows: 16, seats: 40, y: 34 }),
  ],
  areas: [{ area: 'standing', name: 'Standing in front of the stage', capacity: 400, priceCategory: 'standing' }],
  prices: { stalls: 6_500, circle: 4_800, standing: 3_900 },
  // A stage is seen best from nearby.
  bestSeat: 'ST-A-20',
};

export const demoPlans = {
  studio: room('Studio', { rows: 6, seats: 10, backRows: 0 }, { standard: 1_100 }),
  parlour: room('Parlour', { rows: 6, seats: 12, backRows: 2 }, { standard: 1_250, premium: 1_500 }),
  salon: room('Salon', { rows: 8, seats: 12, backRows: 4 }, { standard: 1_350, premium: 1_650 }),
  saloon: room('Saloon', { rows: 8, seats: 14, widening: 1, backRows: 3 }, { standard: 1_450, premium: 1_800 }),
  palace: room('Palace', { rows: 11, seats: 18, widening: 1, backRows: 3 }, { standard: 1_600, premium: 2_000 }),
  panorama: room('Panorama', { rows: 14, seats: 20, widening: 1, backRows: 4 }, { standard: 1_850, premium: 2_300 }),
  grandHall,
} as const satisfies Record<string, DemoPlan>;

export type DemoPlanName = keyof typeof demoPlans;

export interface DemoHouse {
  readonly name: string;
  readonly location: string;
  readonly timeZone: string;
  readonly currency: string;
  /** The plan of each screen, screen 1 first. */
  readonly screens: readonly DemoPlanName[];
}

/** Six houses in four time zones, thirty screens. */
export const demoHouses: readonly DemoHouse[] = [
  {
    ...{ name: 'The Meridian', location: 'Brooklyn, New York', timeZone: 'America/New_York', currency: 'USD' },
    screens: ['panorama', 'palace', 'saloon', 'salon', 'parlour', 'studio'],
  },
  {
    ...{ name: 'Harbour Lights', location: 'Boston, Massachusetts', timeZone: 'America/New_York', currency: 'USD' },
    screens: ['palace', 'saloon', 'salon', 'parlour'],
  },
  {
    ...{ name: 'Lakeview Picture House', location: 'Chicago, Illinois', timeZone: 'America/Chicago', currency: 'USD' },
    screens: ['panorama', 'palace', 'salon', 'parlour', 'studio'],
  },
  {
    ...{ name: 'The Arroyo', location: 'Los Angeles, California', timeZone: 'America/Los_Angeles', currency: 'USD' },
    screens: ['panorama', 'palace', 'saloon', 'salon', 'parlour', 'studio'],
  },
  {
    ...{ name: 'Cascade Cinema', location: 'Seattle, Washington', timeZone: 'America/Los_Angeles', currency: 'USD' },
    screens: ['palace', 'saloon', 'parlour', 'studio'],
  },
  {
    ...{ name: 'The Empress', location: 'Southwark, London', timeZone: 'Europe/London', currency: 'GBP' },
    screens: ['grandHall', 'panorama', 'saloon', 'salon', 'studio'],
  },
];
