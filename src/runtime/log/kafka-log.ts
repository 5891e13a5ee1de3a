import { Appends } from './kafka/appends.ts';
import { Cluster, type KafkaAccess } from './kafka/cluster.ts';
import { Fetches } from './kafka/fetches.ts';
import { GroupMember } from './kafka/group-member.ts';
import { GroupOffsets } from './kafka/group-offsets.ts';
import type { KafkaHealth } from './kafka/health.ts';
import { KafkaConsumption } from './kafka/kafka-consumption.ts';
import { Partitions } from './kafka/partitions.ts';
import { checkedTopics, missingTopics, type WantedTopic } from './kafka/topic-check.ts';
import type {
  Bounds,
  ConsumeOptions,
  Consumption,
  JoinOptions,
  Log,
  LogRecord,
  LogTopic,
  Membership,
  OutgoingRecord,
  Position,
  TopicPartition,
} from './log.ts';

/**
 * The log on Apache Kafka (4.0 or later): the `kafka` driver. What goes over the wire is `@platformatic/kafka`'s; the flows
 * are our own, since ownership has to be handed over in order and reading starts from the positions in the databases.
 */
export interface KafkaLog extends Log {
  /** Whether the brokers answer, and since when not. */
  readonly health: KafkaHealth;
}

export interface KafkaLogOptions extends KafkaAccess {
  readonly topics: readonly WantedTopic[];
}

/**
 * Connects and checks the topics. Throws `LogUnavailable` where no broker answers within some seconds, `KafkaRefused` with
 * one clear line where waiting would not help: a wrong password, a missing topic, another number of partitions.
 */
export async function openKafkaLog(options: KafkaLogOptions): Promise<KafkaLog> {
  const cluster = new Cluster(options);
  let log: OpenKafkaLog | undefined;
  try {
    const fetches = new Fetches(cluster);
    await cluster.watch(
      options.topics.map(({ name }) => name),
      () => {
        log?.onRefreshed();
        fetches.onRefreshed();
      },
    );
    checkedTopics(options.topics, cluster.topics);
    fetches.onRefreshed();
    log = new OpenKafkaLog(options, cluster, fetches);
    return log;
  } catch (error) {
    await cluster.close();
    throw error;
  }
}

class OpenKafkaLog implements KafkaLog {
  readonly #options: KafkaLogOptions;
  readonly #cluster: Cluster;
  readonly #fetches: Fetches;
  readonly #appends: Appends;
  readonly #partitions: Partitions;
  readonly #offsets: GroupOffsets;
  readonly #members = new Map<string, GroupMember>();
  readonly #consumptions = new Set<KafkaConsumption>();
  #topics: readonly LogTopic[];

  constructor(options: KafkaLogOptions, cluster: Cluster, fetches: Fetches) {
    this.#options = options;
    this.#cluster = cluster;
    this.#fetches = fetches;
    this.#appends = new Appends(cluster);
    this.#partitions = new Partitions(cluster);
    this.#offsets = new GroupOffsets({
      cluster,
      logger: options.logger,
      identityOf: (group) => this.#members.get(group)?.identity,
    });
    this.#topics = checkedTopics(options.topics, cluster.topics);
  }

  /** With the ids they have now: a topic that was created anew has another one, and its consumers are told. */
  get topics(): readonly LogTopic[] {
    return this.#topics;
  }

  onRefreshed(): void {
    const { book, topics } = this.#cluster;
    const missing = missingTopics(this.#options.topics, topics);
    if (missing === undefined) book.succeeded('topics');
    else book.failed('topics', missing);
    const idOf = ({ name, id }: LogTopic) => this.#cluster.topics.get(name)?.id ?? id;
    const anew = this.#topics.filter((topic) => idOf(topic) !== topic.id).map(({ name }) => name);
    if (anew.length === 0) return;
    this.#topics = this.#topics.map((topic) => ({ ...topic, id: idOf(topic) }));
    for (const member of this.#members.values()) member.createdAnew(anew);
  }

  get health(): KafkaHealth {
    return this.#cluster.book.health;
  }

  async append(records: readonly OutgoingRecord[]): Promise<void> {
    for (const record of records) this.#check(record);
    await this.#appends.append(records);
  }

  consume(options: ConsumeOptions): Consumption {
    for (const position of options.positions) this.#check(position);
    const consumption = new KafkaConsumption(options, {
      room: () => this.#fetches.wake(),
      stop: (stopped) => {
        this.#consumptions.delete(stopped);
        this.#fetches.remove(stopped);
      },
    });
    this.#consumptions.add(consumption);
    this.#fetches.add(consumption);
    return consumption;
  }

  /** Consumers are given only what all replicas in sync have (the high watermark). */

  async read(from: Position, recordsMax: number): Promise<readonly LogRecord[]> {
    this.#check(from);
    return this.#partitions.page(from, recordsMax);
  }

  async bounds(partition: TopicPartition): Promise<Bounds> {
    this.#check(partition);
    return this.#partitions.bounds(partition);
  }

  async join(options: JoinOptions): Promise<Membership> {
    const member = new GroupMember(options, {
      cluster: this.#cluster,
      logger: this.#options.logger,
      onLeaving: async ({ group }) => {
        await this.#offsets.flush([group]);
        this.#members.delete(group);
      },
    });
    this.#members.set(options.group, member);
    await member.join();
    return member;
  }

  commit(group: string, positions: readonly Position[]): void {
    this.#offsets.commit(group, positions);
  }

  committed(): Promise<readonly (Position & { readonly group: string })[]> {
    return this.#offsets.committed();
  }

  async close(): Promise<void> {
    await this.#appends.idle();
    await Promise.all([...this.#members.values()].map((member) => member.leave()));
    await Promise.all([...this.#consumptions].map((consumption) => consumption.stop()));
    await this.#offsets.flush();
    this.#offsets.close();
    await this.#cluster.close();
  }

  #check({ topic, partition }: TopicPartition): void {
    const partitions = this.#options.topics.find(({ name }) => name === topic)?.partitions ?? 0;
    if (partition < partitions && partition >= 0) return;
    throw new Error(`there is no partition ${topic}/${partition}`);
  }
}
