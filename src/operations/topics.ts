import { type Topic, topicNamed, topicNames } from '../contracts/topics.ts';
import type { Bounds, LogTopic } from '../runtime/log/log.ts';
import { type Installation, OperationRefused } from './installation.ts';

/** What is on the log: every topic with its owner, its partitions and how much it holds. */
export interface TopicSummary {
  readonly topic: string;
  readonly owner: string;
  readonly key: string;
  readonly partitions: number;
  readonly retention: string;
  /** Offsets from the first to the next, of all partitions; a compacted topic holds fewer records. */
  readonly records: number;
  readonly says: string;
  readonly offsets: readonly (Bounds & { readonly partition: number })[];
}

export interface TopicDescription extends TopicSummary {
  readonly events: readonly { readonly type: string; readonly version: number; readonly says: string }[];
}

export async function listTopics(installation: Installation): Promise<readonly TopicSummary[]> {
  const summaries: TopicSummary[] = [];
  for (const name of topicNames) {
    const { events: _events, ...summary } = await describeTopic(installation, name);
    summaries.push(summary);
  }
  return summaries;
}

/** One topic with the ends of its partitions and its events. Refuses a name that is no topic. */
export async function describeTopic({ log }: Installation, name: string): Promise<TopicDescription> {
  const { topic, onLog } = knownTopic(log.topics, name);
  const offsets: (Bounds & { partition: number })[] = [];
  for (let partition = 0; partition < onLog.partitions; partition += 1) {
    offsets.push({ partition, ...(await log.bounds({ topic: name, partition })) });
  }
  return {
    topic: topic.name,
    owner: topic.owner,
    key: topic.key,
    partitions: onLog.partitions,
    retention: topic.retentionDays === 'compacted' ? 'compacted' : `${topic.retentionDays} days`,
    records: offsets.reduce((count, { first, next }) => count + next - first, 0),
    says: topic.says,
    offsets,
    events: topic.events.map(({ type, version, says }) => ({ type, version, says })),
  };
}

/** A topic by a name from outside, as the catalogue and as the log know it. */
export function knownTopic(
  onLogs: readonly LogTopic[],
  name: string,
): { readonly topic: Topic; readonly onLog: LogTopic } {
  const topic = topicNamed(name);
  const onLog = onLogs.find((each) => each.name === name);
  if (topic !== undefined && onLog !== undefined) return { topic, onLog };
  throw new OperationRefused('not_found', `There is no topic "${name}". There are: ${topicNames.join(', ')}.`);
}
