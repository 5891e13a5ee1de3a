import { type LogRecord, LogUnavailable, type TopicPartition } from '../log.ts';
import { type Batch, batchesIn, type Cursor } from './batches.ts';
import type { FetchedPartition } from './fetch-request.ts';

/** Records as they lie in Kafka: keys, values and headers are UTF-8 text, `null` is a tombstone. */

export interface Decoded {
  readonly records: readonly LogRecord[];
  /** The offset after everything that was read, records or not. */
  readonly next: number;
}

const logAppendTime = 1 << 3;
const transactional = 1 << 4;
const control = 1 << 5;
/** Type of the control record that ends a transaction without its records; it follows the version in its key. */
const abortMarker = 0;
const markerAt = 2;

/**
 * The records from an offset on. Batches start earlier than asked for, and lose records to compaction; markers of
 * transactions and what was aborted are not for consumers (KIP-98). Throws `LogUnavailable` for what cannot be read.
 */
export function decode(
  place: TopicPartition,
  from: number,
  answer: Pick<FetchedPartition, 'aborted' | 'batches'>,
): Decoded {
  try {
    return decodeAll(place, from, answer);
  } catch (cause) {
    const why = (cause as Error).message;
    const where = `${place.topic}/${place.partition} from offset ${from} on`;
    throw new LogUnavailable(`${where} cannot be read: ${why}`, { cause });
  }
}

function decodeAll(
  { topic, partition }: TopicPartition,
  from: number,
  answer: Pick<FetchedPartition, 'aborted' | 'batches'>,
): Decoded {
  const records: LogRecord[] = [];
  const aborted = [...answer.aborted].sort((a, b) => a.firstOffset - b.firstOffset);
  const aborting = new Set<bigint>();
  let next = from;
  for (const batch of batchesIn(answer.batches)) {
    while (aborted[0] !== undefined && aborted[0].firstOffset <= batch.lastOffset)
      aborting.add(aborted.shift()?.producerId ?? -1n);
    next = Math.max(next, batch.lastOffset + 1);
    if ((batch.attributes & control) !== 0) {
      if (markerOf(batch) === abortMarker) aborting.delete(batch.producerId);
      continue;
    }
    if ((batch.attributes & transactional) !== 0 && aborting.has(batch.producerId)) continue;
    append(records, { topic, partition }, { batch, from });
  }
  return { records, next };
}

function append(
  records: LogRecord[],
  { topic, partition }: TopicPartition,
  { batch, from }: { readonly batch: Batch; readonly from: number },
): void {
  const { firstOffset, firstTimestamp, records: cursor } = batch;
  const appendedAt = (batch.attributes & logAppendTime) === 0 ? undefined : batch.maxTimestamp;
  for (let each = 0; each < batch.count; each += 1) {
    const length = cursor.number();
    const end = cursor.at + length;
    cursor.skip(1);
    const timestamp = firstTimestamp + cursor.number();
    const offset = firstOffset + cursor.number();
    if (offset >= from) {
      records.push({
        topic,
        partition,
        offset,
        timestamp: appendedAt ?? timestamp,
        key: cursor.text() ?? '',
        value: cursor.text(),
        headers: headersAt(cursor),
      });
    }
    cursor.at = end;
  }
}

/** The type of a marker, from the key of the only record of its batch. */
function markerOf({ count, records: cursor }: Batch): number | undefined {
  if (count === 0) return undefined;
  cursor.number();
  cursor.skip(1);
  cursor.number();
  cursor.number();
  const length = cursor.number();
  return length < markerAt + 2 ? undefined : cursor.bytes.readInt16BE(cursor.at + markerAt);
}

function headersAt(cursor: Cursor): LogRecord['headers'] {
  const named: Record<string, string> = {};
  const count = cursor.number();
  for (let place = 0; place < count; place += 1) {
    const name = usualText(cursor, names, place);
    const text = usualText(cursor, texts, place);
    if (name !== null) named[name] = text ?? '';
  }
  return named;
}

interface Usual {
  readonly bytes: Buffer;
  readonly text: string;
}

/**
 * The last names and texts of headers by their place: records of ours have the same names in the same places, and many a text
 * of the one before. To see that costs less than to read it anew.
 */
const names: Usual[] = [];
const texts: Usual[] = [];
/** Foreign records may have any number of headers, of any length. */
const usualPlacesMax = 32;
const usualBytesMax = 32;

function usualText(cursor: Cursor, usuals: Usual[], place: number): string | null {
  const before = cursor.at;
  const length = cursor.number();
  if (length > usualBytesMax || length < 0 || place >= usualPlacesMax) {
    cursor.at = before;
    return cursor.text();
  }
  const start = cursor.at;
  cursor.skip(length);
  const usual = usuals[place];
  if (usual !== undefined && isAt(cursor.bytes, start, usual.bytes, length)) return usual.text;
  const text = cursor.bytes.toString('utf8', start, cursor.at);
  // A copy: the bytes are part of all that one answer brought.
  usuals[place] = { bytes: Buffer.from(cursor.bytes.subarray(start, cursor.at)), text };
  return text;
}

/** Sooner done here than by a call of `compare`: they are short. */
function isAt(bytes: Buffer, start: number, other: Buffer, length: number): boolean {
  if (other.length !== length) return false;
  for (let at = 0; at < length; at += 1) if (bytes[start + at] !== other[at]) return false;
  return true;
}
