/**
 * Counts by key that are never changed: 64 groups of 64 short lists, of which a change copies one list and the way to
 * it, so that counting one customer of 50,000 costs about what counting one of a hundred does.
 */
export interface Counts {
  readonly groups: readonly (Group | undefined)[];
}
type Entry = readonly [key: string, count: number];
type Group = readonly (readonly Entry[] | undefined)[];

export const noCounts: Counts = { groups: [] };
const groupBits = 6;
const groupMask = (1 << groupBits) - 1;

/** The count of a key, 0 where it was never counted. */
export function countOf(counts: Counts, key: string): number {
  const hash = hashOf(key);
  const list = counts.groups[hash & groupMask]?.[(hash >>> groupBits) & groupMask];
  return list?.find((entry) => entry[0] === key)?.[1] ?? 0;
}

/** The counts with one key's raised, or lowered, but never below 0. */
export function withCount(counts: Counts, key: string, change: number): Counts {
  const hash = hashOf(key);
  const group = counts.groups[hash & groupMask] ?? [];
  const list = group[(hash >>> groupBits) & groupMask] ?? [];
  const count = (list.find((entry) => entry[0] === key)?.[1] ?? 0) + change;
  const others = list.filter((entry) => entry[0] !== key);
  const changed = placed(group, (hash >>> groupBits) & groupMask, count > 0 ? [...others, [key, count]] : others);
  return { groups: placed(counts.groups, hash & groupMask, changed) };
}

/** A copy of a list with one place filled; places before it that are not there yet are empty. */
function placed<Item>(list: readonly (Item | undefined)[], at: number, item: Item): readonly (Item | undefined)[] {
  const copy = list.slice();
  while (copy.length < at) copy.push(undefined);
  copy[at] = item;
  return copy;
}

/** Every key that counts, for snapshots. */
export function entriesOf(counts: Counts): readonly Entry[] {
  return counts.groups.flatMap((group) => group?.flatMap((list) => list ?? []) ?? []);
}

/** What `entriesOf` gave, as counts again. */
export function countsFrom(entries: readonly Entry[]): Counts {
  return entries.reduce((counts, [key, count]) => withCount(counts, key, count), noCounts);
}

/** FNV-1a over the key. */
function hashOf(key: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < key.length; at += 1) hash = Math.imul(hash ^ key.charCodeAt(at), 0x01000193);
  // The low bits of neighbours are alike; the high ones are not.
  return (hash ^ (hash >>> 15)) >>> 0;
}
