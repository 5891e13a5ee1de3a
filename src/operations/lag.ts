import type { ServiceName } from '../contracts/topics.ts';
import type { ServiceDefinition } from '../runtime/service.ts';
import { type Installation, OperationRefused } from './installation.ts';

/** How far a service's task has come in one partition of one of its inputs. */
export interface GroupPosition {
  readonly group: string;
  readonly topic: string;
  readonly partition: number;
  /** The offset to read next. */
  readonly position: number;
  /** The offset that the next record will have. */
  readonly end: number;
  readonly lag: number;
}

export const groupPrefix = 'fullhouse-';

/**
 * How far each group has come. Positions are those of the task rows, committed with the results: the group offsets of the
 * log are for other people's tools and are not asked.
 */
export async function groupLag(installation: Installation, group?: string): Promise<readonly GroupPosition[]> {
  const wanted = installation.definitions.filter(
    ({ name }) => group === undefined || `${groupPrefix}${name}` === group || name === group,
  );
  if (wanted.length === 0) {
    const groups = installation.definitions.map(({ name }) => `${groupPrefix}${name}`).join(', ');
    throw new OperationRefused('not_found', `There is no group "${group}". There are: ${groups}.`);
  }
  const positions: GroupPosition[] = [];
  for (const definition of wanted) positions.push(...(await lagOf(installation, definition)));
  return positions;
}

interface TaskPositions {
  readonly partition: number;
  readonly positions: Readonly<Record<string, { readonly offset: number; readonly topicId: string }>>;
}

async function lagOf(
  { log, query }: Installation,
  { name, inputs, references }: ServiceDefinition,
): Promise<readonly GroupPosition[]> {
  const tasks = await query<TaskPositions>(
    name as ServiceName,
    'select partition, positions from tasks order by partition',
  );
  const read = [...new Set<string>([...inputs, ...references])];
  const lags: GroupPosition[] = [];
  for (const topic of log.topics.filter((each) => read.includes(each.name))) {
    for (const { partition, positions } of tasks.filter((task) => task.partition < topic.partitions)) {
      const { first, next: end } = await log.bounds({ topic: topic.name, partition });
      const stored = positions[topic.name];
      // As at a takeover: a position beyond the end is one in a log that lost its last records.
      const isKnown = stored?.topicId === topic.id && stored.offset <= end;
      const position = isKnown ? Math.max(stored.offset, first) : first;
      const lag = end - position;
      lags.push({ group: `${groupPrefix}${name}`, topic: topic.name, partition, position, end, lag });
    }
  }
  return lags;
}
