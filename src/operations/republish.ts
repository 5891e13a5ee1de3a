import { z } from 'zod';
import { topicNamed } from '../contracts/topics.ts';
import type { ServiceHost } from '../runtime/service-host.ts';
import { atOwner, type Installation, OperationRefused } from './installation.ts';

/** Repeats a service's stored events from a sequence on: how a gap that a consumer reports is healed. */
export const republishQuery = z.strictObject({
  service: z.string(),
  topic: z.string(),
  partition: z.int().min(0),
  from: z.int().min(1),
});

export interface Republished {
  readonly topic: string;
  readonly partition: number;
  /** Events appended so far, and the sequence of the last one. */
  readonly events: number;
  readonly last: number;
}

const eventsPerAppend = 1_000;

/**
 * Appends the events again and goes on until the last one there is: on a compacted topic the newest value of a key must
 * come last, also when the service has published one meanwhile. One line per append. Consumers drop what they know.
 */
export async function* republish(
  installation: Installation,
  query: z.infer<typeof republishQuery>,
  signal: AbortSignal,
): AsyncGenerator<Republished> {
  const { service, topic, partition } = query;
  const owner = topicNamed(topic)?.owner;
  if (owner !== service) {
    const says = owner === undefined ? `There is no topic "${topic}".` : `${topic} is written by ${owner}.`;
    throw new OperationRefused('not_found', says);
  }
  const asked = { service, partition, operation: 'republish', input: query };
  yield* await atOwner<AsyncIterable<Republished> | readonly Republished[]>(installation, asked, async (host) =>
    republishFrom(host, query, signal),
  );
}

async function* republishFrom(
  host: ServiceHost,
  { topic, partition, from }: z.infer<typeof republishQuery>,
  signal: AbortSignal,
): AsyncGenerator<Republished> {
  let republished: Republished = { topic, partition, events: 0, last: from - 1 };
  for (;;) {
    const rows = await host.store.readEvents({
      channel: topic,
      partition,
      sequence: republished.last + 1,
      eventsMax: eventsPerAppend,
    });
    if (rows.length === 0 || signal.aborted) break;
    await host.loop.republish(rows);
    republished = {
      topic,
      partition,
      events: republished.events + rows.length,
      last: rows.at(-1)?.sequence ?? republished.last,
    };
    yield republished;
  }
  if (republished.events === 0) yield republished;
}
