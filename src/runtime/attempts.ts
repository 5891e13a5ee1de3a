import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { Problem } from './http/problem.ts';
import type { ServiceRuntime } from './service-runtime.ts';

/**
 * Counts what one subject tries within a minute, so that nobody tries often enough to guess: in a table of the service's own, which
 * all its instances share (subject_hash text primary key, window_start timestamptz, attempts int).
 */
export interface Attempt {
  readonly table: string;
  /** Who tries what; only its hash is stored. */
  readonly subject: string;
  readonly perMinuteMax: number;
  /** What whoever has tried too often is told first. */
  readonly says: string;
}

/** Who has tried too often, and until when they are refused by that limit: a clock that only grows. */
interface Refused {
  readonly perMinuteMax: number;
  readonly until: number;
}
type Database = Pick<ServiceRuntime, 'query'>;

/** Subjects whose refusals an instance remembers. */
const refusedMax = 10_000;
const refusedBy = new WeakMap<Database, LRUCache<string, Refused>>();

/**
 * Counts an attempt; throws `rate_limited` when there were too many within a minute. Whoever was refused is refused from memory until
 * they may try again: all their attempts lock one row, and those who go on all the same would have every connection wait for it.
 */
export async function countAttempt(
  database: Database,
  { table, subject, perMinuteMax, says }: Attempt,
  now: () => number = () => performance.now(),
): Promise<void> {
  const subjectHash = createHash('sha256').update(subject).digest('base64url');
  const name = `${table} ${subjectHash}`;
  const known = refusedBy.get(database)?.get(name);
  const leftMs = known === undefined || known.perMinuteMax < perMinuteMax ? 0 : known.until - now();
  if (leftMs > 0) throw tooOften(says, Math.ceil(leftMs / 1_000));
  const { attempts, secondsLeft } = await counted(database, table, subjectHash);
  if (attempts <= perMinuteMax) return;
  const refused = refusedBy.get(database) ?? new LRUCache<string, Refused>({ max: refusedMax });
  refusedBy.set(database, refused);
  refused.set(name, { perMinuteMax, until: now() + secondsLeft * 1_000 });
  throw tooOften(says, secondsLeft);
}

function tooOften(says: string, retryAfterSeconds: number): Problem {
  return new Problem('rate_limited', `${says} Try again in ${retryAfterSeconds} seconds.`, { retryAfterSeconds });
}

async function counted(database: Database, table: string, subjectHash: string) {
  // A window begins with its first attempt, so that no minute boundary lets twice as many through. What is long over
  // goes away a few rows at a time.
  const rows = await database.query<{ readonly attempts: number; readonly secondsLeft: number }>(
    `with old as (
       delete from ${table} where subject_hash in (
         select subject_hash from ${table}
         where window_start < now() - interval '10 minutes' and subject_hash <> $1 limit 10 for update skip locked)
     )
     insert into ${table} as known (subject_hash, window_start, attempts) values ($1, now(), 1)
     on conflict (subject_hash) do update set
       attempts = case when known.window_start < now() - interval '1 minute' then 1 else known.attempts + 1 end,
       window_start = case when known.window_start < now() - interval '1 minute' then now() else known.window_start end
     returning attempts, greatest(1, ceil(60 - extract(epoch from now() - window_start)))::int as "secondsLeft"`,
    [subjectHash],
  );
  const row = rows[0];
  if (row === undefined) throw new Error('an attempt was not counted');
  return row;
}
