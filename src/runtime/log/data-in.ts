import type { DataOf, EventDefinition } from '../../contracts/event.ts';
import { type LogRecord, told } from './log.ts';

/**
 * What a record of a known kind says, for those who follow a topic outside the groups; `undefined` for one that says
 * nothing or cannot be read: it is parked by the services that decide on it.
 */
export function dataIn<Definition extends EventDefinition>(
  record: LogRecord,
  definition: Definition,
): DataOf<Definition> | undefined {
  if (record.value === null) return undefined;
  if (record[told] !== undefined) return record[told].data as DataOf<Definition>;
  try {
    return definition.data.safeParse(JSON.parse(record.value)).data as DataOf<Definition> | undefined;
  } catch {
    return undefined;
  }
}
