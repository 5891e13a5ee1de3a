import type { QueryConfig } from 'pg';
import type { View } from '../../service.ts';
import type { Commit, EventRow, ReferenceRow, TaskRow } from '../store.ts';
import { bigints, columnOf, ints, jsons, rowsOf, texts, withArrays } from './arrays.ts';
import { Together } from './together.ts';

/**
 * The statements of one commit, the fence first. Their number depends on what changes, never on how much of it. Those
 * `together` touch no row twice; those `inOrder` come after them and one after the other.
 */
export function commitStatements(
  commit: Commit,
  views: ReadonlyMap<string, View>,
): { readonly together: readonly QueryConfig[]; readonly inOrder: readonly QueryConfig[] } {
  const together = [
    advanceTasks(commit.tasks),
    ...(commit.events.length > 0 ? [insertEvents(commit.events)] : []),
    ...ofSnapshots(commit),
    ...ofDeadlines(commit),
    ...ofEffects(commit),
    ...ofRequests(commit),
    ...ofReferences(commit.references),
    ...ofDocuments(commit, views),
  ];
  const parked = ofParked(commit);
  const own = commit.statements.map(withArrays);
  // A service's own statements are about tables of its own; several may follow from one another.
  if (parked.length === 0 && Together.takes(own)) return { together: [...together, ...own], inOrder: [] };
  return { together, inOrder: [...parked, ...own] };
}

function advanceTasks(tasks: readonly TaskRow[]): QueryConfig {
  return {
    name: 'advance-tasks',
    text: 'select advance_tasks($1, $2, $3, $4, $5, $6, $7)',
    values: [
      ints(tasks.map((each) => each.partition)),
      bigints(tasks.map((each) => each.epoch)),
      ints(tasks.map((each) => each.timeline)),
      jsons(tasks.map((each) => JSON.stringify(each.positions))),
      jsons(tasks.map((each) => JSON.stringify(each.heads))),
      jsons(tasks.map((each) => JSON.stringify(each.sequences))),
      jsons(tasks.map((each) => JSON.stringify(each.published))),
    ],
  };
}

function insertEvents(events: readonly EventRow[]): QueryConfig {
  return {
    name: 'insert-events',
    text: `insert into events (channel, partition, sequence, timeline, stream, stream_version, type, version, subject, key,
             time, causation_id, correlation_id, traceparent, data)
           ${rowsOf('text', 'int', 'bigint', 'int', 'text', 'int', 'text', 'int', 'text', 'text', 'bigint', 'text', 'text', 'text', 'json')}`,
    values: [
      texts(events.map((each) => each.channel)),
      ints(events.map((each) => each.partition)),
      bigints(events.map((each) => each.sequence)),
      ints(events.map((each) => each.timeline)),
      texts(events.map((each) => each.stream)),
      ints(events.map((each) => each.streamVersion)),
      texts(events.map((each) => each.type)),
      ints(events.map((each) => each.version)),
      texts(events.map((each) => each.subject)),
      texts(events.map((each) => each.key)),
      bigints(events.map((each) => each.time)),
      texts(events.map((each) => each.causationId)),
      texts(events.map((each) => each.correlationId)),
      texts(events.map((each) => each.traceparent)),
      jsons(events.map((each) => each.json)),
    ],
  };
}

function ofSnapshots({ snapshots }: Commit): QueryConfig[] {
  if (snapshots.length === 0) return [];
  return [
    {
      name: 'keep-snapshots',
      text: `insert into snapshots (stream, partition, version, root) ${rowsOf('text', 'int', 'int', 'json')}
             on conflict (stream) do update set version = excluded.version, root = excluded.root,
               kept_at = excluded.kept_at`,
      values: [
        texts(snapshots.map((each) => each.stream)),
        ints(snapshots.map((each) => each.partition)),
        ints(snapshots.map((each) => each.version)),
        jsons(snapshots.map((each) => JSON.stringify(each.root))),
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
      text: `delete from deadlines d using (${rowsOf('text', 'text')}) as b(stream, part)
             where d.stream = b.stream and d.part = b.part`,
      values: [texts(unset.map((each) => each.stream)), texts(unset.map((each) => each.part))],
    });
  }
  if (set.length > 0) {
    statements.push({
      name: 'keep-deadlines',
      text: `insert into deadlines (stream, part, partition, kind, key, due_at)
             ${rowsOf('text', 'text', 'int', 'text', 'text', 'bigint')}
             on conflict (stream, part) do update set due_at = excluded.due_at`,
      values: [
        texts(set.map((each) => each.stream)),
        texts(set.map((each) => each.part)),
        ints(set.map((each) => each.partition)),
        texts(set.map((each) => each.kind)),
        texts(set.map((each) => each.key)),
        bigints(set.map((each) => each.dueAt)),
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
      text: `delete from open_effects o using (${rowsOf('text', 'int')}) as b(stream, stream_version)
             where o.stream = b.stream and o.stream_version = b.stream_version`,
      values: [texts(effectsClosed.map((each) => each.stream)), ints(effectsClosed.map((each) => each.streamVersion))],
    });
  }
  if (effectsOpened.length > 0) {
    statements.push({
      name: 'open-effects',
      text: `insert into open_effects (stream, stream_version, part, kind, partition)
             ${rowsOf('text', 'int', 'text', 'text', 'int')}`,
      values: [
        texts(effectsOpened.map((each) => each.stream)),
        ints(effectsOpened.map((each) => each.streamVersion)),
        texts(effectsOpened.map((each) => each.part)),
        texts(effectsOpened.map((each) => each.kind)),
        ints(effectsOpened.map((each) => each.partition)),
      ],
    });
  }
  return statements;
}

function ofRequests({ requestsTaken }: Commit): QueryConfig[] {
  if (requestsTaken.length === 0) return [];
  return [{ name: 'take-requests', text: 'select take_requests($1)', values: [texts(requestsTaken)] }];
}

/** What is taken up again may be parked again in the same commit. */
function ofParked({ parked, unparked }: Commit): QueryConfig[] {
  const statements: QueryConfig[] = [];
  if (unparked.length > 0) {
    statements.push({
      name: 'unpark',
      text: 'delete from parked where parked_id = any ($1)',
      values: [texts(unparked)],
    });
  }
  if (parked.length > 0) {
    statements.push({
      name: 'park',
      text: `insert into parked (parked_id, partition, subject, position, reason, detail, arrival, brief, parked_at, wait_until)
             ${rowsOf('text', 'int', 'text', 'bigint', 'text', 'text', 'json', 'json', 'bigint', 'bigint')}
             on conflict (parked_id) do update set reason = excluded.reason, detail = excluded.detail, wait_until = excluded.wait_until`,
      values: [
        texts(parked.map((each) => each.parkedId)),
        ints(parked.map((each) => each.partition)),
        texts(parked.map((each) => each.subject)),
        bigints(parked.map((each) => each.position)),
        texts(parked.map((each) => each.reason)),
        texts(parked.map((each) => each.detail)),
        jsons(parked.map((each) => JSON.stringify(each.arrival))),
        jsons(parked.map((each) => each.brief && JSON.stringify(each.brief))),
        bigints(parked.map((each) => each.parkedAt)),
        bigints(parked.map((each) => each.waitUntil)),
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
             ${rowsOf('text', 'text', 'int', 'int', 'json')}
             on conflict (topic, key) do update
               set timeline = excluded.timeline, stream_version = excluded.stream_version, data = excluded.data
               where (r.timeline, r.stream_version) < (excluded.timeline, excluded.stream_version)`,
      values: [
        texts(references.map((each) => each.topic)),
        texts(references.map((each) => each.key)),
        ints(references.map((each) => each.timeline)),
        ints(references.map((each) => each.streamVersion)),
        jsons(references.map((each) => JSON.stringify(each.data))),
      ],
    },
  ];
}

function ofDocuments({ documents: changed }: Commit, views: ReadonlyMap<string, View>): QueryConfig[] {
  const statements: QueryConfig[] = [];
  for (const [name, documents] of changed) {
    const view = views.get(name);
    if (view === undefined) throw new Error(`there is no view ${name}`);
    const kept = documents.filter((each) => each.doc !== undefined);
    const gone = documents.filter((each) => each.doc === undefined).map((each) => each.id);
    if (gone.length > 0)
      statements.push({ name: `drop-${name}`, text: `delete from ${name} where id = any ($1)`, values: [texts(gone)] });
    if (kept.length === 0) continue;
    const columns = Object.entries(view.columns);
    const names = ['id', 'partition', 'body', ...columns.map(([column]) => column)];
    const types = ['text', 'int', 'json', ...columns.map(([, column]) => column.type)];
    statements.push({
      name: `keep-${name}`,
      text: `insert into ${name} (${names.join(', ')})
             ${rowsOf(...types)}
             on conflict (id) do update set ${names
               .slice(1)
               .map((each) => `${each} = excluded.${each}`)
               .join(', ')}`,
      values: [
        texts(kept.map((each) => each.id)),
        ints(kept.map((each) => each.partition)),
        jsons(kept.map((each) => JSON.stringify(each.doc))),
        ...columns.map(([, column]) =>
          columnOf(
            column.type,
            kept.map((each) => column.of(each.doc)),
          ),
        ),
      ],
    });
  }
  return statements;
}
