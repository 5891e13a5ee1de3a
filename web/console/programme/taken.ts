import type { Show } from '../../kit/answers.ts';
import { get } from '../../kit/api.ts';
import { shortDayText, timeText } from '../../kit/format.ts';
import type { Problem } from '../../kit/problem.ts';

/** Which show has the screen that somebody wants; `undefined` for another problem, or where it cannot be told. */
export async function takenBy(
  { body }: Problem,
  timeZone: string,
): Promise<{ readonly show: Show; readonly text: string } | undefined> {
  const [showId] = body.shows ?? [];
  if (showId === undefined) return undefined;
  const show = await get<Show>(`/v1/shows/${encodeURIComponent(showId)}`).catch(() => undefined);
  if (show === undefined) return undefined;
  const { movie, startsAt } = show;
  const takes = movie.runningTimeMinutes === undefined ? '' : ` and takes ${movie.runningTimeMinutes} minutes`;
  const text = `The screen is taken then by “${movie.title}”, which begins ${shortDayText(startsAt, timeZone)}, ${timeText(startsAt, timeZone)}${takes}. Choose another time or screen.`;
  return { show, text };
}
