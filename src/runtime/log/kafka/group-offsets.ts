import { listGroupsV5, offsetCommitV9, offsetFetchV9 } from '@platformatic/kafka';
import type { Logger } from '../../logger.ts';
import type { Position } from '../log.ts';
import type { Cluster } from './cluster.ts';
import { answeredWith } from './errors.ts';
import type { MemberIdentity } from './group-member.ts';
import { nameOf } from './subscription.ts';

/** Group offsets, for lag tools and autoscalers of others: written now and then, and never trusted. */
const commitEveryMs = 1_000;
const ourGroups = 'fullhouse-';
/** Another try under the member's new epoch may do. */
const memberErrors = ['STALE_MEMBER_EPOCH', 'UNKNOWN_MEMBER_ID', 'FENCED_MEMBER_EPOCH', 'ILLEGAL_GENERATION'];
const nobody = { memberId: '', epoch: -1 };

export class GroupOffsets {
  readonly #cluster: Cluster;
  readonly #logger: Logger;
  readonly #identityOf: (group: string) => MemberIdentity | undefined;
  readonly #waiting = new Map<string, Map<string, Position>>();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: {
    readonly cluster: Cluster;
    readonly logger: Logger;
    readonly identityOf: (group: string) => MemberIdentity | undefined;
  }) {
    this.#cluster = options.cluster;
    this.#logger = options.logger;
    this.#identityOf = options.identityOf;
  }

  /** To be written with what else comes within a second; the last position of a partition counts. */
  commit(group: string, positions: readonly Position[]): void {
    const waiting = this.#waiting.get(group) ?? new Map<string, Position>();
    this.#waiting.set(group, waiting);
    for (const position of positions) waiting.set(nameOf(position), position);
    this.#arm();
  }

  #arm(): void {
    if (this.#cluster.isClosed) return;
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      void this.flush();
    }, commitEveryMs).unref();
  }

  async flush(groups: readonly string[] = [...this.#waiting.keys()]): Promise<void> {
    await Promise.all(groups.map((group) => this.#flush(group)));
  }

  async #flush(group: string): Promise<void> {
    const positions = this.#waiting.get(group);
    if (positions === undefined || this.#cluster.isClosed) return;
    this.#waiting.delete(group);
    const { memberId, epoch } = this.#identityOf(group) ?? nobody;
    const topics = [...Map.groupBy(positions.values(), ({ topic }) => topic)].map(([name, each]) => ({
      name,
      partitions: each.map(({ partition, offset }) => ({
        partitionIndex: partition,
        committedOffset: BigInt(offset),
        committedLeaderEpoch: -1,
        committedMetadata: '',
      })),
    }));
    try {
      const node = await this.#cluster.coordinator(group);
      await this.#cluster.request({ purpose: 'group', node }, offsetCommitV9.api, group, epoch, memberId, null, topics);
    } catch (error) {
      this.#logger.debug({ group, error: (error as Error).message }, 'group offsets were not written');
      this.#cluster.forgetCoordinator(group);
      const answered = answeredWith(error);
      if (answered !== undefined && !memberErrors.includes(answered)) return;
      // A partition that is gone has another owner, who knows of later ones.
      const isOurs = (partition: number) => answered === undefined || this.#identityOf(group)?.owns(partition) === true;
      const again = [...positions].filter(([, { partition }]) => isOurs(partition));
      this.#waiting.set(group, new Map([...again, ...(this.#waiting.get(group) ?? [])]));
      this.#arm();
    }
  }

  /** How far each of our groups has come, as the brokers keep it. */
  async committed(): Promise<readonly (Position & { readonly group: string })[]> {
    await this.flush();
    const groups = new Set<string>();
    for (const node of this.#cluster.nodes) {
      const listed = await this.#cluster.request({ purpose: 'control', node }, listGroupsV5.api, [], []);
      for (const { groupId } of listed.groups) if (groupId.startsWith(ourGroups)) groups.add(groupId);
    }
    const positions: (Position & { readonly group: string })[] = [];
    for (const group of [...groups].toSorted()) positions.push(...(await this.#committedBy(group)));
    return positions;
  }

  async #committedBy(group: string): Promise<readonly (Position & { readonly group: string })[]> {
    const node = await this.#cluster.coordinator(group);
    const asked = [{ groupId: group, memberId: null, memberEpoch: -1, topics: null }];
    const answer = await this.#cluster.request({ purpose: 'control', node }, offsetFetchV9.api, asked, false);
    const positions = answer.groups.flatMap(({ topics }) =>
      topics.flatMap(({ name, partitions }) =>
        partitions
          .filter(({ committedOffset }) => committedOffset >= 0n)
          .map(({ partitionIndex, committedOffset }) => ({
            group,
            topic: name,
            partition: partitionIndex,
            offset: Number(committedOffset),
          })),
      ),
    );
    return positions.toSorted((a, b) => a.topic.localeCompare(b.topic) || a.partition - b.partition);
  }

  close(): void {
    clearTimeout(this.#timer);
  }
}
