import { createAPI, produceV11, Writer } from '@platformatic/kafka';

/** Asks a broker to append batches that are encoded already, and to answer when all replicas in sync have them. */
export interface Produced {
  readonly topic: string;
  readonly partition: number;
  readonly batch: Buffer;
}

const allReplicas = -1;

function createRequest(timeoutMs: number, batches: readonly Produced[]): Writer {
  return Writer.create()
    .appendString(null)
    .appendInt16(allReplicas)
    .appendInt32(timeoutMs)
    .appendArray([...Map.groupBy(batches, ({ topic }) => topic)], (writer, [topic, partitions]) => {
      writer.appendString(topic).appendArray([...partitions], (each, { partition, batch }) => {
        each
          .appendInt32(partition)
          .appendUnsignedVarInt(batch.length + 1)
          .append(batch);
      });
    })
    .appendTaggedFields();
}

export const produce = createAPI<[timeoutMs: number, batches: readonly Produced[]], produceV11.ProduceResponse>(
  produceV11.api.key,
  produceV11.api.version,
  createRequest,
  produceV11.parseResponse,
);
