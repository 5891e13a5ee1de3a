import type { TopicName } from '../../src/contracts/topics.ts';
import { type ConsumeOptions, type Log, LogUnavailable } from '../../src/runtime/log/log.ts';
import type { Effect, Lookup, Route, ServiceDefinition } from '../../src/runtime/service.ts';
import type { ServiceRuntime } from '../../src/runtime/service-runtime.ts';
import { type Commit, Fenced, type ReferenceRow, type TaskRow } from '../../src/runtime/store/store.ts';
import type { Channels } from '../../src/services/notification/channels/channel.ts';
import type { PaymentProvider } from '../../src/services/payment/providers/provider.ts';
import type { Alterations } from '../alterations.ts';
import type { SimulatedProcess } from '../process.ts';
import { emptyCommit, type PlantedBug, part, store, takeover } from './alter.ts';

/** Bugs of what carries the deciders: outbox, inbox, fence, positions, and talking to the outside. */

function log(alter: (before: Log, process: SimulatedProcess) => Partial<Log>): Alterations {
  return {
    log: (before, process) => {
      const same: Log = {
        topics: before.topics,
        append: (records) => before.append(records),
        consume: (options) => before.consume(options),
        read: (from, recordsMax) => before.read(from, recordsMax),
        bounds: (partition) => before.bounds(partition),
        join: (options) => before.join(options),
        commit: (group, positions) => before.commit(group, positions),
        committed: () => before.committed(),
        close: () => before.close(),
      };
      return { ...same, ...alter(before, process) };
    },
  };
}

const consumed = (alter: (options: ConsumeOptions, process: SimulatedProcess) => ConsumeOptions) =>
  log((before, process) => ({ consume: (options) => before.consume(alter(options, process)) }));

const provider = (alter: (before: PaymentProvider) => Partial<PaymentProvider>) =>
  part<PaymentProvider>('payment-provider', (before) => ({
    name: before.name,
    answerWithinMs: before.answerWithinMs,
    webhooks: before.webhooks,
    charge: (request, signal) => before.charge(request, signal),
    refund: (request, signal) => before.refund(request, signal),
    lookup: (request, signal) => before.lookup(request, signal),
    chargeNamed: (reference, signal) => before.chargeNamed(reference, signal),
    release: (request, signal) => before.release(request, signal),
    ...alter(before),
  }));

/** How the task stood before the events of this commit. */
function before(task: TaskRow, { events }: Commit): TaskRow {
  const sequences = { ...task.sequences };
  for (const { partition, channel } of events)
    if (partition === task.partition) sequences[channel] = (sequences[channel] ?? 0) - 1;
  return { ...task, sequences };
}

/** The messages, with profiles as they were when they were first looked up. */
function remembering(definition: ServiceDefinition): ServiceDefinition {
  const known = new Map<string, unknown>();
  const kept = (topic: TopicName, key: string, found: unknown) => {
    const first = topic === 'user-profiles' ? (known.get(key) ?? found) : found;
    if (topic === 'user-profiles' && first !== undefined) known.set(key, first);
    return first;
  };
  const routes = Object.entries(definition.routes).map(([type, route]): [string, Route] => {
    const { to } = route;
    const lookup = (real: Lookup): Lookup => ({
      get: <Value>(topic: TopicName, key: string) => kept(topic, key, real.get(topic, key)) as Value | undefined,
    });
    return [type, { ...route, to: (message, real) => to(message, lookup(real)) }];
  });
  const { MessagePlanned: sending, ...effects } = definition.effects ?? {};
  if (sending === undefined) return definition;
  const run: Effect['run'] = (intent, service, signal) => sending.run(intent, withReference(service, kept), signal);
  return {
    ...definition,
    routes: Object.fromEntries(routes),
    effects: { ...effects, MessagePlanned: { ...sending, run } },
  };
}

/** The same service, but for what it finds of others. */
function withReference(
  service: ServiceRuntime,
  kept: (topic: TopicName, key: string, found: unknown) => unknown,
): ServiceRuntime {
  const reference = async (topic: TopicName, key: string) => kept(topic, key, await service.reference(topic, key));
  return new Proxy(service, {
    get(target, name) {
      if (name === 'reference') return reference;
      const field = Reflect.get(target, name) as unknown;
      return typeof field === 'function' ? field.bind(target) : field;
    },
  });
}

export const plumbingBugs: readonly PlantedBug[] = [
  {
    name: 'the fence is left out',
    alterations: store((inner) => ({
      commit: async (commit) => {
        for (let behind = 0; ; behind += 1) {
          const tasks = commit.tasks.map((task) => ({ ...task, epoch: task.epoch + behind }));
          try {
            return await inner.commit({ ...commit, tasks });
          } catch (error) {
            if (!(error instanceof Fenced) || behind > 20) throw error;
          }
        }
      },
    })),
  },
  {
    name: 'positions are committed before the results',
    alterations: store((inner) => ({
      commit: async (commit) => {
        await inner.commit({ ...emptyCommit, tasks: commit.tasks.map((task) => before(task, commit)) });
        await new Promise((resolve) => setTimeout(resolve, 20));
        if (Math.random() < 0.02) throw new LogUnavailable('broken in between');
        await inner.commit(commit);
      },
    })),
  },
  {
    name: 'the outbox takes a failed append for a good one',
    alterations: log((inner) => ({ append: (records) => inner.append(records).catch(() => undefined) })),
  },
  {
    name: 'the outbox is marked as published when it is not',
    alterations: takeover(({ tasks }) => ({
      tasks: tasks.map((task) => {
        const marks = Object.entries(task.published).map(([channel, { topicId }]) => {
          return [channel, { topicId, sequence: task.sequences[channel] ?? 0 }] as const;
        });
        return { ...task, published: Object.fromEntries(marks) };
      }),
    })),
  },
  {
    name: 'a takeover that failed is not tried again',
    alterations: log((inner) => ({
      join: ({ onAssigned, ...options }) =>
        inner.join({ ...options, onAssigned: (partitions) => onAssigned(partitions).catch(() => undefined) }),
    })),
  },
  {
    name: 'records are dropped when they come in a hurry',
    alterations: consumed((options) => ({
      ...options,
      onRecords: async (records) =>
        records.length > 2 ? options.onRecords(records.slice(1)) : options.onRecords(records),
    })),
  },
  {
    name: 'what was seen before is applied again',
    alterations: consumed((options) => ({
      ...options,
      onRecords: (records) =>
        options.onRecords(
          records.map((record) => {
            const { ce_sequence: _, ...headers } = record.headers;
            return { ...record, headers };
          }),
        ),
    })),
  },
  { name: 'timers are forgotten at a takeover', alterations: takeover(() => ({ deadlines: [] })) },
  { name: 'open effects are forgotten at a takeover', alterations: takeover(() => ({ effects: [] })) },
  { name: 'requests are forgotten at a takeover', alterations: takeover(() => ({ requests: [] })) },
  { name: 'parked inputs are forgotten at a takeover', alterations: takeover(() => ({ parked: [] })) },
  {
    name: 'a stream is folded without its last event',
    alterations: store((inner) => ({
      loadStreams: async (streams) =>
        (await inner.loadStreams(streams)).map((loaded) => ({ ...loaded, events: loaded.events.slice(0, -1) })),
    })),
  },
  {
    name: 'a projection begins anew after each takeover',
    alterations: store((inner) => ({ loadDocuments: () => inner.loadDocuments('none', []) })),
  },
  {
    name: 'a retry has a new key',
    alterations: provider((inner) => {
      let calls = 0;
      return {
        charge: (request, signal) => {
          calls += 1;
          return inner.charge({ ...request, key: `${request.key}-${calls}` }, signal);
        },
      };
    }),
  },
  {
    name: 'a refund has a new key each time',
    alterations: provider((inner) => {
      let calls = 0;
      return {
        refund: (request, signal) => {
          calls += 1;
          return inner.refund({ ...request, key: `${request.key}-${calls}` }, signal);
        },
      };
    }),
  },
  {
    name: 'the provider is asked for another amount',
    alterations: provider((inner) => ({
      charge: async (request, signal) => {
        const { amount, currency } = request.amount;
        const charged = await inner.charge({ ...request, amount: { amount: amount - 100, currency } }, signal);
        return charged.outcome === 'succeeded' ? { ...charged, amount: request.amount } : charged;
      },
    })),
  },
  {
    name: 'a message is sent again where nobody knows what became of it',
    alterations: part<Channels>('channels', ({ email, sms }) => ({
      ...(email === undefined ? {} : { email }),
      ...(sms === undefined ? {} : { sms: { idempotent: true, send: (message, signal) => sms.send(message, signal) } }),
    })),
  },
  {
    name: 'idempotency keys are forgotten',
    alterations: {
      database: ({ answers }) => {
        answers.get = () => undefined;
      },
    },
  },
  {
    name: 'a request that nobody told of is never looked for',
    shownBy: 40,
    alterations: { overlooksRequests: true },
  },
  {
    name: 'addresses are kept in mind for good',
    alterations: {
      definitions: (definitions) =>
        definitions.map((definition) => (definition.name === 'notification' ? remembering(definition) : definition)),
    },
  },
  {
    name: 'an erased profile is kept by those who have read it',
    alterations: store((inner) => ({
      commit: (commit) => {
        const isTombstone = ({ topic, data }: ReferenceRow) => topic === 'user-profiles' && data === null;
        return inner.commit({ ...commit, references: commit.references.filter((row) => !isTombstone(row)) });
      },
    })),
  },
  {
    name: 'whoever was erased is let in as long as their token is good',
    alterations: {
      database: ({ users }) => {
        users.values = () => new Map().values();
      },
    },
  },
  {
    name: 'the door does not remember who was let in',
    alterations: {
      database: ({ admissions }) => {
        admissions.has = () => false;
      },
    },
  },
  {
    name: 'the door does not know who was given a ticket',
    alterations: {
      database: ({ taken }) => {
        taken.get = () => undefined;
      },
    },
  },
  {
    name: 'the door lets in with tickets that were given back',
    shownBy: 130,
    alterations: {
      database: ({ returned }) => {
        returned.has = () => false;
      },
    },
  },
];
