import { z } from 'zod';
import type { ServiceName } from '../contracts/topics.ts';
import { atOwner, type Installation, OperationRefused } from './installation.ts';

/**
 * Inputs that wait: the one that could not be decided, and behind it all that came later about the same subject. An id is
 * the service's name and the input's own id, so that it says where to look.
 */
export const parkedInput = z.object({
  parkedId: z.string(),
  service: z.string(),
  partition: z.int(),
  subject: z.string(),
  reason: z.string(),
  detail: z.string(),
  parkedAt: z.iso.datetime(),
  /** Only waiting for a reference, and until when. */
  waitUntil: z.iso.datetime().optional(),
  what: z.string(),
  /** Inputs of the same subject that wait, this one included. */
  waiting: z.int(),
});
export type ParkedInput = z.infer<typeof parkedInput>;

/** The input as it came, for the person who looks at it. */
export interface ParkedDetail extends ParkedInput {
  readonly arrival: unknown;
}

/** The most inputs one list names. */
export const parkedListMax = 1_000;

interface Row {
  readonly parked_id: string;
  readonly partition: number;
  readonly subject: string;
  readonly reason: string;
  readonly detail: string;
  readonly arrival: Arrival;
  readonly parked_at: number;
  readonly wait_until: number | null;
  readonly waiting: number;
}

/** As much of a parked arrival as says what it is. */
interface Arrival {
  readonly kind?: string;
  readonly record?: { readonly topic: string; readonly offset: number; readonly headers: Record<string, string> };
  readonly row?: { readonly type?: string; readonly stream?: string };
  readonly answer?: { readonly type: string };
}

/** What is parked, oldest first, at most `parkedListMax`; of one service if one is named. */
export async function listParked(installation: Installation, service?: string): Promise<readonly ParkedInput[]> {
  const listed: ParkedInput[] = [];
  for (const { name } of installation.definitions) {
    if (service !== undefined && name !== service) continue;
    const rows = await installation.query<Row>(
      name as ServiceName,
      `select parked_id, partition, subject, reason, detail, coalesce(brief, arrival) as arrival, parked_at, wait_until,
         case when subject = '' then 1 else count(*) over (partition by partition, subject) end::int as waiting
       from parked order by position limit $1`,
      [parkedListMax],
    );
    listed.push(...rows.map((row) => inputOf(name, row)));
  }
  return listed.sort((a, b) => a.parkedAt.localeCompare(b.parkedAt)).slice(0, parkedListMax);
}

/** One parked input with all of it. Refuses an id that names nothing. */
export async function showParked(installation: Installation, id: string): Promise<ParkedDetail> {
  const { service, parkedId } = partsOf(installation, id);
  const [row] = await installation.query<Row>(
    service as ServiceName,
    `select parked_id, partition, subject, reason, detail, arrival, parked_at, wait_until,
       (select count(*)::int from parked other
        where other.partition = parked.partition and other.subject = parked.subject) as waiting
     from parked where parked_id = $1`,
    [parkedId],
  );
  if (row === undefined) throw unknown(id);
  return { ...inputOf(service, row), arrival: row.arrival };
}

/** Takes an input up again, with everything that waits behind it; tells how many were taken up. */
export async function redriveParked(installation: Installation, id: string): Promise<{ readonly redriven: number }> {
  const { parkedId } = partsOf(installation, id);
  const asked = { ...(await taskOf(installation, id)), operation: 'redrive', input: { name: id } };
  return atOwner(installation, asked, async ({ loop }) => {
    const row = loop.parked.find((each) => each.parkedId === parkedId);
    if (row === undefined) throw unknown(id);
    return { redriven: loop.redrive(row.partition, row.subject, row.parkedId) };
  });
}

/** Throws one input away for good and takes up what waits behind it. */
export async function discardParked(installation: Installation, id: string): Promise<{ readonly discarded: 1 }> {
  const { parkedId } = partsOf(installation, id);
  const asked = { ...(await taskOf(installation, id)), operation: 'discard', input: { name: id } };
  return atOwner(installation, asked, async ({ loop }) => {
    if (!loop.discard(parkedId)) throw unknown(id);
    return { discarded: 1 };
  });
}

/** Whose task a parked input belongs to. */
async function taskOf(installation: Installation, id: string) {
  const { service, parkedId } = partsOf(installation, id);
  const [row] = await installation.query<{ partition: number }>(
    service as ServiceName,
    'select partition from parked where parked_id = $1',
    [parkedId],
  );
  if (row === undefined) throw unknown(id);
  return { service, partition: row.partition };
}

function partsOf({ definitions }: Installation, id: string): { readonly service: string; readonly parkedId: string } {
  const dot = id.indexOf('.');
  const service = id.slice(0, Math.max(dot, 0));
  if (!definitions.some(({ name }) => name === service)) throw unknown(id);
  return { service, parkedId: id.slice(dot + 1) };
}

function unknown(id: string): OperationRefused {
  return new OperationRefused('not_found', `Nothing is parked as "${id}". List what is: fullhouse parked`);
}

function inputOf(service: string, row: Row): ParkedInput {
  return {
    parkedId: `${service}.${row.parked_id}`,
    service,
    partition: row.partition,
    subject: row.subject,
    reason: row.reason,
    detail: row.detail,
    parkedAt: new Date(row.parked_at).toISOString(),
    ...(row.wait_until === null ? {} : { waitUntil: new Date(row.wait_until).toISOString() }),
    what: whatArrived(row.arrival),
    waiting: row.waiting,
  };
}

/** A parked arrival in a few words. */
export function whatArrived({ kind, record, row, answer }: Arrival): string {
  if (record !== undefined) return `${record.headers['ce_type'] ?? 'a record'} from ${record.topic}@${record.offset}`;
  if (answer !== undefined) return `${answer.type}, an effect's answer`;
  if (kind === 'deadline') return `the deadline of ${row?.stream ?? 'a stream'}`;
  return `${row?.type ?? 'a request'}, a request`;
}
