/** The server's time: what ends at a moment of the server's clock is counted down by that clock, however wrong this one is. */
let aheadMs = 0;
let isKnown = false;

/** Notes the Date header of an answer; it is exact to a second, so a smaller difference is none. */
export function noteServerTime(date: string | null): void {
  const at = date === null ? Number.NaN : Date.parse(date);
  if (Number.isNaN(at)) return;
  const difference = at - Date.now();
  if (!isKnown || Math.abs(difference - aheadMs) > 1_000) aheadMs = Math.abs(difference) > 1_000 ? difference : 0;
  isKnown = true;
}

/** Milliseconds since 1970 by the server's clock. */
export const serverNow = () => Date.now() + aheadMs;
