import type { LogRecord } from '../src/runtime/log/log.ts';
import { ReplayAbandoned } from '../src/runtime/task/replays.ts';
import type { TaskLoop } from '../src/runtime/task.ts';
import { type Cluster, partitions } from './cluster.ts';
import { sleep } from './process.ts';

const recordsMax = 1_000_000;
const triesMax = 3;
/** A task that was given up is claimed again within this. */
const claimedAgainMs = 15_000;

/** Has every service read all its topics once more from their beginnings; tells what that has changed. */
export async function replayAll(cluster: Cluster): Promise<readonly string[]> {
  const changes: string[] = [];
  for (const { name, inputs, references } of cluster.definitions) {
    const before = await contentsOf(cluster, name);
    for (const host of cluster.hosts(name)) {
      for (const topic of new Set<string>([...inputs, ...references])) {
        const count = cluster.log.topics.find((each) => each.name === topic)?.partitions ?? 0;
        for (let partition = 0; partition < Math.min(count, partitions); partition += 1) {
          const records = await cluster.log.read({ topic, partition, offset: 0 }, recordsMax);
          if (host.loop.owns(partition)) await replayOne(host.loop, records);
        }
      }
    }
    if ((await contentsOf(cluster, name)) !== before)
      changes.push(`reading everything again has changed what ${name} has stored`);
  }
  return changes;
}

/**
 * An owner that had nothing to commit may not know yet that a former one took its task and has gone since: it notices now,
 * claims the task again, and is asked again.
 */
async function replayOne(loop: TaskLoop, records: readonly LogRecord[]): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      await loop.replay(records);
      return;
    } catch (error) {
      if (!(error instanceof ReplayAbandoned) || tries === triesMax) throw error;
      await sleep(claimedAgainMs);
    }
  }
}

/** Events, documents and open work, as one text. */
async function contentsOf(cluster: Cluster, name: string): Promise<string> {
  const { events, documents, effects, deadlines, parked } = await cluster.database(name).contents();
  const views = [...documents].map(([view, rows]) => [view, [...rows]]);
  return JSON.stringify([events.length, views, effects, deadlines, parked]);
}
