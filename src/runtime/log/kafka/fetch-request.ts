import { createAPI, fetchV17, type Reader, ResponseError } from '@platformatic/kafka';

/**
 * Asks a broker for what partitions hold from an offset on. The client's own request; of the answer, batches are left as the
 * bytes they came as, since whoever reads them makes of them what it needs.
 */
export interface FetchAnswer {
  readonly errorCode: number;
  readonly sessionId: number;
  readonly topics: readonly {
    readonly topicId: string;
    readonly partitions: readonly FetchedPartition[];
  }[];
}

export interface FetchedPartition {
  readonly partition: number;
  readonly errorCode: number;
  readonly lastStableOffset: number;
  readonly aborted: readonly Aborted[];
  /** Record batches, the last of them perhaps cut off. */
  readonly batches: Buffer;
}

/** A transaction that came to nothing. */
export interface Aborted {
  readonly producerId: bigint;
  readonly firstOffset: number;
}

const nothing = Buffer.alloc(0);

function parseResponse(_: number, apiKey: number, apiVersion: number, reader: Reader): FetchAnswer {
  reader.readInt32(); // For how long this client was held back.
  const errorCode = reader.readInt16();
  const sessionId = reader.readInt32();
  const topics = reader.readArray((each) => ({ topicId: each.readUUID(), partitions: each.readArray(partitionOf) }));
  reader.readTaggedFields();
  const answer = { errorCode, sessionId, topics };
  if (errorCode !== 0) throw new ResponseError(apiKey, apiVersion, { '': [errorCode, null] }, answer);
  return answer;
}

function partitionOf(reader: Reader): FetchedPartition {
  const partition = reader.readInt32();
  const errorCode = reader.readInt16();
  reader.readInt64(); // The high watermark.
  const lastStableOffset = Number(reader.readInt64());
  reader.readInt64(); // The first offset.
  const aborted = reader.readNullableArray((each) => ({
    producerId: each.readInt64(),
    firstOffset: Number(each.readInt64()),
  }));
  reader.readInt32(); // The replica that would rather be read.
  const batches = reader.readNullableBytes();
  return { partition, errorCode, lastStableOffset, aborted: aborted ?? [], batches: batches ?? nothing };
}

export const fetch = createAPI<Parameters<typeof fetchV17.createRequest>, FetchAnswer>(
  fetchV17.api.key,
  fetchV17.api.version,
  fetchV17.createRequest,
  parseResponse,
);
