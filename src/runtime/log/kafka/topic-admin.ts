import {
  ConfigResourceTypes,
  createTopicsV7,
  describeConfigsV4,
  IncrementalAlterConfigOperationTypes,
  incrementalAlterConfigsV1,
} from '@platformatic/kafka';
import { LogUnavailable } from '../log.ts';
import { messageBytesMax } from './appends.ts';
import { Cluster, type KafkaAccess } from './cluster.ts';
import { errorName, responseOf } from './errors.ts';
import { checkedTopics, type WantedTopic } from './topic-check.ts';

/** Makes the topics of an installation, and brings those that are there back to what they should be. */

export interface TopicSettings {
  readonly replicationFactor: number;
  readonly minInsyncReplicas: number;
}

export interface TopicOutcome {
  readonly topic: string;
  readonly partitions: number;
  readonly outcome: 'created' | 'changed' | 'found';
  /** Settings that were others, and what only another tool can change. */
  readonly changes: readonly string[];
}

const createTimeoutMs = 10_000;
const lookAgainMs = 20;
const dayMs = 86_400_000;
/** A small segment, so that compaction, which leaves the newest alone, gets to do something. */
const compactedSegmentMs = 7 * dayMs;
/** How long a tombstone is kept for consumers that are behind. */
const tombstoneMs = 30 * dayMs;

/**
 * Throws `KafkaRefused` where a topic has another number of partitions, which nothing changes in place, and
 * `LogUnavailable` where Kafka does not answer, or does not want such a topic.
 */
export async function createTopics(
  access: KafkaAccess,
  wanted: readonly WantedTopic[],
  settings: TopicSettings,
): Promise<readonly TopicOutcome[]> {
  const cluster = new Cluster(access);
  try {
    const names = wanted.map(({ name }) => name);
    await cluster.watch(names, () => {});
    const missing = wanted.filter(({ name }) => !cluster.topics.has(name));
    checkedTopics(
      wanted.filter(({ name }) => cluster.topics.has(name)),
      cluster.topics,
    );
    if (missing.length > 0) await create(cluster, missing, settings);
    const changes = await changeSettings(
      cluster,
      wanted.filter((topic) => !missing.includes(topic)),
      settings,
    );
    return wanted.map((topic) => {
      const { name, partitions } = topic;
      if (missing.includes(topic)) return { topic: name, partitions, outcome: 'created', changes: [] };
      const changed = changes.get(name) ?? [];
      const outcome = changed.length > 0 ? 'changed' : 'found';
      const replicas = cluster.topics.get(name)?.replicas;
      // Brokers have to copy for that: Kafka's own tool does it, under the eyes of a person.
      const kept = `replication factor stays ${replicas}, not ${settings.replicationFactor}: see kafka-reassign-partitions`;
      return {
        topic: name,
        partitions,
        outcome,
        changes: replicas === settings.replicationFactor ? changed : [...changed, kept],
      };
    });
  } finally {
    await cluster.close();
  }
}

async function create(cluster: Cluster, topics: readonly WantedTopic[], settings: TopicSettings): Promise<void> {
  const asked = topics.map((topic) => ({
    name: topic.name,
    numPartitions: topic.partitions,
    replicationFactor: settings.replicationFactor,
    assignments: [],
    configs: [...settingsOf(topic, settings)].map(([name, value]) => ({ name, value })),
  }));
  try {
    await cluster.request({ purpose: 'control' }, createTopicsV7.api, asked, createTimeoutMs, false);
  } catch (error) {
    const answer = responseOf<createTopicsV7.CreateTopicsResponse>(error);
    const isMade = ({ errorCode }: { readonly errorCode: number }) =>
      errorCode === 0 || errorName(errorCode) === 'TOPIC_ALREADY_EXISTS';
    // Somebody else may be making them at the same time.
    if (answer?.topics.every(isMade) !== true) throw error;
  }
  await known(cluster, topics);
}

/** Until every broker that may be asked knows the new topics: what is decided spreads a moment later. */
async function known(cluster: Cluster, topics: readonly WantedTopic[]): Promise<void> {
  const until = performance.now() + createTimeoutMs;
  const isMissing = ({ name, partitions }: WantedTopic) =>
    Array.from({ length: partitions }, (_, each) => cluster.leader(name, each)).some((leader) => leader < 0);
  while (topics.some(isMissing)) {
    if (performance.now() > until) throw new LogUnavailable('the new topics have no leaders yet; look again later');
    await new Promise((resolve) => setTimeout(resolve, lookAgainMs));
    await cluster.refresh();
  }
}

function settingsOf({ retentionDays }: WantedTopic, { minInsyncReplicas }: TopicSettings): ReadonlyMap<string, string> {
  const all = {
    'min.insync.replicas': String(minInsyncReplicas),
    'max.message.bytes': String(messageBytesMax),
    // Foreign producers may compress as they like: consumers need not know how.
    'compression.type': 'uncompressed',
  };
  const kept =
    retentionDays === 'compacted'
      ? {
          'cleanup.policy': 'compact',
          'segment.ms': String(compactedSegmentMs),
          'delete.retention.ms': String(tombstoneMs),
        }
      : { 'cleanup.policy': 'delete', 'retention.ms': String(retentionDays * dayMs) };
  return new Map(Object.entries({ ...all, ...kept }));
}

/** By topic: which settings were others, and are as they should be now. */
async function changeSettings(
  cluster: Cluster,
  topics: readonly WantedTopic[],
  settings: TopicSettings,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const changes = new Map<string, readonly string[]>();
  if (topics.length === 0) return changes;
  const to = { purpose: 'control' } as const;
  const asked = topics.map(({ name }) => ({ resourceType: ConfigResourceTypes.TOPIC, resourceName: name }));
  const { results } = await cluster.request(to, describeConfigsV4.api, asked, false, false);
  const resources = [];
  for (const topic of topics) {
    const configs = results.find(({ resourceName }) => resourceName === topic.name)?.configs ?? [];
    const values = new Map(configs.map(({ name, value }) => [name, value]));
    const others = [...settingsOf(topic, settings)].filter(([name, value]) => values.get(name) !== value);
    if (others.length === 0) continue;
    changes.set(
      topic.name,
      others.map(([name, value]) => `${name} ${values.get(name)} → ${value}`),
    );
    resources.push({
      resourceType: ConfigResourceTypes.TOPIC,
      resourceName: topic.name,
      configs: others.map(([name, value]) => ({
        name,
        value,
        configOperation: IncrementalAlterConfigOperationTypes.SET,
      })),
    });
  }
  if (resources.length > 0) await cluster.request(to, incrementalAlterConfigsV1.api, resources, false);
  return changes;
}
