/** How long something takes, as people say it: never more exact than it is known. */
export function waitText(seconds: number): string {
  if (seconds < 45) return 'less than a minute';
  const minutes = Math.round(seconds / 60);
  if (minutes <= 1) return 'about a minute';
  if (minutes < 90) return `about ${minutes < 10 ? minutes : Math.round(minutes / 5) * 5} minutes`;
  const hours = Math.round(minutes / 60);
  return hours <= 1 ? 'about an hour' : `about ${hours} hours`;
}

/** So few before somebody on a waiting list may be gone in a moment. */
const nearMax = 100;

/**
 * How soon somebody on the waiting list asks again where they are: thousands who look at their place would otherwise ask hundreds of
 * times a second, and few of them have anything new to hear. When seats are found they are told at once, whatever they ask.
 */
export function placeAgainMs(ahead: number | undefined): number {
  return ahead !== undefined && ahead > nearMax ? 60_000 : 10_000;
}
