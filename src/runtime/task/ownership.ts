import { type Log, type Membership, TopicsCreatedAnew } from '../log/log.ts';
import type { Logger } from '../logger.ts';
import type { ServiceDefinition } from '../service.ts';
import type { RequestRow } from '../store/store.ts';
import type { Begun, Takeovers } from './takeovers.ts';
import type { Turns } from './turns.ts';

/**
 * Which tasks a loop has, and how they change hands. A task is
 *
 *   assigned   The group has given it to this process.
 *   owned      Its row was taken over: the loop holds it.
 *   lost       A commit's outcome is unknown or its topics cannot be read: all that is known of it is dropped, and it is
 *              taken over anew before anything else; the task row tells what had been committed.
 *   given up   Another owner has raised its epoch although the group says it is ours. It is claimed again after a while.
 *   unreadable Its topics cannot be read at the moment, while those of others can. It is claimed again after a while.
 *   refused    Its topics hold more than its database: nothing goes on before a person has done something. It is tried
 *              again now and then; the other tasks do not wait for it.
 */

/** The first recovery is tried at once, the next after this and then ever later. */
const recoverFirstMs = 200;
const recoverMaxMs = 5_000;
/** Longer than it takes a member to hear that it has lost its tasks. */
const claimAgainMs = 10_000;

/** What the loop does when tasks change hands. */
export interface OwnershipPorts {
  readonly definition: ServiceDefinition;
  readonly log: Log;
  readonly logger: Logger;
  readonly turns: Turns;
  readonly takeovers: Takeovers;
  readonly owned: () => readonly number[];
  readonly isStopping: () => boolean;
  /** Forgets all that is known of these tasks. */
  readonly disown: (partitions: readonly number[]) => Promise<void>;
  /** Makes its own what was taken over; `early` was stored while that was under way. */
  readonly own: (begun: Begun, early: readonly RequestRow[]) => void;
  /** There is something to recover. */
  readonly start: () => void;
  readonly claimAgainMs?: number | undefined;
}

export class Ownership {
  readonly #ports: OwnershipPorts;
  readonly #assigned = new Set<number>();
  readonly #lost = new Set<number>();
  readonly #refused = new Map<number, Error>();
  readonly #claims = new Set<NodeJS.Timeout>();
  /** Given up, unreadable or refused, and why, until they are claimed again: nothing is known of them that could be lost. */
  readonly #waiting = new Map<number, string>();
  /** Ids that the topics had at the last takeover: what is read until the next one is of those. */
  #topicIds: ReadonlyMap<string, string> = new Map();
  /** Requests that were stored while their task was being taken over: perhaps too late to be read with it. */
  #early: RequestRow[] = [];
  #membership: Membership | undefined;
  #failures = 0;
  #trouble: string | undefined;
  /** Why the last takeover that failed did. */
  #refusedBy: string | undefined;

  constructor(ports: OwnershipPorts) {
    this.#ports = ports;
  }

  /** Joins the service's group; resolves when the first tasks are owned and running. */
  async join(): Promise<void> {
    const { log, definition, turns } = this.#ports;
    this.#membership = await log.join({
      group: groupOf(definition.name),
      topic: definition.mainInput,
      onAssigned: (partitions) => turns.take(() => this.#assign(partitions)),
      onRevoked: (partitions) => turns.take(() => this.#letGo(partitions)),
      onCreatedAnew: (topics) => this.#createdAnew(topics),
    });
  }

  stop(): void {
    for (const claim of this.#claims) clearTimeout(claim);
  }

  async leave(): Promise<void> {
    await this.#membership?.leave();
  }

  /** Whether the group has given a partition to this loop, taken over or not. */
  isAssigned(partition: number): boolean {
    return this.#assigned.has(partition);
  }

  isLost(partition: number): boolean {
    return this.#lost.has(partition);
  }

  get hasLost(): boolean {
    return this.#lost.size > 0;
  }

  topicId(topic: string): string {
    return this.#topicIds.get(topic) ?? '';
  }

  /** Why the last batch or takeover failed while none has succeeded since, or a task cannot be taken over. */
  get trouble(): string | undefined {
    return this.#trouble ?? this.#refused.values().next().value?.message;
  }

  /** Why it does not do its part yet; a loop that the group gives nothing to is as it should be. */
  get notReady(): string | undefined {
    if (this.#membership === undefined) return 'its group has not let it in yet';
    const unowned = this.#unowned([...this.#assigned]);
    if (unowned.length === 0) return undefined;
    const reasons = [...new Set(unowned.flatMap((partition) => this.#whyUnowned(partition) ?? []))];
    const why = reasons.length === 0 ? '' : `: ${reasons.join('; ')}`;
    return `tasks ${unowned.join(', ')} are being taken over${why}`;
  }

  #whyUnowned(partition: number): string | undefined {
    return this.#waiting.get(partition) ?? (this.#lost.has(partition) ? this.#refusedBy : undefined);
  }

  /** Whether some of its tasks go on, whatever the others wait for. */
  get isAtWork(): boolean {
    return this.#ports.owned().some((partition) => !this.#lost.has(partition));
  }

  /** Tasks that a person has to do something about, and why. */
  get refused(): ReadonlyMap<number, Error> {
    return this.#refused;
  }

  #unowned(partitions: readonly number[]): readonly number[] {
    const owned = this.#ports.owned();
    return partitions.filter((partition) => !owned.includes(partition));
  }

  /** Keeps those of the rows whose tasks are being taken over. */
  keepEarly(rows: readonly RequestRow[]): void {
    const waiting = this.#unowned([...this.#assigned]);
    if (waiting.length > 0) this.#early.push(...rows.filter((row) => waiting.includes(row.partition)));
  }

  /** A batch has committed. */
  succeeded(): void {
    this.#failures = 0;
    this.#trouble = undefined;
  }

  /** What was published on these is gone, and what is read of them may be. */
  #createdAnew(topics: readonly string[]): void {
    const mine = topics.filter((topic) => this.#ports.takeovers.concerns(topic));
    if (mine.length > 0) this.loseAll(new TopicsCreatedAnew(mine));
  }

  async #assign(partitions: readonly number[]): Promise<void> {
    for (const partition of partitions) this.#assigned.add(partition);
    await this.#own(partitions);
  }

  /**
   * The fence says that these tasks are somebody else's, the group has not said so (yet). Whoever took them may be a
   * former owner who knows nothing of having lost them: it will, but it does not hand them back.
   */
  async giveUp(partitions: readonly number[]): Promise<void> {
    for (const partition of partitions) this.#lost.delete(partition);
    await this.#ports.disown(partitions);
    this.#claimAgain(new Map(partitions.map((partition) => [partition, 'another owner has taken them'])));
  }

  #claimAgain(reasons: ReadonlyMap<number, string>): void {
    const partitions = [...reasons.keys()];
    for (const [partition, reason] of reasons) this.#waiting.set(partition, reason);
    const timer = setTimeout(() => {
      this.#claims.delete(timer);
      for (const partition of partitions) this.#waiting.delete(partition);
      for (const each of this.#unowned(partitions)) if (this.#assigned.has(each)) this.#lost.add(each);
      this.#ports.start();
    }, this.#ports.claimAgainMs ?? claimAgainMs);
    this.#claims.add(timer);
  }

  /** The group says that these tasks are somebody else's. */
  async #letGo(partitions: readonly number[]): Promise<void> {
    for (const each of [this.#assigned, this.#lost, this.#refused, this.#waiting])
      for (const partition of partitions) each.delete(partition);
    await this.#ports.disown(partitions);
  }

  async #own(claimed: readonly number[]): Promise<void> {
    const { log, takeovers, disown, own, start, owned, isStopping } = this.#ports;
    const topicIds = new Map(log.topics.map(({ name, id }) => [name, id]));
    // What other tasks have in hand is of the topics that were there before.
    const isAnew = [...topicIds].some(([name, id]) => this.#topicIds.get(name) !== id);
    const partitions = isAnew ? [...new Set([...claimed, ...owned()])] : claimed;
    await disown(partitions);
    // What was stored until now is read with the takeover; what comes from now on may be too late for it. So whoever loses
    // one of these from now on has it taken over once more.
    this.#early = this.#early.filter((row) => !partitions.includes(row.partition));
    const retried = partitions.filter((partition) => this.#lost.has(partition) || !claimed.includes(partition));
    for (const partition of partitions) this.#lost.delete(partition);
    this.#topicIds = topicIds;
    const begun = await takeovers.begin(partitions).catch((error: unknown) => {
      for (const partition of retried) this.#lost.add(partition);
      start();
      throw error;
    });
    if (isStopping()) return;
    own(begun, this.#early.splice(0));
    for (const each of [this.#refused, this.#waiting]) for (const partition of partitions) each.delete(partition);
    if (begun.refused.size > 0) this.#refuse(begun.refused);
    if (begun.unreadable.size > 0) this.#leaveAlone(begun.unreadable);
  }

  /** They stay with whoever has them, and are claimed again after a while. */
  #leaveAlone(unreadable: ReadonlyMap<number, Error>): void {
    for (const [partition, error] of unreadable)
      this.#ports.logger.error(
        { partition, error: error.message },
        'a task is not taken over, since its topics cannot be read',
      );
    this.#claimAgain(messagesOf(unreadable));
  }

  #refuse(refused: ReadonlyMap<number, Error>): void {
    for (const [partition, error] of refused) {
      this.#refused.set(partition, error);
      this.#ports.logger.fatal(
        { partition, error: error.message },
        'a task cannot go on, and waiting will not mend it',
      );
    }
    this.#claimAgain(messagesOf(refused));
  }

  /** The same for all tasks, those that are being taken over among them. */
  loseAll(error: Error): void {
    this.lose([...this.#assigned], error);
  }

  /** What is known of these tasks may not be what is stored: they are taken over anew before anything else. */
  lose(partitions: readonly number[], error: Error): void {
    const { logger } = this.#ports;
    const isFailure = !(error instanceof TopicsCreatedAnew);
    if (isFailure) {
      this.#failures += 1;
      this.#trouble = error.message;
    }
    const told = { partitions, error: error.message, failures: this.#failures };
    if (!isFailure) logger.warn(told, 'the tasks are taken over anew');
    else if ((error as { retryable?: boolean }).retryable === true) logger.error(told, 'the tasks are taken over anew');
    else
      logger.fatal(
        { ...told, stack: error.stack },
        'the tasks cannot go on, and waiting will not mend it; they are taken over anew',
      );
    for (const partition of partitions)
      if (this.#assigned.has(partition) && !this.#waiting.has(partition)) this.#lost.add(partition);
    this.#ports.start();
  }

  /** Takes lost tasks over, at once the first time, then ever later until the store and the log answer again. */
  async recover(): Promise<void> {
    const { turns, isStopping } = this.#ports;
    await turns.pause(this.#failures <= 1 ? 0 : Math.min(recoverFirstMs * 2 ** (this.#failures - 2), recoverMaxMs));
    if (isStopping()) return;
    try {
      await turns.take(async () => {
        const partitions = [...this.#lost];
        if (partitions.length > 0) await this.#own(partitions);
      });
      // Nothing else may come that would show it.
      if (this.#refusedBy === this.#trouble) this.#trouble = undefined;
      this.#refusedBy = undefined;
    } catch (error) {
      this.#refusedBy = (error as Error).message;
      this.lose([], error as Error);
    }
  }
}

function messagesOf(errors: ReadonlyMap<number, Error>): ReadonlyMap<number, string> {
  return new Map([...errors].map(([partition, { message }]) => [partition, message]));
}

export function groupOf(service: string): string {
  return `fullhouse-${service}`;
}
