import { publication } from '../../contracts/topics.ts';
import type { Message } from '../service.ts';
import { type EventRow, privateChannel, type RequestRow } from '../store/store.ts';
import type { StateName } from './streams.ts';
import type { TaskDraft } from './task-drafts.ts';

/** An event larger than this fails before its commit: brokers refuse a megabyte. */
export const eventBytesMax = 900_000;

export interface Fact {
  readonly type: string;
  readonly data: unknown;
}

/** A fact that was decided, as the event it becomes: numbered in its channel, caused by the message. */
export function eventOf(
  fact: Fact,
  from: {
    readonly message: Message;
    readonly name: StateName;
    readonly streamVersion: number;
    readonly draft: TaskDraft;
  },
): EventRow {
  const { message, name, streamVersion, draft } = from;
  return {
    ...numbered(fact.type, draft),
    stream: name.id,
    streamVersion,
    type: fact.type,
    subject: name.part ?? name.id,
    key: message.key,
    time: message.at,
    causationId: message.envelope.id,
    correlationId: message.envelope.correlationId,
    traceparent: message.envelope.traceparent,
    data: fact.data,
    json: toJson(fact),
  };
}

/** A fact that its own transaction had decided already. */
export function ownedEventOf(
  row: RequestRow,
  { draft, at }: { readonly draft: TaskDraft; readonly at: number },
): EventRow {
  return {
    ...numbered(row.type, draft),
    stream: row.stream ?? row.subject,
    streamVersion: row.streamVersion ?? 1,
    type: row.type,
    subject: row.subject,
    key: row.key,
    time: at,
    causationId: row.requestId,
    correlationId: row.subject,
    traceparent: row.traceparent,
    data: row.data,
    json: toJson(row),
  };
}

/** The next number of a fact's channel; a topic of one partition is written by task 0 alone. */
function numbered(type: string, draft: TaskDraft) {
  const published = publication(type);
  const channel = published?.topic.name ?? privateChannel;
  const sequence = (draft.sequences[channel] ?? 0) + 1;
  const { partition, timeline } = draft.row;
  if (published?.topic.partitions === 'one' && partition !== 0) {
    throw new Error(`${type} is published by task 0 alone, not by ${partition}`);
  }
  draft.sequences = { ...draft.sequences, [channel]: sequence };
  return { channel, sequence, partition, timeline, version: published?.definition.version ?? 1 };
}

/** A fact too large to travel. */
export class EventTooLarge extends Error {
  override readonly name = 'EventTooLarge';
  readonly code = 'event_too_large';
  readonly retryable = false;
}

/** Serialised once, for the store and for the log. */
function toJson({ type, data }: Fact): string {
  const json = JSON.stringify(data);
  // Three bytes are the most a UTF-16 unit takes, so most events need no exact count.
  if (json.length > eventBytesMax / 3 && Buffer.byteLength(json) > eventBytesMax) {
    throw new EventTooLarge(`${type} has ${Buffer.byteLength(json)} bytes, more than ${eventBytesMax}`);
  }
  return json;
}
