import { compressionsAlgorithmsByBitmask } from '@platformatic/kafka';

/**
 * Record batches as they lie in Kafka: version 2 of its format. The head of each is read here, its records one by one by whoever
 * goes through them, straight from the bytes.
 */
export interface Batch {
  readonly firstOffset: number;
  readonly lastOffset: number;
  readonly attributes: number;
  readonly producerId: bigint;
  readonly firstTimestamp: number;
  readonly maxTimestamp: number;
  readonly count: number;
  readonly records: Cursor;
}

/** The first offset, and the length of what follows. */
const lengthAt = 8;
const lengthEnd = 12;
const magicAt = 16;
const headBytes = 61;
const magic = 2;
/** How its records are compressed. */
const codecBits = 0b111;

/** Batches in the bytes of an answer, without one that is cut off at their end. */
export function* batchesIn(bytes: Buffer): Generator<Batch> {
  let at = 0;
  while (bytes.length - at >= headBytes) {
    const end = at + lengthEnd + bytes.readInt32BE(at + lengthAt);
    if (end > bytes.length) return;
    yield batchOf(bytes.subarray(at, end));
    at = end;
  }
}

function batchOf(bytes: Buffer): Batch {
  const version = bytes.readInt8(magicAt);
  if (version !== magic) throw new Error(`record batches of version ${version} are not read, only of version ${magic}`);
  const firstOffset = Number(bytes.readBigInt64BE(0));
  const attributes = bytes.readInt16BE(21);
  return {
    firstOffset,
    lastOffset: firstOffset + bytes.readInt32BE(23),
    attributes,
    firstTimestamp: Number(bytes.readBigInt64BE(27)),
    maxTimestamp: Number(bytes.readBigInt64BE(35)),
    producerId: bytes.readBigInt64BE(43),
    count: bytes.readInt32BE(57),
    records: new Cursor(unpacked(bytes.subarray(headBytes), attributes & codecBits)),
  };
}

function unpacked(bytes: Buffer, codec: number): Buffer {
  if (codec === 0) return bytes;
  const algorithm = compressionsAlgorithmsByBitmask[codec];
  if (algorithm === undefined) throw new Error(`records are compressed by a codec that is not known: ${codec}`);
  return algorithm.decompressSync(bytes);
}

/** A place in the records of a batch, going on with what is read. */
export class Cursor {
  readonly bytes: Buffer;
  at = 0;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  /** A zigzag variable-length number; exact up to 2^53. */
  number(): number {
    const { bytes } = this;
    let byte = bytes[this.at++] ?? ended();
    let value = byte & 127;
    for (let factor = 128; byte > 127; factor *= 128) {
      byte = bytes[this.at++] ?? ended();
      value += (byte & 127) * factor;
    }
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  /** A length and so many bytes of UTF-8 text; `null` where there is none. */
  text(): string | null {
    const length = this.number();
    if (length < 0) return null;
    const text = this.bytes.toString('utf8', this.at, this.at + length);
    this.skip(length);
    return text;
  }

  skip(length: number): void {
    this.at += length;
    if (this.at > this.bytes.length) ended();
  }
}

function ended(): never {
  throw new Error('a record ends before it is complete');
}
