import { topicNamed } from '../../src/contracts/topics.ts';
import type { Applied, View } from '../../src/runtime/service.ts';
import { type EventRow, privateChannel } from '../../src/runtime/store/store.ts';
import { eventId } from '../../src/runtime/task/publisher.ts';
import { type Evidence, eventsOf, type SimulatedInvariant } from './evidence.ts';

/** Counting without gaps, topics that hold what was decided, tasks that have read it, and views that show it. */

export const versionsWithoutGaps: SimulatedInvariant = {
  name: 'versions-without-gaps',
  says: 'stream versions run from 1 without a gap',
  *examine(evidence) {
    for (const { name } of evidence.definitions) {
      for (const [stream, events] of Map.groupBy(eventsOf(evidence, name), (event) => event.stream)) {
        const versions = events.map(({ streamVersion }) => streamVersion).sort((a, b) => a - b);
        if (versions.some((version, index) => version !== index + 1))
          yield `${stream} of ${name} has versions ${versions.join(' ')}`;
      }
    }
  },
};

export const sequencesWithoutGaps: SimulatedInvariant = {
  name: 'sequences-without-gaps',
  says: 'sequences of each channel run without a gap to the last one given',
  *examine(evidence) {
    for (const [service, { events, tasks }] of evidence.stored) {
      const given = new Map(tasks.map((task) => [task.partition, task.sequences]));
      for (const [place, all] of Map.groupBy(events, placeOf)) {
        const sequences = all.map(({ sequence }) => sequence);
        if (sequences.some((sequence, index) => sequence !== index + 1))
          yield `${service} has sequences ${sequences.join(' ')} on ${place}`;
        const [first] = all;
        const last = first && given.get(first.partition)?.[first.channel];
        if (last !== all.length)
          yield `${service} has ${all.length} events on ${place}, and its task has given ${last}`;
      }
    }
  },
};

function placeOf({ channel, partition }: EventRow): string {
  return `${channel === privateChannel ? 'no topic' : channel}/${partition}`;
}

export const eventsOnTopics: SimulatedInvariant = {
  name: 'events-on-topics',
  says: 'every event is on its topic, the first time in its order, as it was decided; on a compacted one, it or a later one of its stream',
  *examine(evidence) {
    for (const [service, { events }] of evidence.stored) {
      const published = events.filter(({ channel }) => channel !== privateChannel);
      for (const [place, all] of Map.groupBy(published, placeOf))
        yield* comparePlace(evidence, { service, place, all });
    }
  },
};

function* comparePlace(
  { records }: Evidence,
  { service, place, all }: { readonly service: string; readonly place: string; readonly all: readonly EventRow[] },
): Generator<string> {
  const first = new Set<string>();
  for (const { headers } of records.get(place) ?? []) first.add(headers['ce_id'] ?? '');
  // On a compacted topic a later record replaces an earlier one, so their order among keys says nothing.
  if (topicNamed(all[0]?.channel ?? '')?.retentionDays === 'compacted') {
    yield* compareCompacted(first, { service, place, all });
    return;
  }
  const [onTopic, stored] = [[...first], all.map(eventId)];
  if (onTopic.length !== stored.length)
    yield `${service} has ${stored.length} events for ${place}, which holds ${onTopic.length}`;
  const at = onTopic.findIndex((id, index) => id !== stored[index]);
  if (at >= 0) yield `${place} has ${onTopic[at]} where ${service} decided ${stored[at]}`;
}

/** What an earlier owner has left to be published is read from the store, of a compacted topic the last of each stream. */
function* compareCompacted(
  onTopic: ReadonlySet<string>,
  { service, place, all }: { readonly service: string; readonly place: string; readonly all: readonly EventRow[] },
): Generator<string> {
  const stored = new Set(all.map(eventId));
  for (const id of onTopic) if (!stored.has(id)) yield `${place} has ${id}, which ${service} has not decided`;
  for (const [stream, events] of Map.groupBy(all, (event) => event.stream)) {
    const last = eventId(events.reduce((a, b) => (a.streamVersion > b.streamVersion ? a : b)));
    if (!onTopic.has(last)) yield `${service} has ${last} for ${place}, which holds nothing as late of ${stream}`;
  }
}

export const topicsAreRead: SimulatedInvariant = {
  name: 'topics-are-read',
  says: 'every task has read its topics to their end',
  examine: ({ unread }) => unread,
};

export const nothingWaits: SimulatedInvariant = {
  name: 'nothing-waits',
  says: 'at rest nothing is parked, no request waits, no effect is open and no timer is set',
  *examine({ stored }) {
    for (const [service, { parked, requests, effects, deadlines }] of stored) {
      for (const row of parked) yield `${service} has parked an input of ${row.subject}: ${row.reason}, ${row.detail}`;
      for (const row of requests) yield `${service} has not taken ${row.type} of ${row.subject}`;
      for (const row of effects) yield `${service} has no answer to ${row.type} of ${row.subject}`;
      for (const row of deadlines) yield `${service} has a timer of ${row.stream} ${row.part} that never went off`;
    }
  },
};

export const viewsAreTheirRebuild: SimulatedInvariant = {
  name: 'views-are-their-rebuild',
  says: 'a projection is what its events make it',
  *examine({ definitions, stored, applied }) {
    for (const { name, views = [] } of definitions) {
      for (const view of views) {
        const documents = stored.get(name)?.documents.get(view.name) ?? new Map<string, unknown>();
        const rebuilt = rebuild(view, applied.get(name) ?? []);
        for (const [id, doc] of rebuilt) {
          const shown = documents.get(id);
          if (isSame(shown, doc)) continue;
          const [before, after] = [JSON.stringify(sorted(shown)), JSON.stringify(sorted(doc))];
          yield `${view.name} of ${name} shows ${id} as ${before}, by its events it is ${after}`;
        }
      }
    }
  },
};

function rebuild(view: View, applied: readonly Applied[]): ReadonlyMap<string, unknown> {
  const documents = new Map<string, unknown>();
  for (const each of applied) {
    const id = view.on[each.envelope.type]?.(each as Applied<never>);
    if (id !== undefined) documents.set(id, view.fold(documents.get(id), each as Applied<never>));
  }
  return documents;
}

/** Whether two documents are the same as JSON: a field that is not defined is one that is not there. */
function isSame(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const [left, right] = [a as Readonly<Record<string, unknown>>, b as Readonly<Record<string, unknown>>];
  for (const name in left) if (!isSame(left[name], right[name])) return false;
  for (const name in right) if (left[name] === undefined && right[name] !== undefined) return false;
  return true;
}

/** Fields in one order, so that who reads two texts sees where they differ. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const fields = Object.entries(value).filter(([, each]) => each !== undefined);
  return Object.fromEntries(fields.sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, each]) => [name, sorted(each)]));
}

export const nothingHappenedThatMustNot: SimulatedInvariant = {
  name: 'nothing-happened-that-must-not',
  says: 'no former owner commits, no decision depends on anything but state and input, no request fails unexpectedly',
  examine: ({ incidents }) => incidents,
};
