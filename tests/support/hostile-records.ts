import { readdirSync, readFileSync } from 'node:fs';
import { newId } from '../../src/contracts/ids.ts';
import { topicNamed, topicNames } from '../../src/contracts/topics.ts';
import type { OutgoingRecord } from '../../src/runtime/log/log.ts';
import { partitionOf } from '../../src/runtime/log/partitioner.ts';

/** Records that nobody of ours would write, as they may come from a topic that others can write to. */

interface Sample {
  readonly topic: string;
  readonly key: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly value: Readonly<Record<string, unknown>>;
}

const folder = new URL('../../src/contracts/samples/', import.meta.url);

/** One good record of every event there is. */
export const samples: readonly Sample[] = readdirSync(folder).map(
  (file) => JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as Sample,
);

/** A foreign producer's record: only what it must have, no count. */
export function foreign(
  topic: string,
  {
    key,
    partitions,
    ...more
  }: {
    readonly key: string;
    readonly partitions: number;
    readonly type: string;
    readonly subject: string;
    readonly value: unknown;
    readonly headers?: Readonly<Record<string, string>>;
  },
): OutgoingRecord {
  const headers = {
    ...{ ce_specversion: '1.0', ce_id: newId('message'), ce_source: 'https://partner.example/tickets' },
    ...{ ce_type: more.type, ce_subject: more.subject, ...more.headers },
  };
  const value = typeof more.value === 'string' || more.value === null ? more.value : JSON.stringify(more.value);
  return { topic, partition: partitionOf(key, partitions), key, headers, value };
}

/** A way to be wrong: what is done to a good record, and why it is then parked; no reason where it is passed over. */
export interface Fault {
  readonly name: string;
  readonly reason: string | undefined;
  readonly break: (record: OutgoingRecord, partitions: number) => OutgoingRecord;
}

const withHeaders = (headers: Readonly<Record<string, string>>) => (record: OutgoingRecord) => ({
  ...record,
  headers: { ...record.headers, ...headers },
});
const withValue = (value: string | null) => (record: OutgoingRecord) => ({ ...record, value });
const without = (name: string) => (record: OutgoingRecord) => ({
  ...record,
  headers: Object.fromEntries(Object.entries(record.headers).filter(([each]) => each !== name)),
});
const many = Object.fromEntries(Array.from({ length: 100 }, (_, at) => [`x-${at}`, 'x'.repeat(100)]));
const badEnvelope = { reason: 'bad_envelope' } as const;

export const faults: readonly Fault[] = [
  { name: 'no JSON', reason: 'undecodable', break: withValue('{"bookingId":') },
  { name: 'an empty value', reason: 'undecodable', break: withValue('') },
  { name: 'a tombstone', reason: 'undecodable', break: withValue(null) },
  { name: 'an array', reason: 'schema_invalid', break: withValue('[]') },
  { name: 'null in JSON', reason: 'schema_invalid', break: withValue('null') },
  { name: 'nothing that it must have', reason: 'schema_invalid', break: withValue('{}') },
  { name: 'deep nesting', reason: 'schema_invalid', break: withValue('['.repeat(10_000) + ']'.repeat(10_000)) },
  { name: 'an unknown type', reason: 'unknown_type', break: withHeaders({ ce_type: 'SomethingElse' }) },
  { name: 'the name of every object', reason: 'unknown_type', break: withHeaders({ ce_type: 'constructor' }) },
  { name: 'a version to come', reason: 'unsupported_version', break: withHeaders({ ce_dataversion: '2' }) },
  { name: 'a version that is none', ...badEnvelope, break: withHeaders({ ce_dataversion: 'one' }) },
  { name: 'no type', ...badEnvelope, break: without('ce_type') },
  { name: 'no id', ...badEnvelope, break: without('ce_id') },
  { name: 'no source', ...badEnvelope, break: without('ce_source') },
  { name: 'no subject', ...badEnvelope, break: without('ce_subject') },
  {
    name: 'no headers',
    ...badEnvelope,
    break: (record) => ({ ...record, headers: { 'x-fault': record.headers['x-fault'] ?? '' } }),
  },
  { name: 'a time that is none', ...badEnvelope, break: withHeaders({ ce_time: 'yesterday' }) },
  { name: 'a sequence that is none', ...badEnvelope, break: withHeaders({ ce_sequence: 'first' }) },
  { name: 'a sequence below zero', ...badEnvelope, break: withHeaders({ ce_sequence: '-1' }) },
  { name: 'a timeline below zero', ...badEnvelope, break: withHeaders({ ce_sequence: '1', ce_timeline: '-1' }) },
  { name: 'a timeline that is none', ...badEnvelope, break: withHeaders({ ce_sequence: '9', ce_timeline: 'x' }) },
  {
    name: 'a hundred headers and no JSON',
    reason: 'undecodable',
    break: (record) => withHeaders(many)(withValue('?')(record)),
  },
  {
    name: 'another partition',
    reason: 'wrong_partition',
    break: (record, partitions) => ({ ...record, partition: (record.partition + 1) % partitions }),
  },
  {
    name: "a count from far beyond, in the owner's name, and no JSON",
    reason: undefined,
    break: (record) =>
      withHeaders({
        ce_source: `/fullhouse/${topicNamed(record.topic)?.owner}`,
        ce_sequence: String(Number.MAX_SAFE_INTEGER),
      })(withValue('?')(record)),
  },
];

/** Faults that a topic can show: on a compacted one a tombstone is good, counts are kept per key, and one partition is no other. */
export function faultsOf(topic: string, partitions: number): readonly Fault[] {
  const compacted = topicNamed(topic)?.retentionDays === 'compacted';
  return faults.filter(
    ({ name, reason }) =>
      !(compacted && (name === 'a tombstone' || reason === undefined)) &&
      !(partitions === 1 && reason === 'wrong_partition'),
  );
}

export const streamingTopics = topicNames.filter((name) => topicNamed(name)?.retentionDays !== 'compacted');
