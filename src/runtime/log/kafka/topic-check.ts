import type { LogTopic } from '../log.ts';
import type { TopicState } from './cluster.ts';
import { KafkaRefused } from './errors.ts';

/** A topic as this installation wants it. */
export type WantedTopic = Omit<LogTopic, 'id'>;

/** One clear line that names what is not there; `undefined` where all is. */
export function missingTopics(
  wanted: readonly WantedTopic[],
  found: ReadonlyMap<string, TopicState>,
): string | undefined {
  const missing = wanted.filter(({ name }) => !found.has(name)).map(({ name }) => name);
  if (missing.length === 0) return undefined;
  const topics = missing.length === 1 ? `topic ${missing[0]} is` : `topics ${missing.join(', ')} are`;
  return `${topics} missing; run "fullhouse topics create"`;
}

/** Topics with their ids, or one clear line that says what is wrong with them and what repairs it. */
export function checkedTopics(
  wanted: readonly WantedTopic[],
  found: ReadonlyMap<string, TopicState>,
): readonly LogTopic[] {
  const missing = missingTopics(wanted, found);
  if (missing !== undefined) throw new KafkaRefused(missing);
  const others = wanted.filter(({ name, partitions }) => found.get(name)?.leaders.length !== partitions);
  const [other] = others;
  if (other !== undefined) {
    const count = found.get(other.name)?.leaders.length;
    const more = others.length > 1 ? ` (and ${others.length - 1} more topics)` : '';
    // A key would move to another partition, away from what it has done so far: nothing repairs that in place.
    throw new KafkaRefused(
      `topic ${other.name} has ${count} partitions, not ${other.partitions}${more}; set FULLHOUSE_PARTITIONS=${count}, or delete the topics and run "fullhouse topics create"`,
    );
  }
  return wanted.map((topic) => ({ ...topic, id: found.get(topic.name)?.id ?? '' }));
}
