import type { QueryConfig } from 'pg';
import { idPrefixes } from '../../../contracts/rules/id-prefixes.ts';
import type { View } from '../../service.ts';
import type {
  Commit,
  DeadlineRow,
  EffectRow,
  EventRow,
  EventsFrom,
  LoadedStream,
  ParkedRow,
  ReferenceRow,
  RequestRow,
  Store,
  StoredFact,
  StreamToLoad,
  Takeover,
  TaskRow,
} from '../store.ts';
import { commitStatements } from './commit-statements.ts';
import { type ConnectionOptions, PipelinedConnection } from './connection.ts';

/**
 * The store port over PostgreSQL. One connection, one round trip a call; no statement grows with the batch, rows travel
 * as arrays (`unnest`). What a commit writes is in `commit-statements.ts`.
 */
export class PostgresStore implements Store {
  readonly #connection: PipelinedConnection;
  readonly #views: ReadonlyMap<string, View>;

  constructor(options: ConnectionOptions & { readonly views: readonly View[] }) {
    this.#connection = new PipelinedConnection(options);
    this.#views = new Map(options.views.map((view) => [view.name, view]));
  }

  async takeOver(partitions: readonly number[]): Promise<Takeover> {
    const mine = [[...partitions]];
    const [, , tasks, deadlines, effects, requests, parked, now, streams, ...documents] =
      await this.#connection.transaction([
        { text: 'insert into tasks (partition) select unnest($1::int[]) on conflict do nothing', values: mine },
        {
          text: `update tasks set epoch = epoch + 1 where partition = any ($1)
               returning partition, epoch, timeline, positions, heads, sequences, published`,
          values: mine,
        },
        {
          text: `select stream, part, partition, kind, key, due_at as "dueAt" from deadlines where partition = any ($1)`,
          values: mine,
        },
        {
          text: `select o.kind, o.stream, o.stream_version as "streamVersion", o.part, o.partition, e.type, e.subject, e.key,
                 e.correlation_id as "correlationId", e.traceparent, e.data
               from open_effects o join events e using (stream, stream_version) where o.partition = any ($1)
               order by e.time, o.stream_version`,
          values: mine,
        },
        { text: `${selectRequests} where partition = any ($1) order by accepted_at, request_id`, values: mine },
        {
          text: `select parked_id as "parkedId", partition, subject, position, reason, detail,
                 case when brief is null then arrival end as arrival, brief, parked_at as "parkedAt", wait_until as "waitUntil"
               from parked where partition = any ($1) order by position`,
          values: mine,
        },
        { text: `select (extract(epoch from clock_timestamp()) * 1000)::bigint as now` },
        latestIds('events', ['stream', 'subject'], 'subject <> stream'),
        ...[...this.#views.keys()].map((view) => latestIds(view, ['id'])),
      ]);
    return {
      tasks: rows<TaskRow>(tasks),
      deadlines: rows<DeadlineRow>(deadlines),
      effects: rows<EffectRow>(effects).map(withoutNulls),
      requests: rows<RequestRow>(requests).map(withoutNulls),
      parked: rows<ParkedRow>(parked).map(withoutNulls),
      now: rows<{ now: number }>(now)[0]?.now ?? 0,
      latest:
        rows(streams).length > 0
          ? {
              streams: idsOf(streams),
              documents: new Map([...this.#views.keys()].map((view, index) => [view, idsOf(documents[index])])),
            }
          : undefined,
    };
  }

  async loadStreams(wanted: readonly StreamToLoad[]): Promise<readonly LoadedStream[]> {
    const roots = wanted.filter((each) => each.root).map((each) => each.stream);
    const parts = wanted.filter((each) => each.part !== undefined);
    // One statement, so that all of it is of one moment: whoever loads may not be who writes.
    const [found] = await this.#connection.query([
      {
        name: 'load-streams',
        text: `select 'snapshot' as what, s.stream, null as subject, s.version as "streamVersion", null as type, s.root as data
               from snapshots s where s.stream = any ($1)
               union all
               select 'tail', e.stream, null, e.stream_version, e.type, e.data
               from unnest($1::text[]) as wanted(stream)
               left join snapshots s on s.stream = wanted.stream
               join events e on e.stream = wanted.stream and e.stream_version > coalesce(s.version, 0)
               union all
               select 'part', e.stream, e.subject, e.stream_version, e.type, e.data
               from unnest($2::text[], $3::text[]) as wanted(stream, subject)
               join events e on e.subject = wanted.subject and e.stream = wanted.stream and e.subject <> e.stream
               order by "streamVersion"`,
        values: [roots, parts.map((each) => each.stream), parts.map((each) => each.part)],
      },
    ]);
    const {
      snapshot: snapshots = [],
      tail: tails = [],
      part: subjects = [],
    } = Object.groupBy(rows<StreamRow>(found), ({ what }) => what);
    const snapshotOf = new Map(snapshots.map((row) => [row.stream, row]));
    const tailOf = grouped(tails, (row) => row.stream);
    const partOf = grouped(subjects, (row) => `${row.stream} ${row.subject}`);
    return wanted.map((each) => {
      const kept = each.root ? snapshotOf.get(each.stream) : undefined;
      const snapshot = kept && { version: kept.streamVersion, root: kept.data };
      const events = each.root ? tailOf.get(each.stream) : partOf.get(`${each.stream} ${each.part}`);
      return { ...each, snapshot, events: events ?? [] };
    });
  }

  async loadReferences(
    keys: readonly { readonly topic: string; readonly key: string }[],
  ): Promise<readonly ReferenceRow[]> {
    const [found] = await this.#connection.query([
      {
        name: 'load-references',
        text: `select r.topic, r.key, r.timeline, r.stream_version as "streamVersion", r.data
               from unnest($1::text[], $2::text[]) as wanted(topic, key) join reference_records r using (topic, key)`,
        values: [keys.map((each) => each.topic), keys.map((each) => each.key)],
      },
    ]);
    return rows<ReferenceRow>(found);
  }

  async loadDocuments(view: string, ids: readonly string[]): Promise<ReadonlyMap<string, unknown>> {
    const [found] = await this.#connection.query([
      { name: `load-${view}`, text: `select id, body from ${view} where id = any ($1)`, values: [[...ids]] },
    ]);
    return new Map(rows<{ id: string; body: unknown }>(found).map((row) => [row.id, row.body]));
  }

  async loadParked(parkedIds: readonly string[]): Promise<ReadonlyMap<string, unknown>> {
    const [found] = await this.#connection.query([
      {
        name: 'load-parked',
        text: 'select parked_id as "parkedId", arrival from parked where parked_id = any ($1)',
        values: [[...parkedIds]],
      },
    ]);
    return new Map(rows<ParkedRow>(found).map(({ parkedId, arrival }) => [parkedId, arrival]));
  }

  /** Request rows by their ids, or all there are, in the order they were accepted in. */
  async loadRequests(requestIds: readonly string[] | undefined): Promise<readonly RequestRow[]> {
    const [found] = await this.#connection.query([
      requestIds === undefined
        ? { name: 'load-all-requests', text: `${selectRequests} order by accepted_at, request_id` }
        : {
            name: 'load-requests',
            text: `${selectRequests} where request_id = any ($1) order by accepted_at, request_id`,
            values: [[...requestIds]],
          },
    ]);
    return rows<RequestRow>(found).map(withoutNulls);
  }

  /** The oldest of the rows of these partitions that were accepted before a time: milliseconds since 1970. */
  async loadOldRequests(
    partitions: readonly number[],
    { before, rowsMax }: { readonly before: number; readonly rowsMax: number },
  ): Promise<readonly RequestRow[]> {
    const [found] = await this.#connection.query([
      {
        name: 'load-old-requests',
        text: `${selectRequests} where partition = any ($1) and accepted_at < $2 order by accepted_at, request_id limit $3`,
        values: [[...partitions], before, rowsMax],
      },
    ]);
    return rows<RequestRow>(found).map(withoutNulls);
  }

  /** The database's clock: milliseconds since 1970. And how many request rows wait, counted up to a limit. */
  async look(requestsMax: number): Promise<{ readonly now: number; readonly requests: number }> {
    const [found] = await this.#connection.query([
      {
        name: 'look',
        text: `select (extract(epoch from clock_timestamp()) * 1000)::bigint as now,
                 (select count(*)::int from (select from requests limit $1) as waiting) as requests`,
        values: [requestsMax],
      },
    ]);
    return rows<{ now: number; requests: number }>(found)[0] ?? { now: 0, requests: 0 };
  }

  async commit(commit: Commit): Promise<void> {
    const { together, inOrder } = commitStatements(commit, this.#views);
    await this.#connection.write(together, inOrder);
  }

  async readEvents(from: EventsFrom): Promise<readonly EventRow[]> {
    const lastOfStream = from.lastOfStream ?? false;
    const superseded = `exists (select from events later
      where later.stream = e.stream and later.stream_version > e.stream_version and later.channel = e.channel)`;
    const [found] = await this.#connection.query([
      {
        name: `read-${lastOfStream ? 'last-' : ''}events${from.streams === undefined ? '' : '-of'}`,
        text: `select channel, partition, sequence, timeline, stream, stream_version as "streamVersion", type, version, subject,
                 key, time, causation_id as "causationId", correlation_id as "correlationId", traceparent, data, data::text as json
               from events e where channel = $1 and partition = $2 and sequence >= $3
                 ${lastOfStream ? `and not ${superseded}` : ''}
                 ${from.streams === undefined ? '' : 'and stream = any($5)'} order by sequence limit $4`,
        values: [
          ...[from.channel, from.partition, from.sequence, from.eventsMax],
          ...(from.streams === undefined ? [] : [from.streams]),
        ],
      },
    ]);
    return rows<EventRow>(found).map(withoutNulls);
  }

  /** The rows of all tasks, without taking any of them over. */
  async tasks(): Promise<readonly TaskRow[]> {
    const [found] = await this.#connection.query([
      { text: 'select partition, epoch, timeline, positions, heads, sequences, published from tasks' },
    ]);
    return rows<TaskRow>(found);
  }

  async close(): Promise<void> {
    await this.#connection.close();
  }
}

/** What is known of a stream: its snapshot, the facts since, or those about one of its parts. */
interface StreamRow extends StoredFact {
  readonly what: 'snapshot' | 'tail' | 'part';
  readonly stream: string;
  readonly subject: string | null;
}

export const selectRequests = `select request_id as "requestId", partition, intent, type, key, subject, stream,
  stream_version as "streamVersion", traceparent, accepted_at as "acceptedAt", data from requests`;

const prefixes = Object.values(idPrefixes).map((prefix) => `${prefix}_`);

/**
 * The id of each kind that sorts last in these columns: one look at the end of an index each. Only where text is sorted by
 * its bytes, as ids are; elsewhere no index would help.
 */
function latestIds(table: string, columns: readonly string[], partsAre = 'true'): QueryConfig {
  const last = columns.map((column, index) => {
    const indexed = index === 0 ? 'true' : partsAre;
    return `(select max(${column}) from ${table} where ${column} >= p.prefix and ${column} < p.prefix || '~' and ${indexed})`;
  });
  return {
    text: `select array_remove(array[${last.join(', ')}], null) as ids
           from pg_database d, unnest($1::text[]) as p(prefix)
           where d.datname = current_database() and d.datcollate in ('C', 'POSIX')`,
    values: [prefixes],
  };
}

function idsOf(result: { rows: unknown[] } | undefined): readonly string[] {
  return rows<{ ids: readonly string[] }>(result).flatMap((row) => row.ids);
}

function rows<Row>(result: { rows: unknown[] } | undefined): Row[] {
  return (result?.rows ?? []) as Row[];
}

/** SQL's null is `undefined` here, but for payloads, where it means something. */
function withoutNulls<Row extends object>(row: Row): Row {
  for (const [name, value] of Object.entries(row))
    if (value === null && name !== 'data') Reflect.set(row, name, undefined);
  return row;
}

function grouped<Row>(all: readonly Row[], keyOf: (row: Row) => string): Map<string, Row[]> {
  const groups = new Map<string, Row[]>();
  for (const row of all) {
    const group = groups.get(keyOf(row));
    if (group === undefined) groups.set(keyOf(row), [row]);
    else group.push(row);
  }
  return groups;
}
