import type pg from 'pg';
import { newId } from '../contracts/ids.ts';
import type { ServiceName } from '../contracts/topics.ts';
import type { Logger } from '../runtime/logger.ts';
import { createPool, storeErrorOf } from '../runtime/store/postgres/connection.ts';
import { createPostgresNotices } from '../runtime/store/postgres/postgres-notices.ts';
import { type AskedElsewhere, type Elsewhere, namedByOwner, OperationRefused } from './installation.ts';

/** An owner that runs takes it at once. */
const takenWithinMs = 10_000;
const doneWithinMs = 600_000;
/** What was asked stays to be looked at for a while. */
const kept = '7 days';

interface Row {
  readonly state: 'asked' | 'taken' | 'done' | 'refused' | 'failed';
  readonly answer: unknown;
}

export function createElsewhere(options: {
  readonly urlOf: (database: string) => string;
  /** How a database is called where it does not answer. */
  readonly named?: (database: string) => string;
  readonly logger: Logger;
}): Elsewhere {
  const { urlOf, named = namedByOwner, logger } = options;
  const pools = new Map<ServiceName, pg.Pool>();
  const poolOf = (service: ServiceName): pg.Pool => {
    const known = pools.get(service);
    if (known !== undefined) return known;
    const applicationName = 'fullhouse-operations-asked';
    const pool = createPool({ url: urlOf(service), applicationName, connectionsMax: 2 });
    pools.set(service, pool);
    return pool;
  };
  return {
    async ask(service, asked) {
      const applicationName = 'fullhouse-operations-notices';
      const notices = createPostgresNotices({ url: urlOf(service), applicationName, logger });
      const operationId = newId('request');
      let woken = Promise.withResolvers<void>();
      const wake = () => {
        woken.resolve();
        woken = Promise.withResolvers();
      };
      const following = await notices.follow({ onNotice: wake, onMissed: wake });
      try {
        const next = { changed: () => woken.promise };
        await store(
          poolOf(service),
          { operationId, ...asked },
          notices.telling({ operations: [{ operationId, partition: asked.partition }] }),
        );
        return await answered(poolOf(service), { operationId, service, ...asked, ...next });
      } catch (error) {
        throw error instanceof OperationRefused ? error : storeErrorOf(named(service), error);
      } finally {
        await following.stop();
      }
    },
    async close() {
      await Promise.all([...pools.values()].map((pool) => pool.end()));
    },
  };
}

async function store(
  pool: pg.Pool,
  { operationId, partition, operation, input }: AskedElsewhere & { readonly operationId: string },
  telling: readonly { readonly text: string; readonly values: readonly unknown[] }[],
): Promise<void> {
  const client = await pool.connect();
  try {
    await client.query('begin');
    await client.query(`delete from operations where asked_at < now() - interval '${kept}'`);
    await client.query('insert into operations (operation_id, partition, operation, input) values ($1, $2, $3, $4)', [
      operationId,
      partition,
      operation,
      JSON.stringify(input),
    ]);
    for (const { text, values } of telling) await client.query(text, [...values]);
    await client.query('commit');
    client.release();
  } catch (error) {
    client.release(true);
    throw error;
  }
}

async function answered(
  pool: pg.Pool,
  asked: AskedElsewhere & {
    readonly operationId: string;
    readonly service: ServiceName;
    readonly changed: () => Promise<void>;
  },
): Promise<unknown> {
  const { operationId, service, partition } = asked;
  const since = performance.now();
  for (;;) {
    const changed = asked.changed();
    const { rows } = await pool.query<Row>('select state, answer from operations where operation_id = $1', [
      operationId,
    ]);
    const { state, answer } = rows[0] ?? { state: 'refused', answer: undefined };
    if (state === 'done') return answer;
    if (state === 'refused') throw refusal(answer);
    if (state === 'failed') throw new Error((answer as { readonly message: string }).message);
    const leftMs = since + (state === 'asked' ? takenWithinMs : doneWithinMs) - performance.now();
    if (leftMs <= 0 && (await mayGiveUp(pool, { operationId, state }))) throw nobodyAnswered(service, partition);
    if (leftMs <= 0) continue;
    await within(changed, leftMs);
  }
}

function refusal(answer: unknown): OperationRefused {
  const { code, message } = (answer ?? {}) as { readonly code?: string; readonly message?: string };
  return new OperationRefused(code === 'not_found' ? 'not_found' : 'conflict', message ?? 'It was refused.');
}

/** Whether it was as it is still: from then on nobody may take it any more. */
async function mayGiveUp(
  pool: pg.Pool,
  { operationId, state }: { operationId: string; state: Row['state'] },
): Promise<boolean> {
  const { rowCount } = await pool.query(
    `update operations set state = 'refused' where operation_id = $1 and state = $2`,
    [operationId, state],
  );
  return rowCount === 1;
}

function nobodyAnswered(service: ServiceName, partition: number): OperationRefused {
  return new OperationRefused(
    'conflict',
    `No instance of ${service} that owns task ${partition} has answered. See whether one runs: fullhouse serve ${service}`,
  );
}

async function within(changed: Promise<void>, ms: number): Promise<void> {
  const over = Promise.withResolvers<void>();
  const timer = setTimeout(over.resolve, ms);
  await Promise.race([changed, over.promise]);
  clearTimeout(timer);
}
