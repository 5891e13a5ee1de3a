import type { Decider } from '../src/contracts/decider.ts';
import type { Applied, AppliedBatch, ServiceDefinition, StreamDefinition } from '../src/runtime/service.ts';
import type { Commit, Takeover } from '../src/runtime/store/store.ts';
import { eventId } from '../src/runtime/task/publisher.ts';
import type { Auditor } from './faulty-store.ts';

/** One decision in so many is made twice, to see whether it depends on anything but state and input. */
const decisionsPerTrial = 8;
const hourMs = 3_600_000;

/** Sees every commit and every decision as it happens, and writes down what must not be. */
export class Watcher implements Auditor {
  readonly incidents: string[] = [];
  readonly applied = new Map<string, Applied[]>();
  /** By service and event: which commit of the whole system it came with. */
  readonly order = new Map<string, number>();
  /** By service and user: when it has taken note that they were erased, in milliseconds since the run began and by its clock. */
  readonly forgotten = new Map<string, { readonly at: number; readonly time: number }>();
  readonly #epochs = new Map<string, number>();
  readonly #viewed = new Map<string, ReadonlySet<string>>();
  #decisions = 0;
  #commits = 0;

  tookOver(service: string, { tasks }: Takeover): void {
    for (const { partition, epoch } of tasks) {
      const name = `${service}/${partition}`;
      if (epoch <= (this.#epochs.get(name) ?? 0)) this.incidents.push(`the epoch of ${name} fell to ${epoch}`);
      this.#epochs.set(name, epoch);
    }
  }

  committed(service: string, process: string, commit: Commit, applied: AppliedBatch['applied']): void {
    for (const { partition, epoch } of commit.tasks) {
      const current = this.#epochs.get(`${service}/${partition}`);
      if (epoch !== current)
        this.incidents.push(`${process} committed to ${service}/${partition} in epoch ${epoch}, after ${current}`);
    }
    this.#commits += 1;
    for (const event of commit.events) this.order.set(`${service} ${eventId(event)}`, this.#commits);
    for (const { topic, key, data } of commit.references) {
      const name = `${service} ${key}`;
      if (topic === 'user-profiles' && data === null && !this.forgotten.has(name))
        this.forgotten.set(name, { at: performance.now(), time: Date.now() });
    }
    const viewed = this.#viewed.get(service);
    const known = this.applied.get(service) ?? [];
    this.applied.set(service, known);
    for (const each of applied) if (viewed?.has(each.envelope.type) === true) known.push(each);
  }

  /** The same definitions, whose deciders are tried now and then. */
  watch(definitions: readonly ServiceDefinition[]): readonly ServiceDefinition[] {
    return definitions.map((definition) => {
      this.#viewed.set(definition.name, new Set((definition.views ?? []).flatMap(({ on }) => Object.keys(on))));
      const streams = Object.entries(definition.streams).map(([kind, stream]) => [kind, this.#watched(kind, stream)]);
      return { ...definition, streams: Object.fromEntries(streams) as ServiceDefinition['streams'] };
    });
  }

  #watched(kind: string, definition: StreamDefinition): StreamDefinition {
    const decider = definition.decider as unknown as Decider<unknown, { readonly type: string }, unknown>;
    const decide = (state: unknown, input: { readonly type: string }) => {
      this.#decisions += 1;
      if (this.#decisions % decisionsPerTrial > 0) return decider.decide(state, input);
      const before = JSON.stringify(state);
      const decided = decider.decide(state, input);
      const again = elsewhere(() => JSON.stringify(decider.decide(state, input)));
      if (again !== JSON.stringify(decided)) this.incidents.push(`${kind} decides ${input.type} in two ways`);
      if (JSON.stringify(state) !== before)
        this.incidents.push(`${kind} changes its state while it decides ${input.type}`);
      return decided;
    };
    return { ...definition, decider: { ...decider, decide } } as unknown as StreamDefinition;
  }
}

/** Does something at another time and with other luck. */
function elsewhere<Result>(work: () => Result): Result {
  const [now, random] = [Date.now, Math.random];
  const later = now() + hourMs;
  Date.now = () => later;
  Math.random = () => 0.123;
  try {
    return work();
  } finally {
    Date.now = now;
    Math.random = random;
  }
}
