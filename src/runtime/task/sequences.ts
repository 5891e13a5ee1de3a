import type { Headers } from '../../contracts/envelope.ts';

/** The last event applied of a producer in one topic partition. */
export interface Head {
  readonly timeline: number;
  readonly sequence: number;
}

export type Verdict =
  | { readonly kind: 'next'; readonly head: Head }
  | { readonly kind: 'seen' }
  | { readonly kind: 'gap'; readonly expected: number; readonly found: number }
  /** A producer that keeps no count: its events are made harmless by their streams. */
  | { readonly kind: 'foreign' };

/**
 * What a record's sequence says: sequences of one producer are contiguous in a topic partition. Without a stored head the
 * first one met is taken. A higher timeline starts a new count, a lower one is a database that was restored since.
 */
export function verdictOn(headers: Headers, head: Head | undefined): Verdict {
  const sequence = Number(headers['ce_sequence']);
  if (!Number.isSafeInteger(sequence)) return { kind: 'foreign' };
  const timeline = Number(headers['ce_timeline'] ?? 1);
  if (head === undefined || timeline > head.timeline) return { kind: 'next', head: { timeline, sequence } };
  if (timeline < head.timeline || sequence <= head.sequence) return { kind: 'seen' };
  if (sequence > head.sequence + 1) return { kind: 'gap', expected: head.sequence + 1, found: sequence };
  return { kind: 'next', head: { timeline, sequence } };
}
