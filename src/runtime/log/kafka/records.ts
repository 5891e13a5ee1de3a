import type { fetchV17, RecordsBatch } from '@platformatic/kafka';
import type { LogRecord, TopicPartition } from '../log.ts';

/** Records as they lie in Kafka: keys, values and headers are UTF-8 text, `null` is a tombstone. */

export interface Decoded {
  readonly records: readonly LogRecord[];
  /** The offset after everything that was read, records or not. */
  readonly next: number;
}

const logAppendTime = 1 << 3;
const transactional = 1 << 4;
const control = 1 << 5;
/** Type of the control record that ends a transaction without its records. */
const abortMarker = 0;

/**
 * The records from an offset on. Batches start earlier than asked for, and lose records to compaction; markers of
 * transactions and what was aborted are not for consumers (KIP-98).
 */
export function decode(
  { topic, partition }: TopicPartition,
  from: number,
  answer: fetchV17.FetchResponsePartition,
): Decoded {
  const records: LogRecord[] = [];
  const aborted = [...(answer.abortedTransactions ?? [])].sort((a, b) => Number(a.firstOffset - b.firstOffset));
  const aborting = new Set<bigint>();
  let next = from;
  for (const batch of answer.records ?? []) {
    const first = Number(batch.firstOffset);
    const last = first + batch.lastOffsetDelta;
    while (aborted[0] !== undefined && Number(aborted[0].firstOffset) <= last)
      aborting.add(aborted.shift()?.producerId ?? -1n);
    next = Math.max(next, last + 1);
    if ((batch.attributes & control) !== 0) {
      if (batch.records[0]?.key?.readInt16BE(2) === abortMarker) aborting.delete(batch.producerId);
      continue;
    }
    if ((batch.attributes & transactional) !== 0 && aborting.has(batch.producerId)) continue;
    append(records, { topic, partition }, { batch, first, from });
  }
  return { records, next };
}

function append(
  records: LogRecord[],
  { topic, partition }: TopicPartition,
  { batch, first, from }: { readonly batch: RecordsBatch; readonly first: number; readonly from: number },
): void {
  const firstTimestamp = Number(batch.firstTimestamp);
  const appendedAt = (batch.attributes & logAppendTime) === 0 ? undefined : Number(batch.maxTimestamp);
  for (const { offsetDelta, timestampDelta, key, value, headers } of batch.records) {
    const offset = first + offsetDelta;
    if (offset < from) continue;
    records.push({
      topic,
      partition,
      offset,
      timestamp: appendedAt ?? firstTimestamp + Number(timestampDelta),
      key: key?.toString() ?? '',
      headers: headersOf(headers),
      value: value?.toString() ?? null,
    });
  }
}

/** Names of headers by their place: records of ours have all the same in the same places. */
const usualNames: { readonly bytes: Buffer; readonly text: string }[] = [];
/** Foreign records may have any number of them. */
const usualNamesMax = 32;

function headersOf(headers: RecordsBatch['records'][number]['headers']): LogRecord['headers'] {
  const named: Record<string, string> = {};
  let at = 0;
  for (const [name, text] of headers) {
    if (name !== null) named[nameAt(at, name)] = text?.toString() ?? '';
    at += 1;
  }
  return named;
}

function nameAt(at: number, bytes: Buffer): string {
  const usual = usualNames[at];
  if (usual !== undefined && isEqual(usual.bytes, bytes)) return usual.text;
  const text = bytes.toString();
  // A copy: the bytes are part of all that one answer brought.
  if (at < usualNamesMax) usualNames[at] = { bytes: Buffer.from(bytes), text };
  return text;
}

/** Sooner done here than by a call of `equals`: names are short. */
function isEqual(one: Buffer, other: Buffer): boolean {
  if (one.length !== other.length) return false;
  for (let at = 0; at < one.length; at += 1) if (one[at] !== other[at]) return false;
  return true;
}
