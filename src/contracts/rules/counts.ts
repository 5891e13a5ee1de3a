/**
 * Counts by key that are never changed: a change copies one bucket of 512 and shares the rest, so that counting one
 * customer of 50,000 costs what counting one of a hundred does.
 */
export interface Counts {
  readonly buckets: readonly (ReadonlyMap<string, number> | undefined)[];
}

export const noCounts: Counts = { buckets: [] };
const bucketsMax = 512;

/** The count of a key, 0 where it was never counted. */
export function countOf(counts: Counts, key: string): number {
  return counts.buckets[bucketOf(key)]?.get(key) ?? 0;
}

/** The counts with one key's raised, or lowered, but never below 0. */
export function withCount(counts: Counts, key: string, change: number): Counts {
  const at = bucketOf(key);
  const bucket = new Map(counts.buckets[at]);
  const count = (bucket.get(key) ?? 0) + change;
  if (count > 0) bucket.set(key, count);
  else bucket.delete(key);
  const buckets = counts.buckets.slice();
  while (buckets.length < at) buckets.push(undefined);
  buckets[at] = bucket;
  return { buckets };
}

/** Every key that counts, for snapshots. */
export function entriesOf(counts: Counts): readonly (readonly [string, number])[] {
  return counts.buckets.flatMap((bucket) => (bucket === undefined ? [] : [...bucket]));
}

/** What `entriesOf` gave, as counts again. */
export function countsFrom(entries: readonly (readonly [string, number])[]): Counts {
  const buckets: (Map<string, number> | undefined)[] = Array.from({ length: bucketsMax }, () => undefined);
  for (const [key, count] of entries) {
    const at = bucketOf(key);
    const bucket = buckets[at] ?? new Map<string, number>();
    bucket.set(key, count);
    buckets[at] = bucket;
  }
  return { buckets };
}

/** FNV-1a over the key: its end alone would do for random ids, but keys are the caller's. */
function bucketOf(key: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < key.length; at += 1) hash = Math.imul(hash ^ key.charCodeAt(at), 0x01000193);
  return (hash >>> 0) % bucketsMax;
}
