import type { Installation } from '../installation.ts';
import type { Examination, Finding, Report } from './finding.ts';

/** What tables say by themselves: owners of seats, places of areas, tickets of seats, answers that were given. */

interface Count {
  readonly looked: number;
}

const wrongShown = 1_000;

const seatOwners = { name: 'seat-has-one-owner', promise: 1, says: 'no seat has two active owners' } as const;
const areaPlaces = { name: 'area-capacity', promise: 1, says: 'no area has more places taken than it holds' } as const;
const seatTickets = {
  name: 'one-ticket-per-show-seat',
  promise: 1,
  says: 'no seat of a show has two valid tickets',
} as const;
const answersKept = {
  name: 'answer-has-booking',
  promise: 2,
  says: 'every acknowledged request has its booking',
} as const;

export const wallExamination: Examination = {
  invariants: [seatOwners, areaPlaces, seatTickets],
  examine: async function* (installation) {
    yield* counted(installation, seatOwners.name, 'seat-inventory', 'allocations');
    yield* twoOwners(installation);
    yield* counted(installation, areaPlaces.name, 'seat-inventory', 'area_allocations');
    yield* overfull(installation);
    yield* counted(installation, seatTickets.name, 'ticket', 'tickets');
    yield* twoTickets(installation);
  },
};

async function* counted(
  { query }: Installation,
  name: string,
  service: 'seat-inventory' | 'ticket',
  table: string,
): AsyncGenerator<Report> {
  const [row] = await query<Count>(service, `select count(*)::int as looked from ${table}`);
  yield { looked: { [name]: row?.looked ?? 0 } };
}

async function* twoOwners({ query }: Installation): AsyncGenerator<Report> {
  const rows = await query<{ readonly showId: string; readonly seatIndex: number; readonly owners: readonly string[] }>(
    'seat-inventory',
    `select show_id as "showId", seat_index as "seatIndex", array_agg(booking_id) as owners from allocations
     group by 1, 2 having count(*) > 1 limit ${wrongShown}`,
  );
  for (const { showId, seatIndex, owners } of rows) {
    yield found(
      seatOwners.name,
      `${showId} ${seatIndex}`,
      `seat index ${seatIndex} of ${showId} belongs to ${owners.join(' and ')}`,
    );
  }
}

interface AreaRow {
  readonly showId: string;
  readonly area: string;
  readonly taken: number;
  readonly capacity: number;
}

async function* overfull({ query }: Installation): AsyncGenerator<Report> {
  const rows = await query<AreaRow>(
    'seat-inventory',
    'select show_id as "showId", area, held_or_sold as taken, capacity from area_allocations',
  );
  const tickets = await query<Omit<AreaRow, 'capacity'>>(
    'ticket',
    `select show_id as "showId", body ->> 'area' as area, count(*)::int as taken from tickets
     where seat is null and status <> 'void' group by 1, 2`,
  );
  const ticketsOf = new Map(tickets.map(({ showId, area, taken }) => [`${showId} ${area}`, taken]));
  for (const { showId, area, taken, capacity } of rows) {
    const name = `${showId} ${area}`;
    if (taken < 0 || taken > capacity)
      yield found(areaPlaces.name, name, `${area} of ${showId} has ${taken} of ${capacity} places taken`);
    const valid = ticketsOf.get(name) ?? 0;
    if (valid > taken)
      yield found(areaPlaces.name, name, `${area} of ${showId} has ${valid} valid tickets for ${taken} places taken`);
  }
}

async function* twoTickets({ query }: Installation): AsyncGenerator<Report> {
  const rows = await query<{ readonly showId: string; readonly seat: string; readonly tickets: readonly string[] }>(
    'ticket',
    `select show_id as "showId", seat, array_agg(id) as tickets from tickets
     where seat is not null and status <> 'void' group by 1, 2 having count(*) > 1 limit ${wrongShown}`,
  );
  for (const { showId, seat, tickets } of rows) {
    yield found(
      seatTickets.name,
      `${showId} ${seat}`,
      `seat ${seat} of ${showId} has valid tickets ${tickets.join(' and ')}`,
    );
  }
}

const pageMax = 5_000;

interface AnswerRow {
  readonly scope: string;
  readonly key: string;
  readonly resource: string;
}

/** Answers to requests for bookings, page by page: each names a booking that its customer can read. */
export const requestExamination: Examination = {
  invariants: [answersKept],
  examine: async function* ({ query }) {
    let last = { scope: '', key: '' };
    for (;;) {
      const page = await query<AnswerRow>(
        'user',
        `select scope, key, resource from idempotency_keys where (scope, key) > ($1, $2) order by scope, key limit ${pageMax}`,
        [last.scope, last.key],
      );
      const booked = page.filter(({ resource }) => resource.startsWith('bkg_'));
      yield { looked: { [answersKept.name]: booked.length } };
      const missing = await query<{ readonly id: string }>(
        'user',
        `select wanted.id from unnest($1::text[]) as wanted(id) left join bookings using (id)
         where bookings.id is null
           or not exists (select from events e where e.stream = wanted.id)
           and not exists (select from requests r where r.subject = wanted.id)
           and not exists (select from parked p where p.subject = wanted.id)`,
        [booked.map(({ resource }) => resource)],
      );
      for (const { id } of missing)
        yield found(answersKept.name, id, `${id} was acknowledged, and nothing is known of it`);
      const end = page.at(-1);
      if (end === undefined || page.length < pageMax) return;
      last = end;
    }
  },
};

function found(invariant: string, key: string, says: string): { readonly finding: Finding } {
  return { finding: { invariant, key, says } };
}
