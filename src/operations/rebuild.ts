import type pg from 'pg';
import { z } from 'zod';
import type { View } from '../runtime/service.ts';
import { PostgresStore } from '../runtime/store/postgres/postgres-store.ts';
import { Folding, missingBeginnings } from './folding.ts';
import { type Installation, OperationRefused, runningHost } from './installation.ts';
import { inputsOf } from './refold.ts';
import { type Comparison, compare, makeShadow, swap } from './shadow.ts';

/**
 * Makes a projection anew beside the one in use, compares the two and puts the new one in its place.
 *
 * Most of the work is done while the service runs; only what came meanwhile is folded while it holds still, so that both
 * tables tell of the same moment. The new one replaces the other when they are equal, or when a person insists. Facts are
 * kept for ever, but records of other services' topics only as long as their retention: a projection that needs records
 * which are gone is compared and never swapped without `force`.
 */
export const rebuildQuery = z.strictObject({ projection: z.string(), force: z.boolean().default(false) });

export interface RebuildProgress {
  readonly folded: number;
}

export interface Rebuilt extends Comparison {
  readonly service: string;
  readonly projection: string;
  readonly folded: number;
  /** Inputs whose first records retention has removed: the new table cannot know what they said. */
  readonly incomplete: readonly string[];
  readonly swapped: boolean;
}

const lockWait = '5s';

/** Progress while it folds, then one `Rebuilt`. Refuses a name that is no projection. */
export async function* rebuild(
  installation: Installation,
  { projection, force }: z.infer<typeof rebuildQuery>,
): AsyncGenerator<RebuildProgress | Rebuilt> {
  const { definition, view } = projectionNamed(installation, projection);
  const still = stillness(installation, definition.name, force);
  const incomplete = await missingBeginnings(installation, inputsOf(definition, view));
  const url = installation.urlOf(definition.name);
  const client = await installation.connect(definition.name, 'fullhouse-rebuild');
  const shadow: View = { ...view, name: `${view.name}_shadow` };
  const store = new PostgresStore({ url, applicationName: 'fullhouse-rebuild', views: [shadow] });
  try {
    await makeShadow(client, view.name, shadow.name);
    const folding = new Folding({ installation, definition, hears: () => shadow, makes: [shadow], store });
    for await (const folded of folding.round()) yield { folded };
    yield await finish({ still, service: definition.name, client, view, shadow, folding, incomplete, force });
  } finally {
    await store.close();
    await client.query(`rollback`).catch(() => undefined);
    await client.query(`drop table if exists ${shadow.name}`).catch(() => undefined);
    await client.end();
  }
}

type Stillness = <Result>(work: () => Promise<Result>) => Promise<Result>;

/**
 * How the service holds still. Where it runs in other processes, the lock of the table does that alone: an equal table may
 * take its place, another one may not, since they remember documents of the old one.
 */
function stillness(installation: Installation, service: string, force: boolean): Stillness {
  if (installation.elsewhere === undefined) {
    const { loop } = runningHost(installation, service);
    return (work) => loop.betweenBatches(work);
  }
  if (force) {
    const detail = `${service} may run in several processes, which remember what was. Rebuild with --force in embedded mode only.`;
    throw new OperationRefused('conflict', detail);
  }
  return (work) => work();
}

/** The last round, the comparison and the swap, while nobody changes either table. */
function finish(options: {
  readonly still: Stillness;
  readonly service: string;
  readonly client: pg.Client;
  readonly view: View;
  readonly shadow: View;
  readonly folding: Folding;
  readonly incomplete: readonly string[];
  readonly force: boolean;
}): Promise<Rebuilt> {
  const { still, service, client, view, shadow, folding, incomplete, force } = options;
  return still(async () => {
    await client.query(
      `begin; set local lock_timeout = '${lockWait}'; lock table ${view.name} in access exclusive mode`,
    );
    for await (const _ of folding.round()) {
      // Only what came since the first round is left.
    }
    const compared = await compare(client, view.name, shadow.name);
    const swapped = force || (compared.equal && incomplete.length === 0);
    if (swapped) await swap(client, view.name, shadow.name);
    await client.query('commit');
    return { service, projection: view.name, folded: folding.folded, incomplete, ...compared, swapped };
  });
}

/** A projection by its name, or by `service.name` where two services have one of the same name. */
export function projectionNamed(installation: Installation, name: string) {
  const all = installation.definitions.flatMap((definition) =>
    (definition.views ?? []).map((view) => ({ definition, view })),
  );
  const found = all.filter(({ definition, view }) => [view.name, `${definition.name}.${view.name}`].includes(name));
  const only = found[0];
  if (only !== undefined && found.length === 1) return only;
  const names = all.map(({ definition, view }) => `${definition.name}.${view.name}`).join(', ');
  const says =
    found.length === 0 ? `There is no projection "${name}".` : `"${name}" is a projection of several services.`;
  throw new OperationRefused('not_found', `${says} There are: ${names}.`);
}
