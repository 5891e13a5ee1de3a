import { LogUnavailable, TopicsCreatedAnew } from '../log.ts';
import { BrokerReader } from './broker-reader.ts';
import type { Cluster, Purpose } from './cluster.ts';
import { errorName, isPassing } from './errors.ts';
import { type Fetched, fetchOnce, type Wanted } from './fetch-session.ts';
import type { KafkaConsumption } from './kafka-consumption.ts';
import { type Decoded, decode } from './records.ts';
import type { Subscription } from './subscription.ts';

/** How long a partition is left alone that its broker does not give. */
const restMs = 500;

interface Entry {
  readonly subscription: Subscription;
  readonly consumption: KafkaConsumption;
}

interface Asked {
  readonly node: number;
  readonly purpose: Purpose;
}

/** Reads for all consumers of the process, with as few questions as there are brokers: see `BrokerReader`. */
export class Fetches {
  readonly #cluster: Cluster;
  readonly #entries = new Map<string, Set<Entry>>();
  readonly #readers = new Map<number, BrokerReader>();
  /** Partitions that their broker does not give at the moment. */
  readonly #resting = new Set<string>();
  #ids = new Map<string, string>();

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  add(consumption: KafkaConsumption): void {
    for (const subscription of consumption.subscriptions) {
      const entries = this.#entries.get(subscription.name) ?? new Set();
      this.#entries.set(subscription.name, entries.add({ subscription, consumption }));
    }
    // What else is opened in this turn of the event loop shares the first question.
    queueMicrotask(() => this.wake());
  }

  remove(consumption: KafkaConsumption): void {
    for (const { name } of consumption.subscriptions) {
      const entries = this.#entries.get(name);
      for (const entry of entries ?? []) if (entry.consumption === consumption) entries?.delete(entry);
      if (entries?.size === 0) this.#entries.delete(name);
    }
  }

  /** Something may be wanted that is not asked for. */
  wake(): void {
    if (this.#cluster.isClosed) return;
    const leaders = new Set<number>();
    for (const [name, entries] of this.#entries) {
      const [first] = entries;
      if (first === undefined || this.#resting.has(name)) continue;
      const { topic, partition } = first.subscription;
      const leader = this.#cluster.leader(topic, partition);
      if (leader >= 0) leaders.add(leader);
      else this.#rest(name, `topic ${topic} is missing or has no leader`);
    }
    for (const leader of leaders) this.#reader(leader).wake();
  }

  #reader(node: number): BrokerReader {
    const known = this.#readers.get(node);
    if (known !== undefined) return known;
    const reader = new BrokerReader({
      cluster: this.#cluster,
      node,
      wanted: (choose) => this.#wanted(node, choose),
      onFetched: (fetched, purpose) => this.#onFetched(fetched, { node, purpose }),
    });
    this.#readers.set(node, reader);
    return reader;
  }

  /** Topics that are others than before: who reads them has to start again. */
  onRefreshed(): void {
    const ids = new Map([...this.#cluster.topics].map(([name, { id }]) => [name, id]));
    for (const [name, id] of this.#ids) {
      const now = ids.get(name);
      if (now === undefined) ids.set(name, id);
      else if (now !== id) this.#failTopic(name, new TopicsCreatedAnew([name]));
    }
    this.#ids = ids;
    this.wake();
  }

  #failTopic(topic: string, error: Error): void {
    const failed = new Set<KafkaConsumption>();
    for (const entries of this.#entries.values())
      for (const { subscription, consumption } of entries) if (subscription.topic === topic) failed.add(consumption);
    for (const consumption of failed) consumption.fail(error);
  }

  /** What is wanted of one broker's partitions, one place in each. */
  #wanted(node: number, choose: (subscriptions: readonly Subscription[]) => Subscription | undefined) {
    const wanted = new Map<string, Wanted>();
    for (const [name, entries] of this.#entries) {
      if (this.#resting.has(name)) continue;
      const wanting: Subscription[] = [];
      for (const { subscription } of entries) if (subscription.wantsMore) wanting.push(subscription);
      const chosen = choose(wanting);
      if (chosen === undefined) continue;
      const { topic, partition, position } = chosen;
      const state = this.#cluster.topics.get(topic);
      if (state?.leaders[partition] !== node) continue;
      wanted.set(name, { topic, partition, name, topicId: state.id, offset: position });
    }
    return wanted;
  }

  async #onFetched(fetched: readonly Fetched[], by: Asked): Promise<void> {
    const woken = new Set<KafkaConsumption>();
    try {
      for (const each of fetched) {
        const { wanted } = each;
        const decoded = this.#decoded(each);
        if (decoded === undefined) continue;
        const { records, next } = decoded;
        const end = next === wanted.offset ? await this.#endOfHole(each, by) : next;
        for (const { subscription, consumption } of this.#entries.get(wanted.name) ?? []) {
          subscription.accept(records, { from: wanted.offset, next: end });
          if (end > wanted.offset) woken.add(consumption);
        }
      }
    } finally {
      for (const consumption of woken) consumption.wake();
    }
  }

  /** What a partition has given; `undefined` where it gave nothing that can be read: the others go on. */
  #decoded(fetched: Fetched): Decoded | undefined {
    const { wanted, answer } = fetched;
    if (answer.errorCode !== 0) {
      this.#onPartitionError(fetched);
      return undefined;
    }
    try {
      const decoded = decode(wanted, wanted.offset, answer);
      this.#cluster.book.succeeded(`reading ${wanted.topic}`);
      return decoded;
    } catch (error) {
      this.#rest(wanted.name, (error as Error).message);
      return undefined;
    }
  }

  /**
   * There is more, but nothing came: room in the answer may have run out, or compaction has left nothing up to the end.
   * Asked for alone, a partition gives at least one batch if there is one (KIP-74).
   */
  async #endOfHole({ wanted, answer }: Fetched, by: Asked): Promise<number> {
    if (answer.lastStableOffset <= wanted.offset) return wanted.offset;
    const [alone] = await fetchOnce({ cluster: this.#cluster, ...by, waitMs: 0 }, [wanted]);
    if (alone === undefined || alone.answer.errorCode !== 0) return wanted.offset;
    return alone.answer.batches.length === 0 ? alone.answer.lastStableOffset : wanted.offset;
  }

  #onPartitionError({ wanted, answer }: Fetched): void {
    const error = errorName(answer.errorCode);
    const { topic, partition, offset, name } = wanted;
    if (error === 'OFFSET_OUT_OF_RANGE') {
      const said = `offset ${offset} of ${topic}/${partition} is no longer there`;
      for (const { subscription, consumption } of [...(this.#entries.get(name) ?? [])])
        if (subscription.position === offset) consumption.fail(new LogUnavailable(said));
    } else if (isPassing(answer.errorCode) || error === 'UNKNOWN_TOPIC_ID' || error === 'INCONSISTENT_TOPIC_ID') {
      this.#rest(name, `${topic}/${partition}: ${error}`);
    } else {
      const failed = new LogUnavailable(`${topic}/${partition} cannot be read: ${error}`);
      for (const { consumption } of [...(this.#entries.get(name) ?? [])]) consumption.fail(failed);
    }
  }

  /** Leaves a partition alone until the brokers have been asked who leads it. */
  #rest(name: string, error: string): void {
    const topic = name.slice(0, name.lastIndexOf('/'));
    this.#cluster.book.failed(`reading ${topic}`, error);
    this.#resting.add(name);
    const again = setTimeout(() => {
      this.#cluster
        .refresh()
        .catch(() => undefined)
        .finally(() => {
          this.#resting.delete(name);
          this.wake();
        });
    }, restMs);
    again.unref();
  }
}
