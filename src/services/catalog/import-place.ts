import type { Show } from '../../contracts/catalog.ts';
import type { ImportFault } from './import-file.ts';
import { endOf } from './show-rules.ts';

/** A show on a screen, which it takes unless it was cancelled; times in milliseconds since 1970. */
export interface Taken {
  readonly screenId: string;
  readonly movieId: string;
  readonly startsAt: number;
  readonly endsAt: number;
  readonly isCancelled: boolean;
}

/** A show with its place in the file. */
export interface PlacedShow {
  readonly where: string;
  readonly show: Show;
}

/** The shows that are new, none of which may overlap with another on its screen. */
export function placeShows(
  shows: readonly PlacedShow[],
  occupied: readonly Taken[],
  faults: ImportFault[],
): readonly Show[] {
  const known = new Map(occupied.map((each) => [`${each.screenId} ${each.startsAt} ${each.movieId}`, each]));
  const isKnown = ({ show }: PlacedShow) =>
    known.has(`${show.screen.screenId} ${Date.parse(show.startsAt)} ${show.movie.movieId}`);
  // A show that is on the programme already, as it is, was imported before; one that was cancelled since stays cancelled.
  const added = shows.filter((each) => !isKnown(each));
  const times = [
    ...added.map(({ where, show }) => ({
      where,
      screenId: show.screen.screenId,
      startsAt: Date.parse(show.startsAt),
      endsAt: endOf(show),
    })),
    ...occupied.filter(({ isCancelled }) => !isCancelled).map((each) => ({ ...each, where: undefined })),
  ].sort((a, b) => (a.screenId === b.screenId ? a.startsAt - b.startsAt : a.screenId < b.screenId ? -1 : 1));
  let last = times[0];
  for (const each of times.slice(1)) {
    if (last !== undefined && last.screenId === each.screenId && each.startsAt < last.endsAt) {
      const [later, earlier] = each.where === undefined ? [last, each] : [each, last];
      const other = earlier.where ?? `one on the programme that starts at ${new Date(earlier.startsAt).toISOString()}`;
      if (later.where !== undefined)
        faults.push({ where: later.where, message: `overlaps on its screen with ${other}` });
    }
    if (last === undefined || last.screenId !== each.screenId || each.endsAt > last.endsAt) last = each;
  }
  return added.map(({ show }) => show);
}
