import { listOffsetsV9 } from '@platformatic/kafka';
import {
  type Bounds,
  charsOf,
  consumeCharsMax,
  type LogRecord,
  LogUnavailable,
  type Position,
  type TopicPartition,
} from '../log.ts';
import type { Cluster } from './cluster.ts';
import { errorName, isPassing, responseOf } from './errors.ts';
import { fetchOnce } from './fetch-session.ts';
import { decode } from './records.ts';
import { nameOf } from './subscription.ts';

/** Looks at partitions from outside: where they begin and end, and what is on a page. */

/** A look that fails is repeated for so long: leaders move. */
const lookTimeoutMs = 5_000;
const retryMs = 100;
const consumer = -1;
const readCommitted = 1;
const earliest = -2n;
const latest = -1n;

interface Asked {
  readonly partition: TopicPartition;
  readonly resolve: (bounds: Bounds) => void;
  readonly reject: (error: Error) => void;
}

export class Partitions {
  readonly #cluster: Cluster;
  #asked: Asked[] = [];

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  /** First and next offset; questions of the same turn of the event loop are asked together. */
  bounds(partition: TopicPartition): Promise<Bounds> {
    return new Promise((resolve, reject) => {
      this.#asked.push({ partition, resolve, reject });
      if (this.#asked.length > 1) return;
      queueMicrotask(() => {
        for (const [leader, asked] of this.#byLeader(this.#asked.splice(0))) void this.#lookTogether(leader, asked);
      });
    });
  }

  #byLeader(asked: readonly Asked[]): ReadonlyMap<number, readonly Asked[]> {
    const byLeader = new Map<number, Asked[]>();
    for (const each of asked) {
      const leader = this.#cluster.leader(each.partition.topic, each.partition.partition);
      byLeader.set(leader, [...(byLeader.get(leader) ?? []), each]);
    }
    return byLeader;
  }

  async #lookTogether(leader: number, asked: readonly Asked[]): Promise<void> {
    try {
      const found = await this.#look(leader, new Map(asked.map(({ partition }) => [nameOf(partition), partition])));
      for (const { partition, resolve, reject } of asked) {
        const bounds = found.get(nameOf(partition));
        if (bounds !== undefined) resolve(bounds);
        // Its leader may have moved, or its topic may be another one by now.
        else this.#lookAlone(partition).then(resolve, reject);
      }
    } catch {
      for (const { partition, resolve, reject } of asked) this.#lookAlone(partition).then(resolve, reject);
    }
  }

  async #lookAlone(partition: TopicPartition): Promise<Bounds> {
    const until = performance.now() + lookTimeoutMs;
    while (true) {
      try {
        await this.#cluster.refresh();
        const leader = this.#cluster.leader(partition.topic, partition.partition);
        const bounds = (await this.#look(leader, new Map([['', partition]]))).get(nameOf(partition));
        if (bounds !== undefined) return bounds;
        throw new LogUnavailable(`${nameOf(partition)} has no leader at the moment`);
      } catch (error) {
        if ((error as { retryable?: boolean }).retryable !== true || performance.now() > until) throw error;
        await new Promise((resolve) => setTimeout(resolve, retryMs));
      }
    }
  }

  /** The ends of those partitions that this broker tells. */
  async #look(node: number, partitions: ReadonlyMap<string, TopicPartition>): Promise<ReadonlyMap<string, Bounds>> {
    if (node < 0) return new Map();
    const [firsts, nexts] = await Promise.all(
      [earliest, latest].map((timestamp) => this.#offsets(node, [...partitions.values()], timestamp)),
    );
    const bounds = new Map<string, Bounds>();
    for (const [name, first] of firsts ?? []) {
      const next = nexts?.get(name);
      // Retention may come in between the two answers.
      if (next !== undefined) bounds.set(name, { first: Math.min(first, next), next });
    }
    return bounds;
  }

  async #offsets(node: number, partitions: readonly TopicPartition[], timestamp: bigint): Promise<Map<string, number>> {
    const topics = Map.groupBy(partitions, ({ topic }) => topic);
    const asked = [...topics].map(([name, each]) => ({
      name,
      partitions: each.map(({ partition }) => ({ partitionIndex: partition, currentLeaderEpoch: -1, timestamp })),
    }));
    const to = { purpose: 'read', node } as const;
    const answer = await this.#cluster
      .request(to, listOffsetsV9.api, consumer, readCommitted, asked)
      .catch((error: unknown) => {
        const partial = responseOf<listOffsetsV9.ListOffsetsResponse>(error);
        if (partial === undefined) throw error;
        return partial;
      });
    const offsets = new Map<string, number>();
    for (const { name, partitions: told } of answer.topics) {
      for (const { partitionIndex, errorCode, offset } of told) {
        if (errorCode === 0) offsets.set(nameOf({ topic: name, partition: partitionIndex }), Number(offset));
      }
    }
    return offsets;
  }

  /** Up to `recordsMax` records from an offset on; fewer only at the end, or where they are enough text. */
  async page(from: Position, recordsMax: number): Promise<readonly LogRecord[]> {
    const until = performance.now() + lookTimeoutMs;
    const page: LogRecord[] = [];
    let { offset } = from;
    let chars = 0;
    while (page.length < recordsMax && chars < consumeCharsMax) {
      try {
        const { records, next } = await this.#read({ ...from, offset });
        for (const record of records.slice(0, recordsMax - page.length)) {
          page.push(record);
          chars += charsOf(record);
        }
        if (next === undefined) break;
        offset = next;
      } catch (error) {
        if ((error as { retryable?: boolean }).retryable !== true || performance.now() > until) throw error;
        await new Promise((resolve) => setTimeout(resolve, retryMs));
        await this.#cluster.refresh();
      }
    }
    return page;
  }

  /** What one fetch gives, and where to go on; without a `next` there is nothing more. */
  async #read(from: Position): Promise<{ readonly records: readonly LogRecord[]; readonly next: number | undefined }> {
    const state = this.#cluster.topics.get(from.topic);
    const node = this.#cluster.leader(from.topic, from.partition);
    if (state === undefined || node < 0) throw new LogUnavailable(`${nameOf(from)} has no leader at the moment`);
    const wanted = { ...from, name: nameOf(from), topicId: state.id };
    const [fetched] = await fetchOnce({ cluster: this.#cluster, purpose: 'read', node, waitMs: 0 }, [wanted]);
    if (fetched === undefined) return { records: [], next: undefined };
    const { answer } = fetched;
    if (errorName(answer.errorCode) === 'OFFSET_OUT_OF_RANGE') {
      // Retention has taken what lies before the first offset.
      const { first, next } = await this.bounds(from);
      return { records: [], next: from.offset < first && first < next ? first : undefined };
    }
    if (answer.errorCode !== 0) {
      if (!isPassing(answer.errorCode)) await this.#cluster.refresh();
      throw new LogUnavailable(`${nameOf(from)} cannot be read: ${errorName(answer.errorCode)}`);
    }
    const { records, next } = decode(from, from.offset, answer);
    return { records, next: next > from.offset ? next : undefined };
  }
}
