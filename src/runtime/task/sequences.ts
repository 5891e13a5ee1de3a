import { type Headers, sourcePrefix } from '../../contracts/envelope.ts';
import { topicNamed } from '../../contracts/topics.ts';

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
 * What a record's sequence says: sequences of a topic's one owner are contiguous in a topic partition. Without a stored
 * head the first one met is taken. A higher timeline starts a new count, a lower one is a database that was restored
 * since. Counts of anybody else, and counts that are none, say nothing: they must not push the owner's events aside.
 */
export function verdictOn(topic: string, headers: Headers, head: Head | undefined): Verdict {
  const sequence = Number(headers['ce_sequence']);
  const timeline = Number(headers['ce_timeline'] ?? 1);
  if (!isCount(sequence) || !isCount(timeline)) return { kind: 'foreign' };
  if (headers['ce_source'] !== `${sourcePrefix}${topicNamed(topic)?.owner}`) return { kind: 'foreign' };
  if (head === undefined || timeline > head.timeline) return { kind: 'next', head: { timeline, sequence } };
  if (timeline < head.timeline || sequence <= head.sequence) return { kind: 'seen' };
  if (sequence > head.sequence + 1) return { kind: 'gap', expected: head.sequence + 1, found: sequence };
  return { kind: 'next', head: { timeline, sequence } };
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 1;
}
