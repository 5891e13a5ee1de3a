import type { Retention } from './housekeeping.ts';

export const dayMs = 86_400_000;

/**
 * What the task loop's own tables keep for a time only. Events are never removed: they are the state and the audit trail. A
 * snapshot is only the shorter way to a state; whoever wants one that is gone folds the events.
 */
export const loopRetentions: readonly Retention[] = [
  {
    table: 'idempotency_keys',
    kept: ({ retentionDays }) => retentionDays.idempotencyKeys * dayMs,
    text: removing(
      'idempotency_keys',
      `stored_at < (extract(epoch from now()) * 1000)::bigint - $1::bigint`,
      'stored_at',
    ),
  },
  {
    table: 'snapshots',
    kept: ({ retentionDays }) => retentionDays.snapshots * dayMs,
    text: removing('snapshots', `kept_at < (extract(epoch from now()) * 1000)::bigint - $1::bigint`, 'kept_at'),
  },
  {
    table: 'operations',
    kept: ({ retentionDays }) => retentionDays.operations * dayMs,
    text: removing('operations', olderThan('asked_at'), 'asked_at'),
  },
];

/** Where a column of type timestamptz says how old a row is. */
export function olderThan(column: string): string {
  return `${column} < now() - $1::bigint * interval '1 millisecond'`;
}

/** The statement that removes the oldest rows of a table, and tells how many. */
export function removing(table: string, outdated: string, age: string): string {
  return `with gone as (
      delete from ${table} where ctid = any (array(
        select ctid from ${table} where ${outdated} order by ${age} limit $2 for update skip locked))
      returning 1)
    select count(*)::int as removed from gone`;
}
