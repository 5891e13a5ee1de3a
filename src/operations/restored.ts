import { z } from 'zod';
import { type ServiceName, topicNamed } from '../contracts/topics.ts';
import { type Recalled, recall } from '../runtime/recall/recall.ts';
import { toldEvents } from '../runtime/recall/told-events.ts';
import type { ServiceDefinition } from '../runtime/service.ts';
import { PostgresStore } from '../runtime/store/postgres/postgres-store.ts';
import { Fenced, newTask, type TaskRow } from '../runtime/store/store.ts';
import { definitionNamed, type Installation } from './installation.ts';

/**
 * After a service's database was restored from an older backup: brings back what its topics tell, task by task, each in a
 * transaction of its own. Whether the service runs makes no difference: it does not own tasks that lack something. Where it
 * is broken off, it goes on when it is run again.
 */
export const restoredQuery = z.strictObject({ service: z.string() });

/** The service tries refused tasks again now and then, which takes a task out of our hands; in between there is time enough. */
const attemptsMax = 10;

/** One line per task that lacked something. Refuses a name that is no service's. */
export async function* restored(
  installation: Installation,
  { service }: z.infer<typeof restoredQuery>,
  signal: AbortSignal,
): AsyncGenerator<Recalled> {
  const definition = definitionNamed(installation, service);
  const { log, urlOf } = installation;
  const url = urlOf(definition.name);
  const store = new PostgresStore({ url, applicationName: 'fullhouse-restored', views: definition.views ?? [] });
  try {
    const owned = log.topics.filter(({ name }) => topicNamed(name)?.owner === definition.name);
    // From task 0 on: it has what the others refer to.
    for (let partition = 0; partition < Math.max(...owned.map(({ partitions }) => partitions)); partition += 1) {
      if (signal.aborted) return;
      if (!(await lacksSomething(installation, definition, partition))) continue;
      const recalled = await recallTask(installation, { definition, store, partition });
      if (recalled !== undefined) yield recalled;
    }
  } finally {
    await store.close();
  }
}

async function recallTask(
  installation: Installation,
  { definition, store, partition }: { definition: ServiceDefinition; store: PostgresStore; partition: number },
): Promise<Recalled | undefined> {
  for (let attempt = 1; ; attempt += 1) {
    const global = (await storedTask(installation, definition.name, 0)).positions;
    try {
      return await recall({ definition, store, log: installation.log, partition, global });
    } catch (error) {
      if (!(error instanceof Fenced) || attempt === attemptsMax) throw error;
    }
  }
}

/** Looked up without taking the task from whoever owns it, who may be publishing. */
async function lacksSomething(
  installation: Installation,
  definition: ServiceDefinition,
  partition: number,
): Promise<boolean> {
  const told = await toldEvents(
    installation.log,
    definition,
    await storedTask(installation, definition.name, partition),
  );
  if (told.length === 0) return false;
  const { sequences } = await storedTask(installation, definition.name, partition);
  return told.some(({ channel, sequence }) => sequence > (sequences[channel] ?? 0));
}

async function storedTask({ query }: Installation, service: ServiceName, partition: number): Promise<TaskRow> {
  const [row] = await query<TaskRow>(
    service,
    'select partition, epoch, timeline, positions, heads, sequences, published from tasks where partition = $1',
    [partition],
  );
  return row ?? newTask(partition);
}
