import type { QueryConfig } from 'pg';
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
import { type ConnectionOptions, PipelinedConnection } from './connection.ts';

/**
 * The store port over PostgreSQL. One connection, one round trip a call; no statement grows with the batch, rows travel
 * as arrays (`unnest`).
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
    const [, , tasks, deadlines, effects, requests, parked, now] = await this.#connection.transaction([
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
        text: `select parked_id as "parkedId", partition, subject, position, reason, detail, arrival,
                 parked_at as "parkedAt", wait_until as "waitUntil"
               from parked where partition = any ($1) order by position`,
        values: mine,
      },
      { text: `select (extract(epoch from clock_timestamp()) * 1000)::bigint as now` },
    ]);
    return {
      tasks: rows<TaskRow>(tasks),
      deadlines: rows<DeadlineRow>(deadlines),
      effects: rows<EffectRow>(effects).map(withoutNulls),
      requests: rows<RequestRow>(requests).map(withoutNulls),
      parked: rows<ParkedRow>(parked).map(withoutNulls),
      now: rows<{ now: number }>(now)[0]?.now ?? 0,
    };
  }

  async loadStreams(wanted: readonly StreamToLoad[]): Promise<readonly LoadedStream[]> {
    const roots = wanted.filter((each) => each.root).map((each) => each.stream);
    const parts = wanted.filter((each) => each.part !== undefined);
    const [snapshots, tails, subjects] = await this.#connection.query([
      {
        name: 'load-snapshots',
        text: 'select stream, version, root from snapshots where stream = any ($1)',
        values: [roots],
      },
      {
        name: 'load-tails',
        text: `select e.stream, e.stream_version as "streamVersion", e.type, e.data
               from unnest($1::text[]) as wanted(stream)
               left join snapshots s on s.stream = wanted.stream
               join events e on e.stream = wanted.stream and e.stream_version > coalesce(s.version, 0)
               order by e.stream, e.stream_version`,
        values: [roots],
      },
      {
        name: 'load-parts',
        text: `select e.stream, e.subject, e.stream_version as "streamVersion", e.type, e.data
               from unnest($1::text[], $2::text[]) as wanted(stream, subject)
               join events e on e.subject = wanted.subject and e.stream = wanted.stream
               order by e.stream, e.stream_version`,
        values: [parts.map((each) => each.stream), parts.map((each) => each.part)],
      },
    ]);
    const snapshotOf = new Map(
      rows<{ stream: string; version: number; root: unknown }>(snapshots).map((row) => [row.stream, row]),
    );
    const tailOf = grouped(rows<StoredFact & { stream: string }>(tails), (row) => row.stream);
    const partOf = grouped(
      rows<StoredFact & { stream: string; subject: string }>(subjects),
      (row) => `${row.stream} ${row.subject}`,
    );
    return wanted.map((each) => {
      const snapshot = each.root ? snapshotOf.get(each.stream) : undefined;
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

  async commit(commit: Commit): Promise<void> {
    const statements: QueryConfig[] = [
      advanceTasks(commit.tasks),
      ...(commit.events.length > 0 ? [insertEvents(commit.events)] : []),
      ...ofSnapshots(commit),
      ...ofDeadlines(commit),
      ...ofEffects(commit),
      ...ofRequestsAndParked(commit),
      ...ofReferences(commit.references),
      ...this.#ofDocuments(commit),
      ...commit.statements.map((each) => ({ name: each.name, text: each.text, values: [...each.values] })),
    ];
    await this.#connection.transaction(statements);
  }

  #ofDocuments(commit: Commit): QueryConfig[] {
    const statements: QueryConfig[] = [];
    for (const [name, documents] of commit.documents) {
      const view = this.#views.get(name);
      if (view === undefined) throw new Error(`there is no view ${name}`);
      const kept = documents.filter((each) => each.doc !== undefined);
      const gone = documents.filter((each) => each.doc === undefined).map((each) => each.id);
      if (gone.length > 0)
        statements.push({ name: `drop-${name}`, text: `delete from ${name} where id = any ($1)`, values: [gone] });
      if (kept.length === 0) continue;
      const columns = Object.entries(view.columns);
      const names = ['id', 'partition', 'body', ...columns.map(([column]) => column)];
      const types = ['text', 'int', 'json', ...columns.map(([, column]) => column.type)];
      statements.push({
        name: `keep-${name}`,
        text: `insert into ${name} (${names.join(', ')})
               select * from unnest(${types.map((type, index) => `$${index + 1}::${type}[]`).join(', ')})
               on conflict (id) do update set ${names
                 .slice(1)
                 .map((each) => `${each} = excluded.${each}`)
                 .join(', ')}`,
        values: [
          kept.map((each) => each.id),
          kept.map((each) => each.partition),
          kept.map((each) => JSON.stringify(each.doc)),
          ...columns.map(([, column]) => kept.map((each) => column.of(each.doc))),
        ],
      });
    }
    return statements;
  }

  async readEvents(from: EventsFrom): Promise<readonly EventRow[]> {
    const [found] = await this.#connection.query([
      {
        name: 'read-events',
        text: `select channel, partition, sequence, timeline, stream, stream_version as "streamVersion", type, version, subject,
                 key, time, causation_id as "causationId", correlation_id as "correlationId", traceparent, data, data::text as json
               from events where channel = $1 and partition = $2 and sequence >= $3 order by sequence limit $4`,
        values: [from.channel, from.partition, from.sequence, from.eventsMax],
      },
    ]);
    return rows<EventRow>(found).map(withoutNulls);
  }

  async close(): Promise<void> {
    await this.#connection.close();
  }
}

export const selectRequests = `select request_id as "requestId", partition, intent, type, key, subject, stream,
  stream_version as "streamVersion", traceparent, accepted_at as "acceptedAt", data from requests`;

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

function advanceTasks(tasks: readonly TaskRow[]): QueryConfig {
  return {
    name: 'advance-tasks',
    text: 'select advance_tasks($1, $2, $3, $4, $5, $6)',
    values: [
      tasks.map((each) => each.partition),
      tasks.map((each) => each.epoch),
      tasks.map((each) => JSON.stringify(each.positions)),
      tasks.map((each) => JSON.stringify(each.heads)),
      tasks.map((each) => JSON.stringify(each.sequences)),
      tasks.map((each) => JSON.stringify(each.published)),
    ],
  };
}

function insertEvents(events: readonly EventRow[]): QueryConfig {
  return {
    name: 'insert-events',
    text: `insert into events (channel, partition, sequence, timeline, stream, stream_version, type, version, subject, key,
             time, causation_id, correlation_id, traceparent, data)
           select * from unnest($1::text[], $2::int[], $3::bigint[], $4::int[], $5::text[], $6::int[], $7::text[], $8::int[],
             $9::text[], $10::text[], $11::bigint[], $12::text[], $13::text[], $14::text[], $15::json[])`,
    values: [
      events.map((each) => each.channel),
      events.map((each) => each.partition),
      events.map((each) => each.sequence),
      events.map((each) => each.timeline),
      events.map((each) => each.stream),
      events.map((each) => each.streamVersion),
      events.map((each) => each.type),
      events.map((each) => each.version),
      events.map((each) => each.subject),
      events.map((each) => each.key),
      events.map((each) => each.time),
      events.map((each) => each.causationId),
      events.map((each) => each.correlationId),
      events.map((each) => each.traceparent ?? null),
      events.map((each) => each.json),
    ],
  };
}

function ofSnapshots({ snapshots }: Commit): QueryConfig[] {
  if (snapshots.length === 0) return [];
  return [
    {
      name: 'keep-snapshots',
      text: `insert into snapshots (stream, partition, version, root) select * from unnest($1::text[], $2::int[], $3::int[], $4::json[])
             on conflict (stream) do update set version = excluded.version, root = excluded.root`,
      values: [
        snapshots.map((each) => each.stream),
        snapshots.map((each) => each.partition),
        snapshots.map((each) => each.version),
        snapshots.map((each) => JSON.stringify(each.root)),
      ],
    },
  ];
}

function ofDeadlines({ deadlines }: Commit): QueryConfig[] {
  const set = deadlines.filter((each) => each.dueAt !== undefined);
  const unset = deadlines.filter((each) => each.dueAt === undefined);
  const statements: QueryConfig[] = [];
  if (unset.length > 0) {
    statements.push({
      name: 'drop-deadlines',
      text: 'delete from deadlines d using unnest($1::text[], $2::text[]) as b(stream, part) where d.stream = b.stream and d.part = b.part',
      values: [unset.map((each) => each.stream), unset.map((each) => each.part)],
    });
  }
  if (set.length > 0) {
    statements.push({
      name: 'keep-deadlines',
      text: `insert into deadlines (stream, part, partition, kind, key, due_at)
             select * from unnest($1::text[], $2::text[], $3::int[], $4::text[], $5::text[], $6::bigint[])
             on conflict (stream, part) do update set due_at = excluded.due_at`,
      values: [
        set.map((each) => each.stream),
        set.map((each) => each.part),
        set.map((each) => each.partition),
        set.map((each) => each.kind),
        set.map((each) => each.key),
        set.map((each) => each.dueAt),
      ],
    });
  }
  return statements;
}

function ofEffects({ effectsOpened, effectsClosed }: Commit): QueryConfig[] {
  const statements: QueryConfig[] = [];
  if (effectsClosed.length > 0) {
    statements.push({
      name: 'close-effects',
      text: `delete from open_effects o using unnest($1::text[], $2::int[]) as b(stream, stream_version)
             where o.stream = b.stream and o.stream_version = b.stream_version`,
      values: [effectsClosed.map((each) => each.stream), effectsClosed.map((each) => each.streamVersion)],
    });
  }
  if (effectsOpened.length > 0) {
    statements.push({
      name: 'open-effects',
      text: `insert into open_effects (stream, stream_version, part, kind, partition)
             select * from unnest($1::text[], $2::int[], $3::text[], $4::text[], $5::int[])`,
      values: [
        effectsOpened.map((each) => each.stream),
        effectsOpened.map((each) => each.streamVersion),
        effectsOpened.map((each) => each.part),
        effectsOpened.map((each) => each.kind),
        effectsOpened.map((each) => each.partition),
      ],
    });
  }
  return statements;
}

function ofRequestsAndParked({ requestsTaken, parked, unparked }: Commit): QueryConfig[] {
  const statements: QueryConfig[] = [];
  if (requestsTaken.length > 0) {
    statements.push({ name: 'take-requests', text: 'select take_requests($1)', values: [[...requestsTaken]] });
  }
  if (unparked.length > 0) {
    statements.push({ name: 'unpark', text: 'delete from parked where parked_id = any ($1)', values: [[...unparked]] });
  }
  if (parked.length > 0) {
    statements.push({
      name: 'park',
      text: `insert into parked (parked_id, partition, subject, position, reason, detail, arrival, parked_at, wait_until)
             select * from unnest($1::text[], $2::int[], $3::text[], $4::bigint[], $5::text[], $6::text[], $7::json[],
               $8::bigint[], $9::bigint[])
             on conflict (parked_id) do update set reason = excluded.reason, detail = excluded.detail, wait_until = excluded.wait_until`,
      values: [
        parked.map((each) => each.parkedId),
        parked.map((each) => each.partition),
        parked.map((each) => each.subject),
        parked.map((each) => each.position),
        parked.map((each) => each.reason),
        parked.map((each) => each.detail),
        parked.map((each) => JSON.stringify(each.arrival)),
        parked.map((each) => each.parkedAt),
        parked.map((each) => each.waitUntil ?? null),
      ],
    });
  }
  return statements;
}

function ofReferences(references: readonly ReferenceRow[]): QueryConfig[] {
  if (references.length === 0) return [];
  return [
    {
      name: 'keep-references',
      text: `insert into reference_records as r (topic, key, timeline, stream_version, data)
             select * from unnest($1::text[], $2::text[], $3::int[], $4::int[], $5::json[])
             on conflict (topic, key) do update
               set timeline = excluded.timeline, stream_version = excluded.stream_version, data = excluded.data
               where (r.timeline, r.stream_version) < (excluded.timeline, excluded.stream_version)`,
      values: [
        references.map((each) => each.topic),
        references.map((each) => each.key),
        references.map((each) => each.timeline),
        references.map((each) => each.streamVersion),
        references.map((each) => JSON.stringify(each.data)),
      ],
    },
  ];
}
