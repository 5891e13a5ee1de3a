import type { ServiceName } from '../../contracts/topics.ts';
import type { Installation } from '../installation.ts';
import type { Examination, Report } from './finding.ts';

/** What may happen once only, told by the tables: an entry with a ticket, a booking for a key. */

const admittedOnce = {
  name: 'admitted-once',
  promise: 1,
  says: 'a ticket lets in once, is known, and the door and the facts agree',
} as const;
const keyOnce = { name: 'one-booking-per-key', promise: 2, says: 'no booking answers two keys' } as const;

const pageMax = 5_000;
const wrongShown = 1_000;

interface Admitted {
  readonly ticketId: string;
  readonly known: boolean;
  readonly facts: number;
}

export const onceExamination: Examination = {
  invariants: [admittedOnce, keyOnce],
  examine: async function* (installation) {
    yield* admissions(installation);
    yield* keys(installation);
  },
};

async function* admissions({ query }: Installation): AsyncGenerator<Report> {
  for (let after = ''; ; ) {
    const page = await query<Admitted>(
      'ticket',
      `select a.ticket_id as "ticketId", t.id is not null as known,
         (select count(*)::int from events e where e.stream = a.ticket_id and e.type = 'TicketAdmitted')
         + (select count(*)::int from requests r where r.stream = a.ticket_id and r.type = 'TicketAdmitted')
         + (select count(*)::int from parked p where p.subject = t.booking_id and p.arrival::text like '{"kind":"request",%"type":"TicketAdmitted"%') as facts
       from admissions a left join tickets t on t.id = a.ticket_id
       where a.ticket_id > $1 order by a.ticket_id limit ${pageMax}`,
      [after],
    );
    yield { looked: { [admittedOnce.name]: page.length } };
    for (const { ticketId, known, facts } of page) {
      if (known && facts === 1) continue;
      const says = known
        ? `ticket ${ticketId} was let in, and ${facts} facts say so`
        : `somebody was let in with ticket ${ticketId}, which was never issued`;
      yield { finding: { invariant: admittedOnce.name, key: ticketId, says } };
    }
    const end = page.at(-1);
    if (end === undefined || page.length < pageMax) return;
    after = end.ticketId;
  }
}

async function* keys({ query }: Installation): AsyncGenerator<Report> {
  const service: ServiceName = 'user';
  const booked = `scope like '% POST /v1/bookings' and resource like 'bkg\\_%'`;
  const [all] = await query<{ readonly count: number }>(
    service,
    `select count(*)::int as count from idempotency_keys where ${booked}`,
  );
  yield { looked: { [keyOnce.name]: all?.count ?? 0 } };
  const twice = await query<{ readonly resource: string; readonly keys: number }>(
    service,
    `select resource, count(*)::int as keys from idempotency_keys where ${booked}
     group by resource having count(*) > 1 limit ${wrongShown}`,
  );
  for (const { resource, keys } of twice)
    yield { finding: { invariant: keyOnce.name, key: resource, says: `${resource} answers ${keys} keys` } };
}
