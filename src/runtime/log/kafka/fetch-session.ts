import type { fetchV17 } from '@platformatic/kafka';
import type { TopicPartition } from '../log.ts';
import type { Cluster, Purpose } from './cluster.ts';
import { answeredWith } from './errors.ts';
import { type FetchAnswer, type FetchedPartition, fetch } from './fetch-request.ts';

/** Reading from one broker. */

/** A partition to read, and from where. */
export interface Wanted extends TopicPartition {
  readonly name: string;
  readonly topicId: string;
  readonly offset: number;
}

export interface Fetched {
  readonly wanted: Wanted;
  readonly answer: FetchedPartition;
}

const partitionBytesMax = 1_100_000;
const answerBytesMax = 8_000_000;
const readCommitted = 1;
const noSession = { id: 0, epoch: -1 };
const newSession = { id: 0, epoch: 0 };

interface Asking {
  readonly cluster: Cluster;
  readonly purpose: Purpose;
  readonly node: number;
  readonly waitMs: number;
}

/** One question without a session, for few partitions. */
export async function fetchOnce(asking: Asking, wanted: readonly Wanted[]): Promise<readonly Fetched[]> {
  const answer = await ask(asking, noSession, { topics: byTopic(wanted), forgotten: [] });
  return matched(answer, wanted);
}

/**
 * An incremental fetch session (KIP-227): the broker keeps what is wanted, and only what changes is told and answered. So a
 * long poll over hundreds of quiet partitions costs next to nothing.
 */
export class FetchSession {
  #session = newSession;
  #kept = new Map<string, Wanted>();

  async fetch(asking: Asking, wanted: ReadonlyMap<string, Wanted>): Promise<readonly Fetched[]> {
    const changed: Wanted[] = [];
    const forgotten = new Map<string, number[]>();
    for (const [name, each] of wanted) {
      const kept = this.#kept.get(name);
      if (kept?.offset !== each.offset || kept.topicId !== each.topicId) changed.push(each);
    }
    for (const [name, { topicId, partition }] of this.#kept) {
      if (wanted.get(name)?.topicId !== topicId) forgotten.set(topicId, [...(forgotten.get(topicId) ?? []), partition]);
    }
    const isNew = this.#session.epoch === newSession.epoch;
    try {
      const answer = await ask(asking, this.#session, {
        topics: byTopic(isNew ? [...wanted.values()] : changed),
        forgotten: isNew ? [] : [...forgotten].map(([topicId, partitions]) => ({ topicId, partitions })),
      });
      this.#session =
        answer.sessionId === 0
          ? newSession
          : { id: answer.sessionId, epoch: (this.#session.epoch % (2 ** 31 - 1)) + 1 };
      this.#kept = new Map(wanted);
      return matched(answer, [...wanted.values()]);
    } catch (error) {
      this.reset();
      throw error;
    }
  }

  reset(): void {
    this.#session = newSession;
    this.#kept.clear();
  }
}

/** Whether only the session is gone: ask again with a new one. */
export function isSessionLost(error: unknown): boolean {
  return ['FETCH_SESSION_ID_NOT_FOUND', 'INVALID_FETCH_SESSION_EPOCH', 'FETCH_SESSION_TOPIC_ID_ERROR'].includes(
    answeredWith(error) ?? '',
  );
}

function ask(
  { cluster, purpose, node, waitMs }: Asking,
  session: { readonly id: number; readonly epoch: number },
  what: {
    readonly topics: fetchV17.FetchRequestTopic[];
    readonly forgotten: fetchV17.FetchRequestForgottenTopicsData[];
  },
): Promise<FetchAnswer> {
  return cluster.request(
    { purpose, node },
    fetch,
    waitMs,
    1,
    answerBytesMax,
    readCommitted,
    session.id,
    session.epoch,
    what.topics,
    what.forgotten,
    '',
  );
}

function byTopic(wanted: readonly Wanted[]): fetchV17.FetchRequestTopic[] {
  const topics = new Map<string, fetchV17.FetchRequestTopic>();
  for (const { topicId, partition, offset } of wanted) {
    const topic = topics.get(topicId) ?? { topicId, partitions: [] };
    topics.set(topicId, topic);
    topic.partitions.push({
      partition,
      currentLeaderEpoch: -1,
      fetchOffset: BigInt(offset),
      lastFetchedEpoch: -1,
      partitionMaxBytes: partitionBytesMax,
    });
  }
  return [...topics.values()];
}

function matched(answer: FetchAnswer, wanted: readonly Wanted[]): readonly Fetched[] {
  const byId = new Map<string, Wanted>();
  if (answer.topics.length > 0) for (const each of wanted) byId.set(`${each.topicId}/${each.partition}`, each);
  const fetched: Fetched[] = [];
  for (const { topicId, partitions } of answer.topics) {
    for (const partition of partitions) {
      const found = byId.get(`${topicId}/${partition.partition}`);
      if (found !== undefined) fetched.push({ wanted: found, answer: partition });
    }
  }
  return fetched;
}
