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

/**
 * Tells shows that are on the programme already, as they are: they were imported before. One that has started, ended or
 * been cancelled since is left so.
 */
export function isOn(occupied: readonly Taken[]): (show: Show) => boolean {
  const known = new Set(occupied.map((each) => `${each.screenId} ${each.startsAt} ${each.movieId}`));
  return ({ screen, startsAt, movie }) => known.has(`${screen.screenId} ${Date.parse(startsAt)} ${movie.movieId}`);
}

/** New shows, none of which may overlap with another on its screen. */
export function placeShows(
  added: readonly PlacedShow[],
  occupied: readonly Taken[],
  faults: ImportFault[],
): readonly Show[] {
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
