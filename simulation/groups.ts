import type { JoinOptions, LogTopic, Membership } from '../src/runtime/log/log.ts';
import { type SimulatedProcess, sleep, within } from './process.ts';

/** A member that does not answer within this is taken for dead: its partitions are given away. */
const sessionMs = 10_000;
/** A member that could not take over what it was given tries again after this, and then ever later. */
const retryMs = 300;
const retryMaxMs = 5_000;

/** One process in its group. What it cannot take over at once it tries again, as the member of a real group does. */
class Member {
  readonly process: SimulatedProcess;
  readonly #options: JoinOptions;
  /** Does not hear of what becomes of its group, and goes on as if nothing had happened. */
  deaf = false;
  /** Given to it, and not taken over yet. */
  readonly #untaken = new Set<number>();
  #taking: Promise<void> | undefined;
  #joined = false;

  constructor(process: SimulatedProcess, options: JoinOptions) {
    this.process = process;
    this.#options = options;
  }

  assign(partitions: readonly number[]): Promise<unknown> {
    for (const partition of partitions) this.#untaken.add(partition);
    this.#taking ??= this.#takeUp();
    return within(sessionMs, [this.#taking, this.process.death]);
  }

  async #takeUp(): Promise<void> {
    for (
      let pauseMs = retryMs;
      this.#untaken.size > 0 && !this.process.dead;
      pauseMs = Math.min(2 * pauseMs, retryMaxMs)
    ) {
      const partitions = [...this.#untaken];
      try {
        await this.#options.onAssigned(partitions);
        for (const partition of partitions) this.#untaken.delete(partition);
        this.#joined = true;
      } catch {
        // One that cannot take over the first it is given ends; another one is started.
        if (!this.#joined) this.process.kill();
        else await sleep(pauseMs);
      }
    }
    this.#taking = undefined;
  }

  /** Resolves when it has let go, or has died before it had. */
  async revoke(partitions: readonly number[]): Promise<void> {
    for (const partition of partitions) this.#untaken.delete(partition);
    await Promise.race([this.#options.onRevoked(partitions), this.process.death]);
  }
}

/** One consumer group: who of its members owns which partition. */
class Group {
  readonly #partitions: number;
  readonly #owners = new Map<number, Member>();
  #members: Member[] = [];
  #turn: Promise<void> = Promise.resolve();
  #shift = 0;

  constructor(partitions: number) {
    this.#partitions = partitions;
  }

  get members(): readonly Member[] {
    return this.#members;
  }

  async join(process: SimulatedProcess, options: JoinOptions): Promise<Membership> {
    const member = new Member(process, options);
    this.#members.push(member);
    process.onDeath(() => this.#leave(member, process.waitBetween(0, 3_000)));
    await this.rebalance();
    return { leave: () => this.#leave(member) };
  }

  /** Takes the partitions of a member away without its noticing. */
  deafen(process: SimulatedProcess): Promise<void> {
    const member = this.#members.find((each) => each.process === process);
    if (member !== undefined) member.deaf = true;
    return this.rebalance();
  }

  /** A deaf member hears again: it has lost everything. Whoever is told of it meanwhile has to wait. */
  hear(process: SimulatedProcess): Promise<void> {
    this.#turn = this.#turn.then(async () => {
      const member = this.#members.find((each) => each.process === process);
      if (member === undefined || !member.deaf || process.dead) return;
      await member.revoke(Array.from({ length: this.#partitions }, (_, partition) => partition));
      member.deaf = false;
      for (const [partition, owner] of this.#owners) if (owner === member) this.#owners.delete(partition);
      await this.#rebalance();
    });
    return this.#turn;
  }

  async #leave(member: Member, noticed: Promise<void> = Promise.resolve()): Promise<void> {
    await noticed;
    this.#members = this.#members.filter((each) => each !== member);
    await this.rebalance();
  }

  /** Gives every partition to somebody, in another order each time; with `shift`, to another member where there is one. */
  rebalance(shift = 0): Promise<void> {
    this.#shift += shift;
    this.#turn = this.#turn.then(() => this.#rebalance());
    return this.#turn;
  }

  async #rebalance(): Promise<void> {
    const reachable = this.#members.filter(({ deaf, process }) => !deaf && !process.dead);
    const wanted = (partition: number) => reachable[(partition + this.#shift) % Math.max(1, reachable.length)];
    const lost = new Map<Member, number[]>();
    const gained = new Map<Member, number[]>();
    for (let partition = 0; partition < this.#partitions; partition += 1) {
      const [before, after] = [this.#owners.get(partition), wanted(partition)];
      if (before === after) continue;
      if (before !== undefined) lost.set(before, [...(lost.get(before) ?? []), partition]);
      if (after !== undefined) gained.set(after, [...(gained.get(after) ?? []), partition]);
      if (after === undefined) this.#owners.delete(partition);
      else this.#owners.set(partition, after);
    }
    await Promise.all([...lost].map(([member, partitions]) => revoke(member, partitions)));
    await Promise.all([...gained].map(([member, partitions]) => member.assign(partitions)));
  }
}

/** Who does not hear is not asked; who does not answer is not waited for. */
function revoke(member: Member, partitions: readonly number[]): Promise<unknown> {
  if (member.deaf || member.process.dead) return Promise.resolve();
  return within(sessionMs, [member.revoke(partitions)]);
}

/** All consumer groups of the simulated broker. */
export class Groups {
  readonly #groups = new Map<string, Group>();
  readonly #topics: readonly LogTopic[];

  constructor(topics: readonly LogTopic[]) {
    this.#topics = topics;
  }

  join(process: SimulatedProcess, options: JoinOptions): Promise<Membership> {
    const known = this.#groups.get(options.group);
    const group = known ?? new Group(this.#topics.find(({ name }) => name === options.topic)?.partitions ?? 0);
    this.#groups.set(options.group, group);
    return group.join(process, options);
  }

  named(service: string): Group | undefined {
    return this.#groups.get(`fullhouse-${service}`);
  }
}
