import { type Cluster, partitions } from './cluster.ts';

const recordsMax = 1_000_000;

/** Has every service read all its topics once more from their beginnings; tells what that has changed. */
export async function replayAll(cluster: Cluster): Promise<readonly string[]> {
  const changes: string[] = [];
  for (const { name, inputs, references } of cluster.definitions) {
    const before = contentsOf(cluster, name);
    for (const host of cluster.hosts(name)) {
      for (const topic of new Set<string>([...inputs, ...references])) {
        const count = cluster.log.topics.find((each) => each.name === topic)?.partitions ?? 0;
        for (let partition = 0; partition < Math.min(count, partitions); partition += 1) {
          const records = await cluster.log.read({ topic, partition, offset: 0 }, recordsMax);
          if (host.loop.owns(partition)) await host.loop.replay(records);
        }
      }
    }
    if (contentsOf(cluster, name) !== before)
      changes.push(`reading everything again has changed what ${name} has stored`);
  }
  return changes;
}

/** Events, documents and open work, as one text. */
function contentsOf(cluster: Cluster, name: string): string {
  const { events, documents, effects, deadlines, parked } = cluster.database(name).store.contents;
  const views = [...documents].map(([view, rows]) => [view, [...rows]]);
  return JSON.stringify([events.length, views, effects, deadlines, parked]);
}
