import { randomUUID } from 'node:crypto';
import { consumerGroupHeartbeatV1 } from '@platformatic/kafka';
import type { Logger } from '../../logger.ts';
import type { JoinOptions, Membership } from '../log.ts';
import type { Cluster } from './cluster.ts';
import { answeredWith, KafkaRefused } from './errors.ts';

export interface MemberIdentity {
  readonly memberId: string;
  readonly epoch: number;
  readonly owns: (partition: number) => boolean;
}

/**
 * Membership of a consumer group (KIP-848), for ownership only: nothing is read through it.
 *
 * A member is *joining* (epoch 0), then *stable* under the epoch that the group's coordinator gave it, and beats its heart
 * as often as it was told. The coordinator answers a heartbeat with the partitions that are to be the member's. What is
 * no longer among them is *revoked*, and only once that is done the heartbeat says so and the coordinator gives it to
 * somebody else; what is new is *assigned* after that. Hearts beat on while that takes its time. *Fenced*, since it was
 * away for longer than the session, it revokes everything and joins again. Where no coordinator answers it owns on: nobody
 * else can be given anything then, and whoever was is told by the epoch in the database.
 */

/** How long a member may take to let go before the coordinator takes its partitions away. */
const rebalanceTimeoutMs = 30_000;
const retryMs = 300;
const assignRetryMaxMs = 5_000;
const leaving = -1;
/** A broker that was just started answers so until it has made the topic that groups are kept in: that is no trouble yet. */
const notYet = ['COORDINATOR_NOT_AVAILABLE', 'COORDINATOR_LOAD_IN_PROGRESS'];
const coordinatorWithinMs = 10_000;
const fencings = ['FENCED_MEMBER_EPOCH', 'UNKNOWN_MEMBER_ID', 'FENCED_INSTANCE_ID'];

export class GroupMember implements Membership {
  readonly #cluster: Cluster;
  readonly #logger: Logger;
  readonly #options: JoinOptions;
  readonly #onLeaving: (self: GroupMember) => Promise<void>;
  #memberId: string = randomUUID();
  #epoch = 0;
  /** Partitions and the id of the topic they belong to: one that was created anew has others. */
  readonly #owned = new Map<number, string>();
  /** Owned, and not taken up yet. */
  readonly #untaken = new Set<number>();
  #target: ReadonlyMap<number, string> | undefined;
  #reconciling: Promise<void> | undefined;
  #beating: Promise<void> | undefined;
  readonly #sleepers = new Set<() => void>();
  #stopped = false;
  readonly #since = performance.now();
  readonly #joined = Promise.withResolvers<void>();

  constructor(
    options: JoinOptions,
    to: {
      readonly cluster: Cluster;
      readonly logger: Logger;
      readonly onLeaving: (self: GroupMember) => Promise<void>;
    },
  ) {
    this.#options = options;
    this.#cluster = to.cluster;
    this.#logger = to.logger;
    this.#onLeaving = to.onLeaving;
  }

  get group(): string {
    return this.#options.group;
  }

  /** Tells whoever joined. */
  createdAnew(topics: readonly string[]): void {
    this.#options.onCreatedAnew?.(topics);
  }

  /** What an offset commit has to name; `undefined` while it is no member. */
  get identity(): MemberIdentity | undefined {
    if (this.#epoch <= 0) return undefined;
    return { memberId: this.#memberId, epoch: this.#epoch, owns: (partition) => this.#owned.has(partition) };
  }

  /** Resolves when the first assignment is taken up. Rejects where that fails, or the broker refuses us. */
  async join(): Promise<void> {
    this.#beating = this.#beat();
    try {
      await this.#joined.promise;
    } catch (error) {
      await this.leave();
      throw error;
    }
  }

  async #beat(): Promise<void> {
    while (!this.#stopped) {
      let pauseMs = retryMs;
      try {
        const answer = await this.#heartbeat(this.#epoch);
        pauseMs = answer.heartbeatIntervalMs;
        this.#epoch = answer.memberEpoch;
        this.#cluster.book.succeeded(`group ${this.group}`);
        const assignment = answer.assignment?.topicPartitions;
        if (assignment !== undefined)
          this.#target = new Map(
            assignment.flatMap(({ topicId, partitions }) => partitions.map((each) => [each, topicId] as const)),
          );
        this.#reconcile();
      } catch (error) {
        await this.#onFailure(error as Error);
      }
      await this.#pause(pauseMs);
    }
  }

  async #onFailure(error: Error): Promise<void> {
    const answered = answeredWith(error) ?? '';
    if (error instanceof KafkaRefused || answered.endsWith('AUTHORIZATION_FAILED')) this.#joined.reject(error);
    if (!fencings.includes(answered)) {
      if (answered !== '' && !this.#isExpected(answered))
        this.#cluster.book.failed(`group ${this.group}`, error.message);
      // Another broker may coordinate the group by now.
      this.#cluster.forgetCoordinator(this.group);
      return;
    }
    this.#logger.warn({ group: this.group, error: answered }, 'the group has given our partitions away; joining again');
    this.#epoch = 0;
    this.#target = new Map();
    this.#reconcile();
    // Who joins owns nothing: all is let go before.
    await this.#reconciling;
  }

  #isExpected(answered: string): boolean {
    return notYet.includes(answered) && performance.now() - this.#since < coordinatorWithinMs;
  }

  async #heartbeat(epoch: number): Promise<consumerGroupHeartbeatV1.ConsumerGroupHeartbeatResponse> {
    const { group, topic } = this.#options;
    const node = await this.#cluster.coordinator(group);
    const byTopic = new Map<string, number[]>();
    for (const [partition, topicId] of this.#owned) byTopic.set(topicId, [...(byTopic.get(topicId) ?? []), partition]);
    const owned = [...byTopic].map(([topicId, partitions]) => ({ topicId, partitions }));
    return this.#cluster.request(
      { purpose: 'group', node },
      consumerGroupHeartbeatV1.api,
      group,
      this.#memberId,
      epoch,
      null,
      null,
      rebalanceTimeoutMs,
      [topic],
      null,
      null,
      // Whoever joins owns nothing yet.
      epoch > 0 ? owned : [],
    );
  }

  /** Until what is owned is what is to be: first everything that goes, then everything that comes. */
  #reconcile(): void {
    if (this.#target === undefined || this.#stopped) return;
    this.#reconciling ??= this.#reconcileAll();
  }

  async #reconcileAll(): Promise<void> {
    await undefined;
    let retry = retryMs;
    while (!this.#stopped) {
      const target = this.#target ?? new Map<number, string>();
      const gone = [...this.#owned].filter(([partition, id]) => target.get(partition) !== id).map(([each]) => each);
      if (gone.length > 0) {
        await this.#revoke(gone);
        continue;
      }
      for (const [partition, id] of target) {
        if (this.#owned.has(partition)) continue;
        this.#owned.set(partition, id);
        this.#untaken.add(partition);
      }
      if (this.#untaken.size === 0) break;
      if (await this.#takeUp()) continue;
      await this.#pause(retry);
      retry = Math.min(2 * retry, assignRetryMaxMs);
    }
    // In the same turn as the look above: what is told later starts anew.
    this.#reconciling = undefined;
    if (!this.#stopped && this.#epoch > 0) this.#joined.resolve();
  }

  async #revoke(partitions: readonly number[]): Promise<void> {
    try {
      await this.#options.onRevoked(partitions.toSorted((a, b) => a - b));
    } catch (error) {
      this.#logger.error({ group: this.group, error: (error as Error).message }, 'partitions were not let go in order');
    }
    for (const partition of partitions) {
      this.#owned.delete(partition);
      this.#untaken.delete(partition);
    }
    this.#wakeUp();
  }

  async #takeUp(): Promise<boolean> {
    const partitions = [...this.#untaken].toSorted((a, b) => a - b);
    try {
      await this.#options.onAssigned(partitions);
    } catch (error) {
      this.#joined.reject(error as Error);
      this.#logger.error(
        { group: this.group, partitions, error: (error as Error).message },
        'partitions could not be taken over; it is tried again',
      );
      return false;
    }
    for (const partition of partitions) this.#untaken.delete(partition);
    this.#wakeUp();
    return true;
  }

  /** Until the next heartbeat or try is due, or there is something to tell at once. */
  #pause(durationMs: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        this.#sleepers.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, durationMs);
      this.#sleepers.add(wake);
    });
  }

  #wakeUp(): void {
    for (const wake of [...this.#sleepers]) wake();
  }

  /** Lets everything go, then tells the coordinator, so that others get it at once. */
  async leave(): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#joined.reject(new Error('left before anything was assigned'));
    this.#joined.promise.catch(() => undefined);
    this.#wakeUp();
    await this.#beating;
    await this.#reconciling;
    const owned = [...this.#owned.keys()];
    if (owned.length > 0) await this.#revoke(owned);
    await this.#onLeaving(this);
    if (this.#epoch > 0) await this.#heartbeat(leaving).catch(() => undefined);
    this.#epoch = 0;
  }
}
