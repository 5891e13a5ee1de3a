import { LocalLog } from '../../src/runtime/log/local-log.ts';
import {
  type ConsumeOptions,
  type JoinOptions,
  type Log,
  type LogTopic,
  type OutgoingRecord,
  type Position,
  type TopicPartition,
  TopicsCreatedAnew,
} from '../../src/runtime/log/log.ts';
import { createMemoryRecords } from '../../src/runtime/log/memory-records.ts';

/** A log in memory whose topics can be deleted and created anew, as an operator may do with Kafka's. */
export class RenewableLog implements Log {
  readonly #logs = new Map<string, LocalLog>();
  readonly #consuming = new Set<ConsumeOptions>();
  readonly #joined = new Set<JoinOptions>();

  constructor(topics: readonly Omit<LogTopic, 'id'>[]) {
    for (const topic of topics) this.#logs.set(topic.name, new LocalLog(createMemoryRecords([topic])));
  }

  get topics(): readonly LogTopic[] {
    return [...this.#logs.values()].flatMap((log) => log.topics);
  }

  /** These topics are empty and others than before; whoever reads them, or has joined, is told. */
  renew(names: readonly string[]): void {
    for (const topic of this.topics)
      if (names.includes(topic.name)) this.#logs.set(topic.name, new LocalLog(createMemoryRecords([topic])));
    for (const options of this.#consuming)
      if (options.positions.some(({ topic }) => names.includes(topic))) options.onError(new TopicsCreatedAnew(names));
    for (const { onCreatedAnew } of this.#joined) onCreatedAnew?.(names);
  }

  #log(topic: string): LocalLog {
    const log = this.#logs.get(topic);
    if (log === undefined) throw new Error(`there is no topic ${topic}`);
    return log;
  }

  async append(records: readonly OutgoingRecord[]): Promise<void> {
    const byTopic = Map.groupBy(records, ({ topic }) => topic);
    await Promise.all([...byTopic].map(([topic, each]) => this.#log(topic).append(each)));
  }

  consume(options: ConsumeOptions) {
    this.#consuming.add(options);
    const parts = options.positions.map((position) =>
      this.#log(position.topic).consume({ ...options, positions: [position] }),
    );
    return {
      stop: async () => {
        this.#consuming.delete(options);
        for (const part of parts) await part.stop();
      },
    };
  }

  read(from: Position, recordsMax: number) {
    return this.#log(from.topic).read(from, recordsMax);
  }

  bounds(partition: TopicPartition) {
    return this.#log(partition.topic).bounds(partition);
  }

  async join(options: JoinOptions) {
    this.#joined.add(options);
    const membership = await this.#log(options.topic).join(options);
    return {
      leave: async () => {
        this.#joined.delete(options);
        await membership.leave();
      },
    };
  }

  commit(group: string, positions: readonly Position[]): void {
    for (const position of positions) this.#log(position.topic).commit(group, [position]);
  }

  async committed() {
    return (await Promise.all([...this.#logs.values()].map((log) => log.committed()))).flat();
  }

  async close(): Promise<void> {
    for (const log of this.#logs.values()) await log.close();
  }
}
