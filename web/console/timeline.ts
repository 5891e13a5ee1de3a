import type { TimelineEntry } from './answers.ts';

/** An entry with the place of what led to it, and of what it led to. */
export interface Placed {
  readonly entry: TimelineEntry;
  readonly cause: number | undefined;
  readonly effects: readonly number[];
  /** A long time in which nothing happened, before this; what comes yet is not waited for in vain. */
  readonly quietMs: number | undefined;
}

/** From here on a gap is worth a line of its own. */
const quietFromMs = 10_000;

/** Finds the cause of each entry among the others; entries are in the order of time. */
export function layOut(entries: readonly TimelineEntry[]): readonly Placed[] {
  const places = new Map(entries.flatMap((entry, index) => namesOf(entry).map((name) => [name, index] as const)));
  const causes = entries.map(
    ({ service, causedBy = '' }) => places.get(causedBy) ?? places.get(`${service} ${causedBy}`),
  );
  const effects = Map.groupBy(entries.keys(), (index) => causes[index]);
  return entries.map((entry, index) => {
    const since = entry.ms - (entries[index - 1]?.ms ?? entry.ms);
    return {
      entry,
      cause: causes[index],
      effects: effects.get(index) ?? [],
      quietMs: since >= quietFromMs && entry.kind !== 'deadline' ? since : undefined,
    };
  });
}

/** As the server names an entry where it is a cause: to others by what it is, to its own service also as what was asked for. */
function namesOf({ service, type, id }: TimelineEntry): readonly string[] {
  return [`${service} ${type} ${id}`, `${service} the answer to ${id}`];
}
