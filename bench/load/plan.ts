/** What the generator is to do; it travels to the generator's process as JSON. */
export interface LoadPlan {
  /** Where the gateway listens. */
  readonly url: string;
  readonly tokens: readonly string[];
  readonly showIds: readonly string[];
  /** Of a booking: how many of the best seats, or places of an area. */
  readonly wanted: { readonly seats: number } | { readonly places: number; readonly area: string };
  /** Bookings a second that are asked for at planned times, or as many as there is room for. */
  readonly pace: { readonly ratePerSecond: number } | { readonly inFlightMax: number };
  /** When a booking is done: with its last ticket; where nobody pays, with its hold; where nothing is left, with its rejection. */
  readonly until: 'ticket' | 'hold' | 'rejection';
  readonly connections: number;
  /** Not counted. */
  readonly warmUpMs: number;
  readonly measuredMs: number;
  /** How long to wait for what is still under way. */
  readonly drainMs: number;
}

/** Milliseconds. */
export interface Distribution {
  readonly count: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
}

export interface LoadResult {
  /** Asked for within the measured time. */
  readonly planned: number;
  /** Of them, for which no connection was free before the measured time was over. */
  readonly unsent: number;
  readonly accepted: number;
  /** Answers other than 202, by their status; 0 for none at all. */
  readonly refused: Readonly<Record<string, number>>;
  /** Bookings that were done within the measured time, and so many a second. */
  readonly ticketed: number;
  readonly ticketedPerSecond: number;
  /** Accepted in the whole run, and without a ticket at its end. */
  readonly acceptedInAll: number;
  readonly unticketed: number;
  /** From the planned moment to the answer 202, and to the last ticket, of what was planned in the measured time. */
  readonly answerMs: Distribution;
  /** From the moment it was sent to another answer than 202. */
  readonly refusalMs: Distribution;
  readonly ticketMs: Distribution;
}

/** What the generator tells its parent. */
export type FromGenerator =
  | { readonly kind: 'ready' }
  | { readonly kind: 'measuring' }
  | { readonly kind: 'measured' }
  | { readonly kind: 'result'; readonly result: LoadResult }
  | { readonly kind: 'failed'; readonly message: string };

export function distributionOf(values: readonly number[]): Distribution {
  const sorted = Float64Array.from(values).sort();
  const at = (share: number) =>
    Number((sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN).toFixed(2));
  return { count: sorted.length, p50: at(0.5), p90: at(0.9), p99: at(0.99), max: at(1) };
}
