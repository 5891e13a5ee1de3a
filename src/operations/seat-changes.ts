import type { PlaceNames } from '../contracts/rules/places.ts';
import { indexOfSeat, planIndex } from '../contracts/rules/plan-order.ts';
import { type SeatEvent, seatEvents } from '../contracts/seat-inventory.ts';
import { type Installation, OperationRefused } from './installation.ts';
import { placesOfShow, planOfShow } from './place-names.ts';
import { sentenceFor } from './timeline-sentences.ts';

/**
 * What became of the seats of a show, from the facts of its one writer: so that the hall can be shown as it was at any moment,
 * and whoever did not get a seat can be told who had it and when.
 */
export interface SeatChange {
  /** The stream version of the show: its changes count from 1, with gaps where nothing happened to seats. */
  readonly version: number;
  readonly at: string;
  readonly type: SeatEvent['type'];
  /** Whose they were; absent where the organizer keeps seats off sale or puts them back. */
  readonly bookingId?: string;
  /** What the seats are from then on; absent where somebody asked for them in vain. */
  readonly becomes?: SeatState;
  /** Where somebody asked in vain, those that stood in the way. */
  readonly seats: readonly string[];
  readonly areas: readonly { readonly area: string; readonly count: number }[];
  readonly says: string;
}

export type SeatState = 'free' | 'held' | 'sold' | 'blocked';

export interface SeatHistory {
  readonly showId: string;
  readonly seat: string;
  /** The seat in words; its id, where the plan does not have it any more. */
  readonly place: string;
  readonly changes: readonly SeatChange[];
  /** What the seat is now, in a sentence. */
  readonly conclusion: string;
}

/** Changes that are read at once. */
export const seatChangesMax = 5_000;
/** Of one seat: each is a booking that had it or wanted it. */
const historyMax = 2_000;

const becomes: Readonly<Record<SeatEvent['type'], SeatState | undefined>> = {
  SeatsReserved: 'held',
  SeatsSold: 'sold',
  SeatsReleased: 'free',
  SeatsBlocked: 'blocked',
  SeatsUnblocked: 'free',
  SeatsRefused: undefined,
  SeatsAwaited: undefined,
  SeatsLost: undefined,
};

/** Changes of a show's seats in their order, those after a version, at most so many; of one seat if one is named. */
export async function seatChanges(
  installation: Installation,
  showId: string,
  { after = 0, limit, seat }: { readonly after?: number; readonly limit: number; readonly seat?: string },
): Promise<readonly SeatChange[]> {
  const names = await placesOfShow(installation, showId);
  const rows = await installation.query<Row>(
    'seat-inventory',
    // A seat's id within quotes is looked for in the text, which costs a tenth of opening each; what else has it is left out below.
    `select stream_version as version, type, time, data from events
     where stream = $1 and stream_version > $2 and type = any ($3) and ($4::text is null or strpos(data::text, $4) > 0)
     order by stream_version limit $5`,
    [showId, after, seatEvents.map(({ type }) => type), seat === undefined ? null : JSON.stringify(seat), limit],
  );
  return rows.map((row) => changeOf(row, names)).filter(({ seats }) => seat === undefined || seats.includes(seat));
}

interface Row {
  readonly version: number;
  readonly type: SeatEvent['type'];
  readonly time: number;
  readonly data: {
    readonly bookingId?: string;
    readonly seats?: readonly string[];
    readonly areas?: SeatChange['areas'];
    readonly offending?: readonly string[];
  };
}

function changeOf({ version, type, time, data }: Row, names: PlaceNames): SeatChange {
  const { bookingId, seats = [], areas = [], offending } = data;
  const state = becomes[type];
  return {
    ...{ version, at: new Date(time).toISOString(), type },
    ...(bookingId === undefined ? {} : { bookingId }),
    ...(state === undefined ? {} : { becomes: state }),
    ...{ seats: offending ?? seats, areas, says: sentenceFor(type, data, names) },
  };
}

/** The story of one seat. Refuses a show that nobody knows, and a seat that its plan does not have and never had. */
export async function seatHistory(installation: Installation, showId: string, seat: string): Promise<SeatHistory> {
  const changes = await seatChanges(installation, showId, { limit: historyMax, seat });
  if (changes.length === 0) await mustExist(installation, showId, seat);
  const place = (await placesOfShow(installation, showId)).seat(seat);
  return { showId, seat, place, changes, conclusion: conclusionOf(changes) };
}

async function mustExist(installation: Installation, showId: string, seat: string): Promise<void> {
  const plan = await planOfShow(installation, showId);
  if (plan === undefined) throw new OperationRefused('not_found', `There is no show "${showId}". Check the id.`);
  if (indexOfSeat(planIndex(plan), seat) !== undefined) return;
  throw new OperationRefused(
    'not_found',
    `The show has no seat "${seat}". Seats are named as in its plan, like S-A-12.`,
  );
}

function conclusionOf(changes: readonly SeatChange[]): string {
  const last = changes.findLast((each) => each.becomes !== undefined);
  if (last === undefined) return 'It is free, and nobody has had it.';
  const who = last.bookingId ?? 'the organizer';
  switch (last.becomes) {
    case 'sold':
      return `It is sold to ${who}.`;
    case 'held':
      return `It is held for ${who}.`;
    case 'blocked':
      return 'It is kept off sale.';
    default:
      return 'It is free again.';
  }
}
