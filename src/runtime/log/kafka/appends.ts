import { initProducerIdV5, type produceV11 } from '@platformatic/kafka';
import { LogUnavailable, type OutgoingRecord, type TopicPartition } from '../log.ts';
import type { Cluster } from './cluster.ts';
import { answeredWith, errorName, isPassing, KafkaRefused, RecordTooLarge, responseOf } from './errors.ts';
import { type Produced, produce } from './produce-request.ts';
import { type EncodedRecord, encode, encodeBatch } from './record-batch.ts';

/**
 * Appends records as an idempotent producer: acknowledged by all replicas, each partition's records in the order they
 * came, one batch of a partition in flight. What comes while a request is under way goes with the next one.
 *
 * A batch is *queued* as records, then *sent* with a producer id and a sequence, and sent again as it is while the
 * failure may pass: the broker drops what it has. When that takes too long, or the broker says that it lost count, the
 * outcome is unknown: the append fails, what of it waits is forgotten, and the next batches go under a new producer id.
 *
 * A little longer than other files, since the way of a batch from the queue to its acknowledgement is read in one go.
 */

/** A batch is refused by the broker where it takes more than this: `max.message.bytes`, the default of Kafka. */
export const messageBytesMax = 1_048_588;
const batchBytesMax = 1_000_000;
const requestBytesMax = 8_000_000;
/** Records waiting for their turn, of all partitions. */
const recordsQueuedMax = 200_000;
/** A batch that is not acknowledged within this time has failed. */
const deliveryTimeoutMs = 5_000;
const acknowledgeTimeoutMs = 4_000;
const retryFirstMs = 50;
const retryMaxMs = 1_000;
const noBroker = -1;

interface Append {
  waiting: number;
  failed: boolean;
  readonly since: number;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

interface Queued {
  readonly record: EncodedRecord;
  readonly bytes: number;
  readonly append: Append;
}

interface Identity {
  readonly producerId: bigint;
  readonly producerEpoch: number;
  readonly sequences: Map<string, number>;
}

interface Sent {
  readonly items: readonly Queued[];
  readonly identity: Identity;
  readonly sequence: number;
}

interface PartitionQueue {
  readonly topic: string;
  readonly partition: number;
  readonly name: string;
  items: Queued[];
  sent: Sent | undefined;
  isInFlight: boolean;
  bytesMax: number;
}

export class Appends {
  readonly #cluster: Cluster;
  readonly #queues = new Map<string, PartitionQueue>();
  readonly #senders = new Map<number, Promise<void>>();
  #identity: Promise<Identity> | undefined;
  #queued = 0;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  /** Throws `LogUnavailable` where the outcome is unknown, `RecordTooLarge` for what never fits. */
  append(records: readonly OutgoingRecord[]): Promise<void> {
    if (records.length === 0) return Promise.resolve();
    if (this.#cluster.isClosed) return Promise.reject(new LogUnavailable('the log is closed'));
    if (this.#queued + records.length > recordsQueuedMax)
      return Promise.reject(new LogUnavailable(`more than ${recordsQueuedMax} records wait to be appended`));
    const encoded = records.map(encode);
    const large = encoded.find(({ bytes }) => bytes > batchBytesMax);
    if (large !== undefined) return Promise.reject(this.#refused(large));
    return new Promise((resolve, reject) => {
      const append: Append = { waiting: records.length, failed: false, since: performance.now(), resolve, reject };
      for (const each of encoded) this.#queue(each).items.push({ record: each, bytes: each.bytes, append });
      this.#queued += records.length;
      // What else is appended in this turn of the event loop shares the request.
      queueMicrotask(() => this.#start());
    });
  }

  /** Resolves when nothing waits for an acknowledgement. */
  async idle(): Promise<void> {
    while (this.#senders.size > 0) await Promise.all(this.#senders.values());
  }

  #queue({ topic, partition }: TopicPartition): PartitionQueue {
    const name = `${topic}:${partition}`;
    const known = this.#queues.get(name);
    if (known !== undefined) return known;
    const queue = { topic, partition, name, items: [], sent: undefined, isInFlight: false, bytesMax: batchBytesMax };
    this.#queues.set(name, queue);
    return queue;
  }

  #leader({ topic, partition }: PartitionQueue): number {
    return this.#cluster.leader(topic, partition);
  }

  /** One sender for each broker that something waits for. */
  #start(): void {
    for (const queue of this.#queues.values()) {
      if (queue.isInFlight || (queue.items.length === 0 && queue.sent === undefined)) continue;
      const leader = this.#leader(queue);
      if (this.#senders.has(leader)) continue;
      const sender = this.#send(leader).finally(() => {
        this.#senders.delete(leader);
        this.#start();
      });
      this.#senders.set(leader, sender);
    }
  }

  async #send(leader: number): Promise<void> {
    let retryMs = retryFirstMs;
    while (true) {
      const identity = await this.#identified(leader);
      const queues = identity === undefined ? this.#ofLeader(leader) : this.#take(leader, identity);
      if (queues.length === 0) return;
      if (identity !== undefined && leader !== noBroker && (await this.#produce(leader, queues))) {
        retryMs = retryFirstMs;
        continue;
      }
      this.#giveUp(queues);
      await this.#pause(retryMs);
      retryMs = Math.min(2 * retryMs, retryMaxMs);
    }
  }

  #ofLeader(leader: number): readonly PartitionQueue[] {
    return [...this.#queues.values()].filter(
      (queue) =>
        !queue.isInFlight && (queue.items.length > 0 || queue.sent !== undefined) && this.#leader(queue) === leader,
    );
  }

  /** Brokers and leaders may be others by now. */
  async #pause(durationMs: number): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, durationMs));
    await this.#cluster.refresh().catch(() => undefined);
  }

  async #identified(leader: number): Promise<Identity | undefined> {
    this.#identity ??= this.#identify();
    try {
      return await this.#identity;
    } catch (error) {
      this.#identity = undefined;
      if (error instanceof KafkaRefused) for (const queue of this.#ofLeader(leader)) this.#failAll(queue, error);
      return undefined;
    }
  }

  async #identify(): Promise<Identity> {
    const { producerId, producerEpoch } = await this.#cluster.request(
      { purpose: 'control' },
      initProducerIdV5.api,
      null,
      0,
      -1n,
      -1,
    );
    return { producerId, producerEpoch, sequences: new Map() };
  }

  /** Makes batches of what waits for a broker; all of a request under one producer id, what was sent before goes first. */
  #take(leader: number, current: Identity): readonly PartitionQueue[] {
    const waiting = this.#ofLeader(leader);
    const identity = waiting.find((queue) => queue.sent !== undefined)?.sent?.identity ?? current;
    const taken: PartitionQueue[] = [];
    let bytes = 0;
    for (const queue of waiting) {
      if (bytes >= requestBytesMax) break;
      if (queue.sent === undefined && identity === current) queue.sent = this.#batchOf(queue, identity);
      if (queue.sent === undefined || queue.sent.identity !== identity) continue;
      for (const item of queue.sent.items) bytes += item.bytes;
      taken.push(queue);
    }
    return taken;
  }

  #batchOf(queue: PartitionQueue, identity: Identity): Sent {
    let bytes = 0;
    let count = 0;
    for (const item of queue.items) {
      if (count > 0 && bytes + item.bytes > queue.bytesMax) break;
      bytes += item.bytes;
      count += 1;
    }
    const sequence = identity.sequences.get(queue.name) ?? 0;
    identity.sequences.set(queue.name, (sequence + count) % 2 ** 31);
    return { items: queue.items.splice(0, count), identity, sequence };
  }

  /** Whether the broker answered; what it then says of each partition is dealt with. */
  async #produce(leader: number, queues: readonly PartitionQueue[]): Promise<boolean> {
    const timestamp = Date.now();
    const batches: Produced[] = [];
    for (const { topic, partition, sent } of queues) {
      if (sent === undefined) continue;
      const { producerId, producerEpoch } = sent.identity;
      const records = sent.items.map(({ record }) => record);
      const batch = encodeBatch(records, { producerId, producerEpoch, sequence: sent.sequence, timestamp });
      batches.push({ topic, partition, batch });
    }
    for (const queue of queues) queue.isInFlight = true;
    try {
      const to = { purpose: 'produce', node: leader } as const;
      const answer = await this.#cluster.request(to, produce, acknowledgeTimeoutMs, batches).catch((error: unknown) => {
        const partial = responseOf<produceV11.ProduceResponse>(error);
        if (partial === undefined) throw error;
        return partial;
      });
      return this.#settle(queues, answer);
    } catch (error) {
      if (error instanceof KafkaRefused) for (const queue of queues) this.#failAll(queue, error);
      // An answer that is an error as a whole: nothing that another try under the same id would mend.
      else if (answeredWith(error) !== undefined) for (const queue of queues) this.#lose(queue, error as Error);
      return false;
    } finally {
      for (const queue of queues) queue.isInFlight = false;
    }
  }

  #settle(queues: readonly PartitionQueue[], answer: produceV11.ProduceResponse): boolean {
    const codes = new Map<string, number>();
    for (const { name, partitionResponses } of answer.responses)
      for (const { index, errorCode } of partitionResponses) codes.set(`${name}:${index}`, errorCode);
    let isWell = true;
    for (const queue of queues) {
      const code = codes.get(queue.name);
      if (code === undefined) {
        this.#lose(queue, new LogUnavailable(`Kafka did not say what became of records of ${queue.name}`));
        continue;
      }
      const error = errorName(code);
      if (error === 'NONE' || error === 'DUPLICATE_SEQUENCE_NUMBER') this.#acknowledge(queue);
      else if (error === 'MESSAGE_TOO_LARGE' || error === 'RECORD_LIST_TOO_LARGE') this.#split(queue);
      else if (isPassing(code)) {
        isWell = false;
        this.#cluster.book.failed(partOf(queue), `Kafka does not take records of ${queue.name}: ${error}`);
      } else this.#lose(queue, new LogUnavailable(`Kafka did not take records of ${queue.name}: ${error}`));
    }
    return isWell;
  }

  #acknowledge(queue: PartitionQueue): void {
    this.#cluster.book.succeeded(partOf(queue));
    const items = queue.sent?.items ?? [];
    queue.sent = undefined;
    this.#queued -= items.length;
    for (const { append } of items) {
      append.waiting -= 1;
      if (append.waiting === 0) append.resolve();
    }
  }

  /** The topic takes less than it should: smaller batches, down to a record that does not fit at all. */
  #split(queue: PartitionQueue): void {
    const { items, identity, sequence } = queue.sent ?? { items: [] };
    queue.sent = undefined;
    const [first] = items;
    if (first === undefined) return;
    // The broker has not counted what it refused.
    identity?.sequences.set(queue.name, sequence ?? 0);
    queue.items.unshift(...items);
    if (items.length === 1) this.#fail(items, this.#refused(first.record));
    else queue.bytesMax = Math.ceil(items.reduce((sum, { bytes }) => sum + bytes, 0) / 2);
  }

  /** The broker's count is another one, or it does not say what became of a batch. */
  #lose(queue: PartitionQueue, error: Error): void {
    const items = queue.sent?.items ?? [];
    queue.sent = undefined;
    this.#identity = undefined;
    queue.items.unshift(...items);
    this.#fail(items, error instanceof LogUnavailable ? error : new LogUnavailable(error.message, { cause: error }));
  }

  /** The broker refuses us: nothing that waits for it will be taken. */
  #failAll(queue: PartitionQueue, error: Error): void {
    queue.items.unshift(...(queue.sent?.items ?? []));
    queue.sent = undefined;
    this.#identity = undefined;
    this.#fail(queue.items, error);
  }

  /** Nothing of its partition is taken before it is: told until something is. */
  #refused(record: EncodedRecord): RecordTooLarge {
    const { topic, key, bytes } = record;
    const error = new RecordTooLarge(
      `a record for ${topic} (key ${key}) has ${bytes} bytes, more than the topic takes (max.message.bytes, which is ${messageBytesMax} after "fullhouse topics create")`,
    );
    this.#cluster.book.failed(partOf(record), error.message);
    return error;
  }

  /** What has waited too long for a broker that does not take it. */
  #giveUp(queues: readonly PartitionQueue[]): void {
    const { health } = this.#cluster.book;
    const why = health.reachable ? 'no acknowledgement came in time' : health.error;
    for (const queue of queues) {
      const oldest = queue.sent?.items[0] ?? queue.items[0];
      if (oldest === undefined || performance.now() - oldest.append.since < deliveryTimeoutMs) continue;
      const error = new LogUnavailable(`records for ${queue.topic} were not acknowledged: ${why}`);
      if (queue.sent === undefined) this.#fail([oldest], error);
      else this.#lose(queue, error);
    }
  }

  /** All of an append fails at once, so that nothing of it comes after the caller's next try. */
  #fail(items: readonly Queued[], error: Error): void {
    for (const { append } of items) {
      append.failed = true;
      append.reject(error);
    }
    for (const queue of this.#queues.values()) {
      const left = queue.items.filter((each) => !each.append.failed);
      this.#queued -= queue.items.length - left.length;
      queue.items = left;
    }
  }
}

/** What is in trouble where a partition does not take what it is given. */
function partOf({ topic, partition }: TopicPartition): string {
  return `appending to ${topic}/${partition}`;
}
