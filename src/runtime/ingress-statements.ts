import type { QueryConfig } from 'pg';
import { partitionOf } from './log/partitioner.ts';
import type { View } from './service.ts';
import type { Idempotency, Submission } from './service-runtime.ts';
import { bigints, columnOf, ints, jsons, rowsOf, texts } from './store/postgres/arrays.ts';
import type { RequestRow } from './store/store.ts';

/** The SQL of the ingress; rows travel as arrays, so that no statement grows with the batch. */

export interface AnswerRow {
  readonly scope: string;
  readonly key: string;
  readonly bodyHash: string;
  readonly status: number;
  readonly location: string | null;
  readonly resource: string;
}

export function selectAnswers(keys: readonly Idempotency[]) {
  return {
    name: 'find-answers',
    text: `select k.scope, k.key, k.body_hash as "bodyHash", k.status, k.location, k.resource
           from unnest($1::text[], $2::text[]) as wanted(scope, key) join idempotency_keys k using (scope, key)`,
    values: [texts(keys.map((each) => each.scope)), texts(keys.map((each) => each.key))],
  };
}

export function keepAnswers(submissions: readonly Submission[], now: number) {
  const keyed = submissions.flatMap(({ idempotency, answer }) =>
    idempotency === undefined ? [] : [{ ...idempotency, ...answer }],
  );
  return {
    name: 'keep-answers',
    text: `insert into idempotency_keys (scope, key, body_hash, status, location, resource, stored_at)
           ${rowsOf('text', 'text', 'text', 'int', 'text', 'text')}, $7::bigint`,
    values: [
      texts(keyed.map((each) => each.scope)),
      texts(keyed.map((each) => each.key)),
      texts(keyed.map((each) => each.bodyHash)),
      ints(keyed.map((each) => each.status)),
      texts(keyed.map((each) => each.location)),
      texts(keyed.map((each) => each.resource)),
      now,
    ],
  };
}

export function insertRequests(rows: readonly RequestRow[]) {
  return {
    name: 'insert-requests',
    text: `insert into requests (request_id, partition, intent, type, key, subject, stream, stream_version, traceparent, accepted_at, data)
           ${rowsOf('text', 'int', 'text', 'text', 'text', 'text', 'text', 'int', 'text', 'bigint', 'json')}`,
    values: [
      texts(rows.map((each) => each.requestId)),
      ints(rows.map((each) => each.partition)),
      texts(rows.map((each) => each.intent)),
      texts(rows.map((each) => each.type)),
      texts(rows.map((each) => each.key)),
      texts(rows.map((each) => each.subject)),
      texts(rows.map((each) => each.stream)),
      ints(rows.map((each) => each.streamVersion)),
      texts(rows.map((each) => each.traceparent)),
      bigints(rows.map((each) => each.acceptedAt)),
      jsons(rows.map((each) => JSON.stringify(each.data))),
    ],
  };
}

/** The first documents, such as a booking that is `requested`; existing ones are left alone. */
export function insertDocuments(
  submissions: readonly Submission[],
  { views, partitions }: { readonly views: readonly View[]; readonly partitions: number },
): QueryConfig[] {
  const byView = new Map<string, { id: string; key: string; doc: unknown }[]>();
  for (const document of submissions.flatMap((each) => each.documents ?? [])) {
    byView.set(document.view, [...(byView.get(document.view) ?? []), document]);
  }
  return [...byView].map(([name, documents]) => {
    const view = views.find((each) => each.name === name);
    if (view === undefined) throw new Error(`there is no view ${name}`);
    const columns = Object.entries(view.columns);
    const types = ['text', 'int', 'json', ...columns.map(([, column]) => column.type)];
    return {
      name: `first-${name}`,
      text: `insert into ${name} (id, partition, body${columns.map(([column]) => `, ${column}`).join('')})
             ${rowsOf(...types)} on conflict do nothing`,
      values: [
        texts(documents.map((each) => each.id)),
        ints(documents.map((each) => partitionOf(each.key, partitions))),
        jsons(documents.map((each) => JSON.stringify(each.doc))),
        ...columns.map(([, column]) =>
          columnOf(
            column.type,
            documents.map((each) => column.of(each.doc)),
          ),
        ),
      ],
    };
  });
}
