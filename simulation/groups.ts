import type { JoinOptions, LogTopic, Membership } from '../src/runtime/log/log.ts';
import { type SimulatedProcess, within } from './process.ts';

/** A member that does not answer within this is taken for dead: its partitions are given away. */
const sessionMs = 10_000;

interface Member {
  readonly process: SimulatedProcess;
  readonly options: JoinOptions;
  /** Does not hear of what becomes of its group, and goes on as if nothing had happened. */
  deaf: boolean;
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
    const member: Member = { process, options, deaf: false };
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

  /** A deaf member hears again: it has lost everything. */
  async hear(process: SimulatedProcess): Promise<void> {
    const member = this.#members.find((each) => each.process === process);
    if (member === undefined || !member.deaf || process.dead) return;
    const all = Array.from({ length: this.#partitions }, (_, partition) => partition);
    // It may die before it has let go of everything.
    await Promise.race([member.options.onRevoked(all), process.death]);
    member.deaf = false;
    await this.rebalance();
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
    await Promise.all([...gained].map(([member, partitions]) => assign(member, partitions)));
  }
}

function revoke({ process, options, deaf }: Member, partitions: readonly number[]): Promise<unknown> {
  if (deaf || process.dead) return Promise.resolve();
  return within(sessionMs, [options.onRevoked(partitions), process.death]);
}

/** A process that cannot take over what it is given ends; another one is started. */
async function assign({ process, options }: Member, partitions: readonly number[]): Promise<void> {
  const assigned = options.onAssigned(partitions).catch(() => process.kill());
  await within(sessionMs, [assigned, process.death]);
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
