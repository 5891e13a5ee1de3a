import { type ServiceName, topicNamed } from '../../contracts/topics.ts';
import type { Bounds } from '../../runtime/log/log.ts';
import type { TaskRow } from '../../runtime/store/store.ts';
import type { Installation } from '../installation.ts';
import type { Examination, Report } from './finding.ts';
import { lateMsMax } from './status.ts';

/** What the rows of the tasks say: how far each has read, counted and published, and what it has still to do. */

const reachable = {
  name: 'positions-reachable',
  promise: 2,
  says: 'every stored position is one its topic can be read from',
} as const;
const given = {
  name: 'counts-were-given',
  promise: 5,
  says: 'no task has applied an event that its owner never stored',
} as const;
const marked = {
  name: 'marks-were-stored',
  promise: 2,
  says: 'nothing counts as published that was not stored',
} as const;
const timers = { name: 'timers-go-off', promise: 7, says: 'no timer is overdue' } as const;
const requests = { name: 'requests-are-taken', promise: 2, says: 'no stored request is left lying' } as const;

/** A task that is taken over, or waits for its database, is back well before. */
const leftMsMax = 60_000;
const wrongShown = 1_000;

type Task = Pick<TaskRow, 'partition' | 'positions' | 'heads' | 'sequences' | 'published'>;

export const taskExamination: Examination = {
  invariants: [reachable, given, marked, timers, requests],
  examine: async function* (installation) {
    const tasks = await allTasks(installation);
    // Read after them, so that what was applied meanwhile is among what had been stored.
    const owners = await allTasks(installation);
    for (const [service, rows] of tasks) {
      for (const task of rows) {
        yield* positions(installation, service, task);
        yield* heads(service, task, owners);
        yield* marks(service, task);
      }
      yield* overdue(installation, service);
      yield* left(installation, service);
    }
  },
};

async function allTasks(installation: Installation): Promise<ReadonlyMap<string, readonly Task[]>> {
  const tasks = new Map<string, readonly Task[]>();
  for (const { name } of installation.definitions) tasks.set(name, await tasksOf(installation, name));
  return tasks;
}

function tasksOf({ query }: Installation, service: string): Promise<readonly Task[]> {
  return query<Task>(
    service as ServiceName,
    'select partition, positions, heads, sequences, published from tasks order by partition',
  );
}

async function* positions({ log }: Installation, service: string, task: Task): AsyncGenerator<Report> {
  const { partition } = task;
  for (const [topic, { offset, topicId }] of Object.entries(task.positions)) {
    yield { looked: { [reachable.name]: 1 } };
    const id = log.topics.find(({ name }) => name === topic)?.id;
    // Of a topic that was there before: read from the beginning of the one that is there now.
    if (id !== topicId) continue;
    const { first, next }: Bounds = await log.bounds({ topic, partition });
    if (offset <= next && (offset >= first || first === next)) continue;
    const says = `${service} stands at ${offset} of ${topic}/${partition}, which has ${first} to ${next}`;
    yield { finding: { invariant: reachable.name, key: `${service} ${topic} ${partition}`, says } };
  }
}

function* heads(service: string, task: Task, owners: ReadonlyMap<string, readonly Task[]>): Generator<Report> {
  const { partition } = task;
  for (const [topic, { sequence }] of Object.entries(task.heads)) {
    yield { looked: { [given.name]: 1 } };
    const owner = topicNamed(topic)?.owner ?? '';
    const last = owners.get(owner)?.find((each) => each.partition === partition)?.sequences[topic] ?? 0;
    if (sequence <= last) continue;
    const says = `${service} has applied ${topic}/${partition} up to ${sequence}, and ${owner} has stored ${last} events`;
    yield { finding: { invariant: given.name, key: `${service} ${topic} ${partition}`, says } };
  }
}

function* marks(service: string, { partition, published, sequences }: Task): Generator<Report> {
  for (const [topic, { sequence }] of Object.entries(published)) {
    yield { looked: { [marked.name]: 1 } };
    const last = sequences[topic] ?? 0;
    if (sequence <= last) continue;
    const says = `${service} counts ${sequence} events on ${topic}/${partition} as published and has stored ${last}`;
    yield { finding: { invariant: marked.name, key: `${service} ${topic} ${partition}`, says } };
  }
}

async function* overdue({ query, isStopped }: Installation, service: string): AsyncGenerator<Report> {
  const name = service as ServiceName;
  yield { looked: { [timers.name]: 1 } };
  if (isStopped === true) return;
  const rows = await query<{ readonly stream: string; readonly part: string; readonly lateMs: number }>(
    name,
    `select stream, part, lateMs::bigint as "lateMs" from
       (select *, extract(epoch from clock_timestamp()) * 1000 - due_at as lateMs from deadlines) as timers
     where lateMs > $1 limit ${wrongShown}`,
    [lateMsMax],
  );
  for (const { stream, part, lateMs } of rows) {
    const says = `${service} has a timer of ${stream} ${part} that should have gone off ${Math.round(Number(lateMs) / 1_000)} s ago`;
    yield { finding: { invariant: timers.name, key: `${service} ${stream} ${part}`, says } };
  }
}

async function* left({ query, isStopped }: Installation, service: string): AsyncGenerator<Report> {
  const name = service as ServiceName;
  yield { looked: { [requests.name]: 1 } };
  if (isStopped === true) return;
  const rows = await query<{ readonly id: string; readonly type: string; readonly ageMs: number }>(
    name,
    `select request_id as id, type, ageMs::bigint as "ageMs" from
       (select *, extract(epoch from clock_timestamp()) * 1000 - accepted_at as ageMs from requests) as waiting
     where ageMs > $1 limit ${wrongShown}`,
    [leftMsMax],
  );
  for (const { id, type, ageMs } of rows) {
    const says = `${service} has not taken ${type} ${id} for ${Math.round(Number(ageMs) / 1_000)} s`;
    yield { finding: { invariant: requests.name, key: `${service} ${id}`, says } };
  }
}
