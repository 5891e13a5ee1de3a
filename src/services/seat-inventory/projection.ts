import type { AreaCount } from '../../contracts/seats.ts';
import type { Applied, AppliedBatch, Statement } from '../../runtime/service.ts';
import { view } from '../../runtime/service.ts';
import { rowsOf } from '../../runtime/store/postgres/arrays.ts';
import type { BlockDecided, Event } from './state.ts';

/** All SQL of the seat inventory: the walls behind the decider, and the answers to the organizer's requests. */

/** A request of the organizer: `pending` until the show's task has decided. */
export interface BlockRequestDocument {
  readonly status: 'pending' | BlockDecided['data']['outcome'];
  readonly reason?: BlockDecided['data']['reason'];
  readonly offending: readonly string[];
}

type DecidedBlock = Applied<BlockDecided['data']>;

export const blockRequests = view<BlockRequestDocument>({
  name: 'block_requests',
  begunByRequests: true,
  watched: true,
  on: { BlockDecided: ({ envelope }: DecidedBlock) => envelope.data?.requestId },
  fold: (document, { envelope }: DecidedBlock) => {
    if (envelope.data === null) return document;
    const { outcome, reason, offending } = envelope.data;
    return { status: outcome, ...(reason && { reason }), offending };
  },
  columns: {},
});

/** Who had a seat before the batch, `undefined` for nobody, and who has it after: two would be one too many. */
interface Ownership {
  readonly showId: string;
  readonly index: number;
  readonly before: string | undefined;
  after: readonly string[];
}

/**
 * The rows that keep a seat from having two owners. A seat may change hands several times in one batch; only what was
 * before and what is after is written, at most four statements in all. The insert is a plain one on purpose: a second
 * owner, of this batch or of another, violates the primary key and the batch fails.
 */
export function allocationWalls({ applied }: AppliedBatch): readonly Statement[] {
  const owners = new Map<string, Ownership>();
  const capacities = new Map<string, { readonly showId: string; readonly area: string; readonly capacity: number }>();
  const places = new Map<string, { readonly showId: string; readonly area: string; change: number }>();
  for (const { kind, envelope } of applied) {
    if (kind !== 'fact' || envelope.data === null) continue;
    const fact = { type: envelope.type, data: envelope.data } as Event;
    switch (fact.type) {
      case 'ShowSeatsOpened':
        for (const { area, capacity } of fact.data.areas) {
          capacities.set(`${fact.data.showId} ${area}`, { showId: fact.data.showId, area, capacity });
        }
        break;
      case 'SeatsReserved':
        noteSeats(owners, fact.data, 'taken');
        notePlaces(places, fact.data, 1);
        break;
      case 'SeatsSold':
        if (fact.data.from !== 'free') break;
        noteSeats(owners, fact.data, 'taken');
        notePlaces(places, fact.data, 1);
        break;
      case 'SeatsReleased':
        noteSeats(owners, fact.data, 'given back');
        notePlaces(places, fact.data, -1);
        break;
      default:
        // Every other fact leaves owners as they are.
        break;
    }
  }
  return [...seatStatements([...owners.values()]), ...areaStatements([...capacities.values()], [...places.values()])];
}

interface Change {
  readonly bookingId: string;
  readonly showId: string;
  readonly indexes: readonly number[];
  readonly areas: readonly AreaCount[];
}

function noteSeats(owners: Map<string, Ownership>, data: Change, change: 'taken' | 'given back'): void {
  const { bookingId, showId } = data;
  for (const index of data.indexes) {
    const key = `${showId} ${index}`;
    const before = change === 'taken' ? undefined : bookingId;
    const known = owners.get(key) ?? { showId, index, before, after: [] };
    const others = known.after.filter((owner) => owner !== bookingId);
    known.after = change === 'taken' ? [...others, bookingId] : others;
    owners.set(key, known);
  }
}

function notePlaces(
  places: Map<string, { readonly showId: string; readonly area: string; change: number }>,
  { showId, areas }: Change,
  sign: 1 | -1,
): void {
  for (const { area, count } of areas) {
    const key = `${showId} ${area}`;
    const known = places.get(key);
    if (known === undefined) places.set(key, { showId, area, change: sign * count });
    else known.change += sign * count;
  }
}

function seatStatements(all: readonly Ownership[]): readonly Statement[] {
  const changed = all.filter(({ before, after }) => after.length !== 1 || after[0] !== before);
  const gone = changed.filter(({ before }) => before !== undefined);
  const come = changed.flatMap(({ showId, index, after }) => after.map((owner) => ({ showId, index, owner })));
  const statements: Statement[] = [];
  if (gone.length > 0) {
    statements.push({
      name: 'release-allocations',
      text: `delete from allocations using (${rowsOf('text', 'int', 'text')}) as gone (show_id, seat_index, booking_id)
             where allocations.show_id = gone.show_id and allocations.seat_index = gone.seat_index
               and allocations.booking_id = gone.booking_id`,
      values: [gone.map((each) => each.showId), gone.map((each) => each.index), gone.map((each) => each.before ?? '')],
    });
  }
  if (come.length > 0) {
    statements.push({
      name: 'insert-allocations',
      text: `insert into allocations (show_id, seat_index, booking_id)
             ${rowsOf('text', 'int', 'text')}`,
      values: [come.map((each) => each.showId), come.map((each) => each.index), come.map((each) => each.owner)],
    });
  }
  return statements;
}

function areaStatements(
  opened: readonly { readonly showId: string; readonly area: string; readonly capacity: number }[],
  changed: readonly { readonly showId: string; readonly area: string; readonly change: number }[],
): readonly Statement[] {
  const statements: Statement[] = [];
  if (opened.length > 0) {
    statements.push({
      name: 'open-areas',
      text: `insert into area_allocations (show_id, area, held_or_sold, capacity)
             select show_id, area, 0, capacity from unnest($1::text[], $2::text[], $3::int[]) as opened (show_id, area, capacity)
             on conflict (show_id, area) do update set capacity = excluded.capacity`,
      values: [opened.map((each) => each.showId), opened.map((each) => each.area), opened.map((each) => each.capacity)],
    });
  }
  const moved = changed.filter(({ change }) => change !== 0);
  if (moved.length > 0) {
    statements.push({
      name: 'move-places',
      text: `update area_allocations set held_or_sold = held_or_sold + moved.change
             from unnest($1::text[], $2::text[], $3::int[]) as moved (show_id, area, change)
             where area_allocations.show_id = moved.show_id and area_allocations.area = moved.area`,
      values: [moved.map((each) => each.showId), moved.map((each) => each.area), moved.map((each) => each.change)],
    });
  }
  return statements;
}
