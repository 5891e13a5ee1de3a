import type { Installation } from '../installation.ts';
import type { Examination, Report } from './finding.ts';

/** A cancelled show takes its bookings along: told by what customers read, not by the list that the fan-out goes by. */

const cancelled = {
  name: 'cancelled-show-has-no-bookings',
  promise: 3,
  says: 'with a cancelled show, every booking of it has ended',
} as const;

/** All bookings of a large show are through by then. */
const tenMinutesMs = 600_000;
const showsAtOnce = 500;
const wrongShown = 1_000;

export const cancelledShowExamination: Examination = {
  invariants: [cancelled],
  examine: async function* (installation) {
    const [all] = await installation.query<{ readonly looked: number }>(
      'catalog',
      'select count(*)::int as looked from shows',
    );
    yield { looked: { [cancelled.name]: all?.looked ?? 0 } };
    const shows = await cancelledShows(installation);
    for (let from = 0; from < shows.length; from += showsAtOnce)
      yield* confirmedOf(installation, shows.slice(from, from + showsAtOnce));
  },
};

async function cancelledShows({ query }: Installation): Promise<readonly string[]> {
  const rows = await query<{ readonly showId: string }>(
    'catalog',
    `select subject as "showId" from events where type in ('ShowCancelled', 'ShowWithdrawn')
       and time < extract(epoch from clock_timestamp()) * 1000 - ${tenMinutesMs} order by subject`,
  );
  return rows.map(({ showId }) => showId);
}

async function* confirmedOf({ query }: Installation, shows: readonly string[]): AsyncGenerator<Report> {
  const rows = await query<{ readonly id: string; readonly showId: string }>(
    'user',
    `select id, show_id as "showId" from bookings where show_id = any($1) and status = 'confirmed' limit ${wrongShown}`,
    [[...shows]],
  );
  for (const { id, showId } of rows) {
    const says = `${id} is confirmed, and its show ${showId} will not take place`;
    yield { finding: { invariant: cancelled.name, key: id, says } };
  }
}
