import type { ServiceName } from '../contracts/topics.ts';
import type { Installation } from './installation.ts';
import { whatArrived } from './parked.ts';
import type { TimelineEntry } from './timeline-entry.ts';

/** What of a booking waits in the services now: parked inputs, open effects, deadlines and requests not yet taken. */

type Waiting = Omit<TimelineEntry, 'ms'>;

interface Row {
  readonly kind: 'parked' | 'effect' | 'deadline' | 'request';
  readonly id: string;
  readonly type: string;
  readonly time: number;
  readonly detail: string;
  readonly arrival: Parameters<typeof whatArrived>[0] | null;
}

const waitingMax = 500;

const selectWaiting = `
  select 'parked' as kind, parked_id as id, reason as type, parked_at as time, detail, arrival
  from parked where subject = $1
  union all
  select 'effect', o.stream || '/' || o.stream_version, e.type, e.time, '', null
  from open_effects o join events e using (stream, stream_version)
  where o.stream = $1 or (e.subject = $1 and e.subject <> e.stream)
  union all
  select 'deadline', stream || '/' || part, kind, due_at, '', null
  from deadlines where stream = $1 or part = $1
  union all
  select 'request', request_id, type, accepted_at, '', null from requests where subject = $1
  order by time limit ${waitingMax}`;

export async function whatWaits(installation: Installation, subject: string): Promise<readonly Waiting[]> {
  const waiting: Waiting[] = [];
  for (const { name } of installation.definitions) {
    const rows = await installation.query<Row>(name as ServiceName, selectWaiting, [subject]);
    for (const row of rows) {
      const { kind, id, type } = row;
      waiting.push({ at: new Date(row.time).toISOString(), service: name, kind, type, id, says: sentence(row) });
    }
  }
  return waiting;
}

function sentence({ kind, type, detail, arrival }: Row): string {
  switch (kind) {
    case 'parked':
      return `Parked: ${arrival === null ? 'an input' : whatArrived(arrival)} waits: ${type.replace(/_/g, ' ')}: ${detail}.`;
    case 'effect':
      return `Still waiting for the answer to ${type}.`;
    case 'deadline':
      return `The ${type} wakes up at this time.`;
    case 'request':
      return `The request ${type} is stored and waits for its task.`;
  }
}
