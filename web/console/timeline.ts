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
  const places = new Map(entries.map((entry, index) => [nameOf(entry), index]));
  const causes = entries.map((entry) => causeOf(entry, { entries, places }));
  return entries.map((entry, index) => {
    const since = entry.ms - (entries[index - 1]?.ms ?? entry.ms);
    return {
      entry,
      cause: causes[index],
      effects: causes.flatMap((cause, effect) => (cause === index ? [effect] : [])),
      quietMs: since >= quietFromMs && entry.kind !== 'deadline' ? since : undefined,
    };
  });
}

/** As the server names an entry where it is a cause. */
const nameOf = ({ service, type, id }: TimelineEntry) => `${service} ${type} ${id}`;
const answerTo = 'the answer to ';

interface Known {
  readonly entries: readonly TimelineEntry[];
  readonly places: ReadonlyMap<string, number>;
}

function causeOf({ causedBy, service }: TimelineEntry, { entries, places }: Known): number | undefined {
  if (causedBy === undefined) return undefined;
  const named = places.get(causedBy);
  if (named !== undefined || !causedBy.startsWith(answerTo)) return named;
  const id = causedBy.slice(answerTo.length);
  const asked = entries.findIndex((each) => each.service === service && each.id === id);
  return asked < 0 ? undefined : asked;
}
