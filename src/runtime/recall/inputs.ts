import type { Log, LogRecord } from '../log/log.ts';
import type { ServiceDefinition } from '../service.ts';
import type { EventRow, Takeover, TaskRow } from '../store/store.ts';
import type { FirstArrival } from '../task/arrival.ts';
import { type Head, verdictOn } from '../task/sequences.ts';
import { isCompacted } from '../task/task-drafts.ts';

const pageRecordsMax = 1_000;

/** An input that the task had before it was restored. */
export interface EarlierInput {
  readonly first: FirstArrival;
  /** Where it came from a topic. */
  readonly earlier?: EarlierRecord;
  /** The row it waits in still, which goes once it is taken. */
  readonly requestId?: string;
  readonly parkedId?: string;
}

/** A record that the task may have read since its database was backed up. */
export interface EarlierRecord {
  readonly record: LogRecord;
  /** The task would not have dropped it as one that it knew. */
  readonly isNews: boolean;
  /** Of its producer, after it. */
  readonly head: Head | undefined;
  readonly topicId: string;
}

export interface EarlierInputs {
  /** By their ids, which told events name as their cause. Each service counts for itself, so several may have one id. */
  readonly byId: ReadonlyMap<string, readonly EarlierInput[]>;
  /** In order of time. Records of compacted topics are not among them: they are taken by key, so once more is nothing. */
  readonly records: readonly EarlierRecord[];
}

/** All inputs that a task may have had since its database was backed up: on topics, and in rows that were restored. */
export async function earlierInputs(
  log: Log,
  definition: ServiceDefinition,
  takeover: Takeover,
): Promise<EarlierInputs> {
  const [task] = takeover.tasks;
  if (task === undefined) throw new Error('a recall is of one task');
  const byId = waitingRows(takeover);
  const earlier: EarlierRecord[] = [];
  for (const { name: topic, partitions, id: topicId } of log.topics) {
    const isRead = [...definition.inputs, ...definition.references].some((each) => each === topic);
    if (!isRead || task.partition >= partitions) continue;
    let head = task.heads[topic];
    for (const record of await recordsOf(log, { topic, partition: task.partition }, task.positions[topic], topicId)) {
      const verdict = verdictOn(topic, record.headers, head);
      if (verdict.kind === 'next') head = verdict.head;
      const isNews = verdict.kind === 'next' || verdict.kind === 'foreign';
      const each = { record, isNews, head, topicId };
      if (!isCompacted(topic)) earlier.push(each);
      if (isCompacted(topic)) add(byId, record, { first: { kind: 'record', record } });
      else if (isNews) add(byId, record, { first: { kind: 'record', record }, earlier: each });
    }
  }
  return { byId, records: earlier.sort((a, b) => a.record.timestamp - b.record.timestamp) };
}

type ById = Map<string, EarlierInput[]>;

function waitingRows({ requests, parked }: Takeover): ById {
  const byId: ById = new Map();
  for (const row of requests) byId.set(row.requestId, [{ first: { kind: 'request', row }, requestId: row.requestId }]);
  for (const { arrival, parkedId } of parked) {
    const first = arrival as FirstArrival;
    if (first.kind === 'record') add(byId, first.record, { first, parkedId });
    if (first.kind === 'request') byId.set(first.row.requestId, [{ first, parkedId }]);
  }
  return byId;
}

function add(byId: ById, { headers }: LogRecord, input: EarlierInput): void {
  const id = headers['ce_id'] ?? '';
  byId.set(id, [...(byId.get(id) ?? []), input]);
}

async function recordsOf(
  log: Log,
  place: { readonly topic: string; readonly partition: number },
  position: TaskRow['positions'][string] | undefined,
  topicId: string,
): Promise<readonly LogRecord[]> {
  const { first, next } = await log.bounds(place);
  const isKnown = position !== undefined && position.topicId === topicId && position.offset <= next;
  const records: LogRecord[] = [];
  for (let offset = isKnown ? Math.max(position.offset, first) : first; offset < next; ) {
    const page = await log.read({ ...place, offset }, pageRecordsMax);
    records.push(...page);
    offset = (page.at(-1)?.offset ?? next - 1) + 1;
  }
  return records;
}

/** The timer that a told event names as its cause: all of it is in its name, but for the kind of its stream. */
export function timerNamed(
  cause: string,
  { key, partition }: EventRow,
  kindOf: (stream: string) => string | undefined,
): EarlierInput | undefined {
  const [, stream = '', part = '', dueAt] = /^(.*)\/([^/]*)\/deadline\/(\d+)$/.exec(cause) ?? [];
  const kind = kindOf(stream);
  if (kind === undefined) return undefined;
  return { first: { kind: 'deadline', row: { kind, stream, part, partition, key, dueAt: Number(dueAt) } } };
}
