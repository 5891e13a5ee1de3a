import { crc32c } from '@platformatic/kafka';
import type { OutgoingRecord } from '../log.ts';

/**
 * Records as they are sent: version 2 of Kafka's record batches, UTF-8 text, `null` for a tombstone. Written into one
 * buffer each, since half of what a busy service computes would else be the joining of small ones.
 */
export interface EncodedRecord {
  readonly topic: string;
  readonly partition: number;
  readonly key: string;
  /** Key, value and headers; what comes before them depends on the record's place in its batch. */
  readonly body: Buffer;
  /** What it takes of a batch, at the most. */
  readonly bytes: number;
}

/** Length, attributes, time and place of a record, and a length in it, at the most. */
const recordHeadBytesMax = 12;
const lengthBytesMax = 5;
/** The few header names there are, each with its length before it. */
const headerNames = new Map<string, Buffer>();
const headerNamesMax = 256;

export function encode({ topic, partition, key, headers, value }: OutgoingRecord): EncodedRecord {
  const keyBytes = Buffer.byteLength(key);
  const valueBytes = value === null ? -1 : Buffer.byteLength(value);
  const named = Object.entries(headers).map(
    ([name, text]) => [headerName(name), text, Buffer.byteLength(text)] as const,
  );
  let most = 3 * lengthBytesMax + keyBytes + Math.max(valueBytes, 0);
  for (const [name, , bytes] of named) most += name.length + lengthBytesMax + bytes;
  const body = Buffer.allocUnsafe(most);
  let at = writeLength(body, 0, keyBytes);
  at += body.write(key, at);
  at = writeLength(body, at, valueBytes);
  if (value !== null) at += body.write(value, at);
  at = writeLength(body, at, named.length);
  for (const [name, text, bytes] of named) {
    at += name.copy(body, at);
    at = writeLength(body, at, bytes);
    at += body.write(text, at);
  }
  return { topic, partition, key, body: body.subarray(0, at), bytes: recordHeadBytesMax + at };
}

function headerName(name: string): Buffer {
  const known = headerNames.get(name);
  if (known !== undefined) return known;
  const bytes = Buffer.byteLength(name);
  const named = Buffer.allocUnsafe(lengthBytesMax + bytes);
  const at = writeLength(named, 0, bytes);
  const written = named.subarray(0, at + named.write(name, at));
  if (headerNames.size < headerNamesMax) headerNames.set(name, written);
  return written;
}

/** A zigzag variable-length number; -1 is the length of what is not there. */
function writeLength(buffer: Buffer, start: number, length: number): number {
  let rest = length < 0 ? 1 : 2 * length;
  let at = start;
  while (rest > 127) {
    buffer[at++] = (rest & 127) | 128;
    rest >>>= 7;
  }
  buffer[at++] = rest;
  return at;
}

function lengthOf(length: number): number {
  let bytes = 1;
  for (let rest = 2 * length; rest > 127; rest >>>= 7) bytes += 1;
  return bytes;
}

const batchHeadBytes = 61;
const magic = 2;
/** Where the batch's length, and what its checksum covers, begin to count. */
const lengthFrom = 12;
const checksumFrom = 21;

export interface BatchIdentity {
  readonly producerId: bigint;
  readonly producerEpoch: number;
  /** Of the first record. */
  readonly sequence: number;
  /** Milliseconds since 1970, of all its records. */
  readonly timestamp: number;
}

export function encodeBatch(records: readonly EncodedRecord[], identity: BatchIdentity): Buffer {
  let most = batchHeadBytes;
  for (const { bytes } of records) most += bytes;
  const batch = Buffer.allocUnsafe(most);
  let at = batchHeadBytes;
  for (const [index, { body }] of records.entries()) {
    at = writeLength(batch, at, 2 + lengthOf(index) + body.length);
    // No attributes, and the batch's own time.
    batch[at++] = 0;
    batch[at++] = 0;
    at = writeLength(batch, at, index);
    at += body.copy(batch, at);
  }
  batch.writeBigInt64BE(0n, 0);
  batch.writeInt32BE(at - lengthFrom, 8);
  batch.writeInt32BE(-1, 12);
  batch.writeInt8(magic, 16);
  batch.writeInt16BE(0, 21);
  batch.writeInt32BE(records.length - 1, 23);
  batch.writeBigInt64BE(BigInt(identity.timestamp), 27);
  batch.writeBigInt64BE(BigInt(identity.timestamp), 35);
  batch.writeBigInt64BE(identity.producerId, 43);
  batch.writeInt16BE(identity.producerEpoch, 51);
  batch.writeInt32BE(identity.sequence, 53);
  batch.writeInt32BE(records.length, 57);
  batch.writeUInt32BE(crc32c(batch.subarray(checksumFrom, at)), 17);
  return batch.subarray(0, at);
}
