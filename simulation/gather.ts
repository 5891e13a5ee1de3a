import type { Contents } from '../src/runtime/store/memory-store.ts';
import type { SandboxLedger } from '../src/services/payment/providers/sandbox-ledger.ts';
import { userById } from '../src/services/user/projection.ts';
import { type Cluster, partitions } from './cluster.ts';
import { bookingsIn, type Evidence } from './invariants/evidence.ts';
import type { Journal } from './journal.ts';
import type { Inboxes } from './outside.ts';
import type { Person } from './venue.ts';
import type { Watcher } from './watcher.ts';

const recordsMax = 1_000_000;

/** Looks at everything, as it is at rest. */
export async function gatherEvidence(options: {
  readonly cluster: Cluster;
  readonly watcher: Watcher;
  readonly ledger: SandboxLedger;
  readonly inboxes: Inboxes;
  readonly journal: Journal;
  readonly people: readonly Person[];
}): Promise<Evidence> {
  const { cluster, watcher, journal, inboxes, people } = options;
  const { definitions } = cluster;
  const stored = new Map<string, Contents>();
  for (const { name } of definitions) stored.set(name, await cluster.database(name).contents());
  const ledger = await options.ledger.moved({ now: Number.MAX_SAFE_INTEGER, limit: recordsMax });
  const records: [string, Awaited<ReturnType<Cluster['log']['read']>>][] = [];
  for (const { name, partitions: count } of cluster.log.topics) {
    for (let partition = 0; partition < count; partition += 1)
      records.push([`${name}/${partition}`, await cluster.log.read({ topic: name, partition, offset: 0 }, recordsMax)]);
  }
  const { received } = inboxes;
  return {
    definitions,
    stored,
    applied: watcher.applied,
    order: watcher.order,
    records: new Map(records),
    unread: await unreadIn(cluster),
    bookings: bookingsIn({ stored, ledger, received }),
    ledger,
    received,
    journal,
    incidents: watcher.incidents,
    people: people.filter(({ userId }) => journal.erasures.has(userId)),
    accounts: await accountsIn(cluster, journal),
    profiles: await profilesIn(cluster, journal),
    forgotten: watcher.forgotten,
  };
}

/** What the user service keeps of those who wanted to be erased. */
async function accountsIn(cluster: Cluster, { erasures }: Journal): Promise<Evidence['accounts']> {
  const database = cluster.database('user');
  const query = async <Found>(text: string, values: readonly unknown[] = []) =>
    (await database.query(text, values)) as readonly Found[];
  const found = await Promise.all([...erasures.keys()].map((userId) => userById({ query }, userId)));
  return found.filter((each) => each !== undefined);
}

/** What others keep of their profiles. */
async function profilesIn(cluster: Cluster, { erasures }: Journal): Promise<Evidence['profiles']> {
  const readers = cluster.definitions.filter(({ references }) => references.includes('user-profiles'));
  const keys = [...erasures.keys()].map((key) => ({ topic: 'user-profiles', key }));
  const found = readers.map(async ({ name }) => {
    const rows = await cluster.database(name).store.loadReferences(keys);
    return rows.map(({ key, data }) => ({ service: name, userId: key, data }));
  });
  return (await Promise.all(found)).flat();
}

async function unreadIn(cluster: Cluster): Promise<readonly string[]> {
  const unread: string[] = [];
  for (const { name, inputs, references } of cluster.definitions) {
    for (const topic of new Set<string>([...inputs, ...references])) {
      const count = cluster.log.topics.find((each) => each.name === topic)?.partitions ?? 0;
      for (let partition = 0; partition < Math.min(count, partitions); partition += 1) {
        const { next } = await cluster.log.bounds({ topic, partition });
        const read = cluster.hosts(name).flatMap(({ loop }) => loop.position({ topic, partition }) ?? []);
        if (!read.includes(next))
          unread.push(`${name} has read ${topic}/${partition} to ${read.join(' and ') || 'nowhere'} of ${next}`);
      }
    }
  }
  return unread;
}
