import { z } from 'zod';
import type { Position } from '../runtime/log/log.ts';
import type { ServiceHost } from '../runtime/service-host.ts';
import { atOwner, definitionNamed, type Installation, OperationRefused } from './installation.ts';

/** Reads a service's inputs again through its running loop. What was applied is dropped; nothing is sent twice. */
export const replayQuery = z.strictObject({
  service: z.string(),
  topic: z.string().optional(),
  from: z.int().min(0).optional(),
  partition: z.int().min(0).optional(),
});

export interface ReplayedPartition {
  readonly topic: string;
  readonly partition: number;
  readonly from: number;
  /** The offset before which everything was read again: where the service itself has come. */
  readonly to: number;
  readonly read: number;
  /** Known already: nothing came of them. */
  readonly dropped: number;
  /** New to the service, or from a producer that keeps no count. */
  readonly applied: number;
}

const pageRecordsMax = 500;

/** One line per partition. Refuses a service that does not run here and a topic it does not read. */
export async function* replay(
  installation: Installation,
  { service, topic, from = 0, partition: only }: z.infer<typeof replayQuery>,
  signal: AbortSignal,
): AsyncGenerator<ReplayedPartition> {
  const { inputs, references } = definitionNamed(installation, service);
  const read = [...new Set<string>([...inputs, ...references])];
  if (topic !== undefined && !read.includes(topic)) {
    throw new OperationRefused('not_found', `${service} does not read "${topic}". It reads: ${read.join(', ')}.`);
  }
  for (const { name, partitions } of installation.log.topics.filter((each) => read.includes(each.name))) {
    if (topic !== undefined && topic !== name) continue;
    for (let partition = 0; partition < partitions && !signal.aborted; partition += 1) {
      if (only !== undefined && only !== partition) continue;
      const asked = { service, partition, operation: 'replay', input: { service, topic: name, from, partition } };
      yield await atOwner(installation, asked, (host) =>
        replayPartition(installation, host, { topic: name, partition, offset: from }),
      );
    }
  }
}

async function replayPartition(
  { log }: Installation,
  { loop }: ServiceHost,
  from: Position,
): Promise<ReplayedPartition> {
  const to = loop.position(from) ?? 0;
  const { first } = await log.bounds(from);
  const counts = { read: 0, dropped: 0 };
  let offset = Math.max(from.offset, first);
  const start = Math.min(offset, to);
  while (offset < to) {
    const page = (await log.read({ ...from, offset }, pageRecordsMax)).filter((record) => record.offset < to);
    if (page.length === 0) break;
    const { read, dropped } = await loop.replay(page);
    counts.read += read;
    counts.dropped += dropped;
    offset = (page.at(-1)?.offset ?? to) + 1;
  }
  const { topic, partition } = from;
  return { topic, partition, from: start, to, ...counts, applied: counts.read - counts.dropped };
}
