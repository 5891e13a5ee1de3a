import { type ServiceName, topics } from '../contracts/topics.ts';
import type { LogRecord, LogTopic } from '../runtime/log/log.ts';
import type { Applied, ServiceDefinition, View } from '../runtime/service.ts';
import type { EventRow, ParkedBrief } from '../runtime/store/store.ts';
import { type FirstArrival, toMessage } from '../runtime/task/arrival.ts';
import { envelopeOf } from '../runtime/task/publisher.ts';
import { type Head, verdictOn } from '../runtime/task/sequences.ts';
import type { Installation } from './installation.ts';

/**
 * What a view was made from, once more and in order: the facts its service has stored, and the topic records its task has
 * handled, up to where the task is. Facts are kept for ever; records as long as their topic keeps them.
 */
export interface TaskMark {
  readonly partition: number;
  /** By topic: the offset to read next. */
  readonly positions: Readonly<Record<string, { readonly offset: number }>>;
  /** By channel: the last sequence given. */
  readonly sequences: Readonly<Record<string, number>>;
}

/** What was read so far of one partition, so that a second round goes on from there. */
export interface RefoldState {
  readonly positions: Map<string, number>;
  readonly sequences: Map<string, number>;
  readonly heads: Map<string, Head>;
}

export function newRefoldState(): RefoldState {
  return { positions: new Map(), sequences: new Map(), heads: new Map() };
}

interface Timed {
  readonly time: number;
  readonly stream: string;
  readonly streamVersion: number;
  readonly applied: Applied;
}

const pageMax = 1_000;

/** Where the tasks of a service are, as committed. */
export function taskMarks({ query }: Installation, service: string): Promise<readonly TaskMark[]> {
  return query<TaskMark>(
    service as ServiceName,
    'select partition, positions, sequences from tasks order by partition',
  );
}

/** Topics of which the view reads events. */
export function inputsOf({ inputs }: ServiceDefinition, view: View): readonly string[] {
  return inputs.filter((name) => topics[name].events.some(({ type }) => Object.hasOwn(view.on, type)));
}

/** Records that wait parked, by `topic/partition/offset`: they were not applied. */
export async function parkedRecords({ query }: Installation, service: string): Promise<ReadonlySet<string>> {
  const names = new Set<string>();
  for (let after = ''; ; ) {
    // Read here: PostgreSQL looks into no JSON with a NUL in it, and others may write one.
    const page = await query<ParkedArrival>(
      service as ServiceName,
      `select parked_id as "parkedId", partition, coalesce(brief, arrival) as arrival from parked
       where parked_id > $1 order by parked_id limit ${pageMax}`,
      [after],
    );
    for (const { partition, arrival } of page)
      if (arrival.kind === 'record') names.add(`${arrival.record.topic}/${partition}/${arrival.record.offset}`);
    const end = page.at(-1);
    if (end === undefined || page.length < pageMax) return names;
    after = end.parkedId;
  }
}

interface ParkedArrival {
  readonly parkedId: string;
  readonly partition: number;
  readonly arrival: FirstArrival | ParkedBrief;
}

export interface RefoldOptions {
  readonly installation: Installation;
  readonly definition: ServiceDefinition;
  readonly view: View;
  /** Up to here. */
  readonly mark: TaskMark;
  /** From here; it moves along. */
  readonly state: RefoldState;
  readonly parked: ReadonlySet<string>;
}

/** Everything a view is made from in one partition, in order, from where `state` stands up to `mark`. */
export async function* refold(options: RefoldOptions): AsyncGenerator<Applied> {
  const { definition, view, mark } = options;
  const read = inputsOf(definition, view).filter((name) => mark.positions[name] !== undefined);
  const sources = [
    ...Object.keys(mark.sequences).map((channel) => facts(options, channel)),
    ...read.map((topic) => messages(options, topic)),
  ];
  yield* merged(sources);
}

/** The service's own facts of one channel that the view wants. */
async function* facts(
  { installation, definition, view, mark, state }: RefoldOptions,
  channel: string,
): AsyncGenerator<Timed> {
  const last = mark.sequences[channel] ?? 0;
  let sequence = state.sequences.get(channel) ?? 0;
  while (sequence < last) {
    const rows = await installation.query<EventRow>(
      definition.name,
      `select channel, partition, sequence, timeline, stream, stream_version as "streamVersion", type, version, subject, key,
         time, causation_id as "causationId", correlation_id as "correlationId", data
       from events where channel = $1 and partition = $2 and sequence > $3 and sequence <= $4 and type = any ($5)
       order by sequence limit $6`,
      [channel, mark.partition, sequence, last, Object.keys(view.on), pageMax],
    );
    for (const row of rows) {
      const { time, stream, streamVersion, key, partition } = row;
      const envelope = envelopeOf(row, definition.name);
      yield { time, stream, streamVersion, applied: { kind: 'fact', key, partition, envelope } };
    }
    sequence = rows.length < pageMax ? last : (rows.at(-1)?.sequence ?? last);
  }
  state.sequences.set(channel, last);
}

/** The records of one input that the task has handled and the view wants; repeated ones are dropped as the task does. */
async function* messages(
  { installation, view, mark, state, parked }: RefoldOptions,
  topic: string,
): AsyncGenerator<Timed> {
  const { log } = installation;
  const { partition } = mark;
  const end = mark.positions[topic]?.offset ?? 0;
  let offset = state.positions.get(topic) ?? 0;
  while (offset < end) {
    const page = await log.read({ topic, partition, offset }, pageMax);
    for (const record of page) {
      if (record.offset >= end || !isNews(record, state) || parked.has(`${topic}/${partition}/${record.offset}`))
        continue;
      const timed = read(record, log.topics);
      if (timed !== undefined && Object.hasOwn(view.on, timed.applied.envelope.type)) yield timed;
    }
    offset = (page.at(-1)?.offset ?? end - 1) + 1;
  }
  state.positions.set(topic, end);
}

function isNews(record: LogRecord, { heads }: RefoldState): boolean {
  const verdict = verdictOn(record.topic, record.headers, heads.get(record.topic));
  if (verdict.kind === 'next') heads.set(record.topic, verdict.head);
  return verdict.kind === 'next' || verdict.kind === 'foreign';
}

function read(record: LogRecord, onLog: readonly LogTopic[]): Timed | undefined {
  try {
    const partitionsOf = (name: string) => onLog.find((each) => each.name === name)?.partitions ?? 1;
    const { key, partition, envelope } = toMessage({ kind: 'record', record }, record.timestamp, partitionsOf);
    const applied: Applied = { kind: 'message', key, partition, envelope };
    return { time: record.timestamp, stream: envelope.id, streamVersion: 0, applied };
  } catch {
    // What cannot be read was parked and never applied.
    return undefined;
  }
}

/** One order from several: by time, and facts of one stream by their version. */
async function* merged(sources: readonly AsyncGenerator<Timed>[]): AsyncGenerator<Applied> {
  const heads: { readonly source: AsyncGenerator<Timed>; timed: Timed }[] = [];
  for (const source of sources) {
    const first = await source.next();
    if (first.done !== true) heads.push({ source, timed: first.value });
  }
  while (heads.length > 0) {
    const earliest = heads.reduce((a, b) => (isBefore(b.timed, a.timed) ? b : a));
    yield earliest.timed.applied;
    const next = await earliest.source.next();
    if (next.done === true) heads.splice(heads.indexOf(earliest), 1);
    else earliest.timed = next.value;
  }
}

function isBefore(a: Timed, b: Timed): boolean {
  if (a.time !== b.time) return a.time < b.time;
  return a.stream === b.stream && a.streamVersion < b.streamVersion;
}
