import { type Envelope, fromHeaders, UnreadableRecord } from '../../contracts/envelope.ts';
import { publication, topicNamed } from '../../contracts/topics.ts';
import { type LogRecord, type Skipped, told } from '../log/log.ts';
import { partitionOf } from '../log/partitioner.ts';
import type { Answer, Message } from '../service.ts';
import type { DeadlineRow, EffectRow, ParkedRow, RequestRow } from '../store/store.ts';
import { traceIdOf } from '../telemetry/tracing.ts';

/** What reaches a task, before it is a message: all of it is JSON, so that it can be parked as it came. */
export type Arrival =
  | {
      readonly kind: 'record';
      readonly record: LogRecord;
      /** Read again because a person asked for it. */
      readonly replayed?: boolean;
    }
  | { readonly kind: 'request'; readonly row: RequestRow }
  | { readonly kind: 'answer'; readonly effect: EffectRow; readonly answer: Answer }
  | { readonly kind: 'deadline'; readonly row: DeadlineRow }
  | {
      readonly kind: 'parked';
      readonly row: ParkedRow;
      /** The wait for references is over: decide without them. */
      readonly waited: boolean;
      /** A person throws it away. */
      readonly discard?: boolean;
    }
  /** Offsets of a topic that hold nothing: only the position moves. */
  | { readonly kind: 'skipped'; readonly skipped: Skipped };

/** What brings a message. */
export type MessageArrival = Exclude<Arrival, { kind: 'skipped' }>;
export type FirstArrival = Exclude<MessageArrival, { kind: 'parked' }>;

export function partitionOfArrival(arrival: Arrival): number {
  switch (arrival.kind) {
    case 'record':
      return arrival.record.partition;
    case 'skipped':
      return arrival.skipped.partition;
    case 'request':
    case 'deadline':
    case 'parked':
      return arrival.row.partition;
    case 'answer':
      return arrival.effect.partition;
  }
}

/** What an arrival is about, for parking; `''` where that cannot be read, or could not be kept as a text. */
export function subjectOf(arrival: FirstArrival): string {
  const subject = toldSubject(arrival);
  return subject.includes('\0') || subject.length > subjectCharsMax ? '' : subject;
}

/** Ids are far shorter; a longer one would not fit the index of the event table. */
const subjectCharsMax = 500;

function toldSubject(arrival: FirstArrival): string {
  switch (arrival.kind) {
    case 'record':
      return arrival.record.headers['ce_subject'] ?? '';
    case 'request':
      return arrival.row.subject;
    case 'deadline':
      return arrival.row.part === '' ? arrival.row.stream : arrival.row.part;
    case 'answer':
      return arrival.effect.subject;
  }
}

/** The trace that an arrival belongs to, for the lines that are written about it. */
export function traceIdOfArrival(arrival: FirstArrival): string | undefined {
  switch (arrival.kind) {
    case 'record':
      return traceIdOf(arrival.record.headers['traceparent']);
    case 'request':
      return traceIdOf(arrival.row.traceparent);
    case 'answer':
      return traceIdOf(arrival.effect.traceparent);
    case 'deadline':
      return undefined;
  }
}

/** Reads an arrival. Throws `UnreadableRecord` for a record that cannot be understood. */
export function toMessage(arrival: FirstArrival, at: number, partitionsOf: (topic: string) => number): Message {
  switch (arrival.kind) {
    case 'record':
      return ofRecord(arrival.record, at, partitionsOf);
    case 'request':
      return {
        source: 'request',
        key: arrival.row.key,
        partition: arrival.row.partition,
        at,
        envelope: ofRequest(arrival.row),
      };
    case 'answer':
      return {
        source: 'answer',
        key: arrival.effect.key,
        partition: arrival.effect.partition,
        at,
        envelope: ofAnswer(arrival, at),
      };
    case 'deadline':
      return {
        source: 'deadline',
        key: arrival.row.key,
        partition: arrival.row.partition,
        at,
        envelope: ofDeadline(arrival.row, at),
      };
  }
}

function ofRecord(record: LogRecord, at: number, partitionsOf: (topic: string) => number): Message {
  const envelope = record[told] ?? readRecord(record, partitionsOf);
  return { source: 'topic', key: record.key, partition: record.partition, at, envelope };
}

function readRecord(record: LogRecord, partitionsOf: (topic: string) => number): Envelope {
  const envelope = fromHeaders(record.headers);
  if (partitionOf(record.key, partitionsOf(record.topic)) !== record.partition) {
    throw new WrongPartition(`key ${record.key} does not belong to partition ${record.partition} of ${record.topic}`);
  }
  const published = publication(envelope.type);
  if (published === undefined || published.topic.name !== record.topic) {
    throw new UnreadableRecord('unknown_type', `${envelope.type} is not an event of ${record.topic}`);
  }
  if (published.definition.version !== envelope.version) {
    throw new UnreadableRecord(
      'unsupported_version',
      `${envelope.type} ${envelope.version} is not known here, only ${published.definition.version}`,
    );
  }
  return { ...envelope, data: payload(record, published.definition.data) };
}

/**
 * Whether a record is one of those its topic is there for, as far as that can be told without its value: one that is not
 * has to be shown to somebody, whatever it says.
 */
export function isKnownEvent({ topic, headers }: Pick<LogRecord, 'topic' | 'headers'>): boolean {
  const published = publication(headers['ce_type'] ?? '');
  return published?.topic.name === topic && Number(headers['ce_dataversion'] ?? 1) === published.definition.version;
}

type PayloadSchema = NonNullable<ReturnType<typeof publication>>['definition']['data'];

function payload(record: LogRecord, schema: PayloadSchema): unknown {
  if (record.value === null) {
    if (topicNamed(record.topic)?.retentionDays === 'compacted') return null;
    throw new UnreadableRecord('undecodable', 'a tombstone on a topic that is not compacted');
  }
  let json: unknown;
  try {
    json = JSON.parse(record.value);
  } catch (error) {
    throw new UnreadableRecord('undecodable', (error as Error).message);
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new UnreadableRecord(
    'schema_invalid',
    `/${issue?.path.join('/') ?? ''}: ${issue?.message ?? 'does not fit its schema'}`,
  );
}

/** The key belongs to another partition: a foreign producer placed it by a rule of its own. */
export class WrongPartition extends Error {
  override readonly name = 'WrongPartition';
  readonly code = 'wrong_partition';
  readonly retryable = false;
}

const ownEnvelope = { version: 1, source: '', streamVersion: 0, sequence: undefined, timeline: 1 } as const;

function ofRequest(row: RequestRow): Envelope {
  return {
    ...ownEnvelope,
    id: row.requestId,
    type: row.type,
    time: row.acceptedAt,
    subject: row.subject,
    causationId: row.requestId,
    correlationId: row.subject,
    traceparent: row.traceparent,
    data: row.data,
  };
}

function ofAnswer({ effect, answer }: { effect: EffectRow; answer: Answer }, at: number): Envelope {
  const intent = `${effect.stream}/${effect.streamVersion}`;
  return {
    ...ownEnvelope,
    id: `${intent}/answer`,
    type: answer.type,
    time: at,
    subject: effect.subject,
    causationId: intent,
    correlationId: effect.correlationId,
    traceparent: effect.traceparent,
    data: answer.data,
  };
}

function ofDeadline(row: DeadlineRow, at: number): Envelope {
  const subject = row.part === '' ? row.stream : row.part;
  return {
    ...ownEnvelope,
    id: `${row.stream}/${row.part}/deadline/${row.dueAt}`,
    type: 'DeadlineReached',
    time: at,
    subject,
    causationId: `${row.stream}/deadline`,
    correlationId: subject,
    traceparent: undefined,
    data: {},
  };
}
