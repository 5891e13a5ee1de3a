import type { Log } from '../src/runtime/log/log.ts';
import type { ServiceDefinition } from '../src/runtime/service.ts';
import type { Store } from '../src/runtime/store/store.ts';
import type { Database } from './database.ts';
import type { SimulatedProcess } from './process.ts';

/**
 * What a planted bug changes of the world. It is a seam of the simulation alone: no code of the product knows of it, and
 * without a planted bug nothing is altered.
 */
export interface Alterations {
  readonly definitions?: (definitions: readonly ServiceDefinition[]) => readonly ServiceDefinition[];
  /** A service's database as one process sees it. */
  readonly store?: (store: Store, service: string) => Store;
  /** The log as one process sees it. */
  readonly log?: (log: Log, process: SimulatedProcess) => Log;
  /** Parts as the application wires them in. */
  readonly parts?: (parts: Readonly<Record<string, unknown>>) => Readonly<Record<string, unknown>>;
  /** Owners never look for requests that nobody told them of. */
  readonly overlooksRequests?: boolean;
  /** What is kept beside the store. */
  readonly database?: (database: Database) => void;
}
