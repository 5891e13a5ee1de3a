import type { Show } from '../../contracts/catalog.ts';
import type { ReportedShow } from '../../contracts/reports.ts';
import type { Installation } from '../installation.ts';

/** The shows of a page of lines, by id; one that the catalogue has no more has its id alone. */
export async function showsNamed(
  installation: Installation,
  showIds: readonly string[],
): Promise<(showId: string) => ReportedShow> {
  const rows = await installation.query<{ readonly key: string; readonly data: Show | null }>(
    'user',
    `select key, data from reference_records where topic = 'catalog' and key = any ($1)`,
    [[...new Set(showIds)]],
  );
  const shows = new Map(rows.map(({ key, data }) => [key, data]));
  return (showId) => {
    const show = shows.get(showId);
    if (show === undefined || show === null) return { showId };
    const { movie, theatre, screen, startsAt } = show;
    return { showId, movie: movie.title, theatre: theatre.name, screen: screen.number, startsAt };
  };
}
