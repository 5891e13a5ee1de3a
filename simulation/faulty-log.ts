import type { LocalLog } from '../src/runtime/log/local-log.ts';
import {
  type ConsumeOptions,
  type Consumption,
  type JoinOptions,
  type Log,
  type LogRecord,
  type LogTopic,
  LogUnavailable,
  type Membership,
  type OutgoingRecord,
  type Position,
  type TopicPartition,
} from '../src/runtime/log/log.ts';
import type { Groups } from './groups.ts';
import { forever, type SimulatedProcess } from './process.ts';

/** The log as one process sees it: appends of unknown outcome, records that come late or twice, groups that change. */
export class FaultyLog implements Log {
  readonly topics: readonly LogTopic[];
  readonly #log: LocalLog;
  readonly #groups: Groups;
  readonly #process: SimulatedProcess;

  constructor(options: { readonly log: LocalLog; readonly groups: Groups; readonly process: SimulatedProcess }) {
    this.topics = options.log.topics;
    this.#log = options.log;
    this.#groups = options.groups;
    this.#process = options.process;
  }

  async append(records: readonly OutgoingRecord[]): Promise<void> {
    const process = this.#process;
    const { faults } = process.world;
    await process.pass();
    if (faults.strikes('crash before append', process.name)) {
      process.kill();
      // What was on its way when the process died may arrive all the same, and after its successor's.
      if (process.chance(0.5)) await process.waitBetween(1, 5_000).then(() => this.#write(records));
      return forever();
    }
    // In a queue outside the process: whoever has lost its tasks, or its life, meanwhile still appends.
    if (faults.strikes('append is slow', process.name)) await process.waitBetween(100, 15_000);
    if (process.logReturns !== undefined || faults.strikes('append is lost', process.name))
      throw new LogUnavailable('the broker did not answer');
    if (faults.strikes('append is stored in part', process.name)) {
      const places = [...new Set(records.map(placeOf))];
      const stored = new Set(places.filter(() => process.chance(0.5)));
      await this.#write(records.filter((record) => stored.has(placeOf(record))));
      throw new LogUnavailable('the broker answered for some partitions only');
    }
    await this.#write(records);
    await process.mayCrash('crash after append');
    await process.pass();
    if (faults.strikes('append of unknown outcome', process.name)) throw new LogUnavailable('the answer was lost');
  }

  async #write(records: readonly OutgoingRecord[]): Promise<void> {
    this.#process.world.trace.mix(
      `${this.#process.name} appends ${records.map(({ topic, partition, headers }) => `${topic}/${partition} ${headers['ce_id']}`).join()}`,
    );
    await this.#log.append(records);
  }

  /** Each topic partition comes at its own pace: order holds within one, not among them. */
  consume(options: ConsumeOptions): Consumption {
    const consumptions = options.positions.map((position) => this.#consumeOne({ ...options, positions: [position] }));
    return { stop: async () => void (await Promise.all(consumptions.map((each) => each.stop()))) };
  }

  #consumeOne({ positions, onRecords, onError }: ConsumeOptions): Consumption {
    const process = this.#process;
    const { faults } = process.world;
    let stopped = false;
    let delivering: Promise<void> = Promise.resolve();
    const inner = this.#log.consume({
      positions,
      onError,
      onRecords: async (records) => {
        if (faults.strikes('records come late', process.name)) await process.waitBetween(50, 20_000);
        else await process.pass();
        // What is asked for over and over comes when the log can be reached again.
        await process.logReturns;
        if (stopped || process.dead) return;
        if (faults.strikes('consumer starts again', process.name)) {
          // What was fetched is lost: whoever consumes reads on from where it has stored that it is.
          stopped = true;
          onError(new LogUnavailable('the consumer has lost its connection'));
          return;
        }
        delivering = onRecords(records);
        await delivering;
        if (!stopped && faults.strikes('records come twice', process.name)) {
          delivering = onRecords(records);
          await delivering;
        }
      },
    });
    const stop = async () => {
      stopped = true;
      void inner.stop();
      // What is still on its way will not be delivered any more; only what is being delivered is waited for.
      await delivering;
    };
    process.onDeath(() => void stop());
    return { stop };
  }

  async read(from: Position, recordsMax: number): Promise<readonly LogRecord[]> {
    await this.#asking();
    return this.#log.read(from, recordsMax);
  }

  async bounds(partition: TopicPartition) {
    await this.#asking();
    return this.#log.bounds(partition);
  }

  async #asking(): Promise<void> {
    const process = this.#process;
    await process.pass();
    if (process.logReturns !== undefined || process.world.faults.strikes('log fails while reading', process.name))
      throw new LogUnavailable('the broker did not answer');
  }

  join(options: JoinOptions): Promise<Membership> {
    return this.#groups.join(this.#process, options);
  }

  commit(): void {
    // What a group tells the broker of its positions is for whoever looks on: a task reads on from where its database says.
  }

  committed() {
    return this.#log.committed();
  }

  async close(): Promise<void> {
    // The broker stays.
  }
}

function placeOf({ topic, partition }: TopicPartition): string {
  return `${topic}/${partition}`;
}
