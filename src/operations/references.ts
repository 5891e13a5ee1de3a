import type { SeatPlan, Setting, Show } from '../contracts/catalog.ts';
import { type Installation, OperationRefused } from './installation.ts';

/** What the catalogue says, as the services know it that read its topics: here pricing, which reads all of them. */
interface Reference {
  readonly catalog: Show;
  readonly 'seat-plans': SeatPlan;
  readonly settings: Setting;
}

/** The record of one key; `undefined` where there is none, or no more. */
export async function reference<Topic extends keyof Reference>(
  installation: Installation,
  topic: Topic,
  key: string,
): Promise<Reference[Topic] | undefined> {
  const rows = await installation.query<{ readonly data: Reference[Topic] | null }>(
    'pricing',
    'select data from reference_records where topic = $1 and key = $2',
    [topic, key],
  );
  return rows[0]?.data ?? undefined;
}

/** A show; refuses an id that is none. */
export async function knownShow(installation: Installation, showId: string): Promise<Show> {
  const show = await reference(installation, 'catalog', showId);
  if (show === undefined) throw new OperationRefused('not_found', `There is no show "${showId}". Check the id.`);
  return show;
}

/** Every setting that was ever changed. */
export async function changedSettings(installation: Installation): Promise<readonly Setting[]> {
  const rows = await installation.query<{ readonly data: Setting }>(
    'pricing',
    `select data from reference_records where topic = 'settings' and data is not null order by key`,
  );
  return rows.map(({ data }) => data);
}
