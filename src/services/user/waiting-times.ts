/** What people who wait are told about time: how long it may take, and when to ask again. Pure. */

/** How far a room had come at a moment, in milliseconds. */
export interface Progress {
  readonly at: number;
  readonly called: number;
}

/** The pace is that of so long. */
const paceMs = 120_000;
/** All who wait for a show ask no more often than this together, each second, but those whose turn is near. */
const asksPerSecond = 500;
const askAgainLeastSeconds = 3;
const askAgainNearSeconds = 5;
const askAgainUsualSeconds = 30;
/** Whoever is inside says so often that they still are. */
const askAgainInsideSeconds = 45;
/** Whoever waits asks so often until it is their turn, at least. */
const asksMin = 4;
const second = 1_000;

/** What is worth keeping of the way a room has come: the last minutes of it. */
export function withProgress(past: readonly Progress[], now: Progress): readonly Progress[] {
  return [...past.filter(({ at }) => at >= now.at - paceMs), now];
}

/** Seconds until so many more were called, at the pace of the last minutes; `undefined` while nobody is. */
export function secondsUntilCalled(past: readonly Progress[], more: number): number | undefined {
  const first = past[0];
  const last = past.at(-1);
  if (first === undefined || last === undefined || last.called <= first.called) return undefined;
  const perSecond = (last.called - first.called) / Math.max(1, (last.at - first.at) / second);
  return Math.ceil(more / perSecond);
}

/**
 * Seconds until somebody should ask again who has so many `ahead` of them, where there is `room` for some and for `insideMax` in
 * all: at once where there is room for them, and the nearer their turn, the sooner.
 */
export function askAgainSeconds(of: {
  readonly ahead: number;
  readonly room: number;
  readonly insideMax: number;
  readonly waiting: number;
  readonly untilCalled: number | undefined;
}): number {
  if (of.ahead < of.room) return 1;
  const most = Math.max(askAgainUsualSeconds, Math.ceil(of.waiting / asksPerSecond));
  if (of.untilCalled === undefined) return of.ahead < of.insideMax ? askAgainNearSeconds : most;
  return Math.min(most, Math.max(askAgainLeastSeconds, Math.round(of.untilCalled / asksMin)));
}

/** The same of somebody inside whose visit lasts for `leftMs` more. */
export function askAgainInside(leftMs: number): number {
  return Math.max(1, Math.min(askAgainInsideSeconds, Math.ceil(leftMs / second)));
}

/**
 * The same before the draw, which comes in `untilDrawMs`. Nothing changes before, and whoever asks later after it loses nothing: so
 * they ask one after the other, by their places.
 */
export function askAgainBeforeDraw(of: {
  readonly untilDrawMs: number;
  readonly place: number;
  readonly waiting: number;
}): number {
  const untilDraw = Math.max(0, Math.ceil(of.untilDrawMs / second));
  if (untilDraw > 2 * askAgainUsualSeconds)
    return Math.min(untilDraw - askAgainUsualSeconds, 10 * askAgainUsualSeconds);
  const spread = Math.max(1, Math.ceil(of.waiting / asksPerSecond));
  return untilDraw + 1 + (of.place % spread);
}
