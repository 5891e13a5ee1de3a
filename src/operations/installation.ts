import pg from 'pg';
import type { ServiceName } from '../contracts/topics.ts';
import type { Log } from '../runtime/log/log.ts';
import type { ServiceDefinition } from '../runtime/service.ts';
import type { ServiceHost } from '../runtime/service-host.ts';
import { createPool, storeErrorOf, survive } from '../runtime/store/postgres/connection.ts';
import type { ProviderBooks } from './provider-books.ts';

/**
 * What an operator's question may look at: every database and the log, whether the services run or not; and the running
 * services themselves for what needs them.
 */
export type DatabaseName = ServiceName | 'sandbox_provider';

export interface Installation {
  readonly definitions: readonly ServiceDefinition[];
  readonly log: Log;
  /** The services that run in this process; none where only the data directory was opened. */
  readonly hosts: readonly ServiceHost[];
  query<Row>(database: DatabaseName, text: string, values?: readonly unknown[]): Promise<readonly Row[]>;
  /** A connection for what needs one of its own; whoever opens it ends it. */
  connect(database: DatabaseName, applicationName: string): Promise<pg.Client>;
  /** The payment provider's books, where they are not in the database `sandbox_provider`. */
  readonly books?: ProviderBooks | undefined;
  /** Asks owners of tasks that are not in this process; absent where all of them are here, or none runs. */
  readonly elsewhere?: Elsewhere | undefined;
  /** Nothing runs: what has become due meanwhile is done at the next start. */
  readonly isStopped?: boolean;
  /** For what needs a store of its own. */
  urlOf(database: DatabaseName): string;
  close(): Promise<void>;
}

/** Asks the owner of a task, in whatever process it runs. */
export interface Elsewhere {
  /** Refuses where nobody takes it within some seconds, and as the owner refuses. */
  ask(service: ServiceName, asked: AskedElsewhere): Promise<unknown>;
  close(): Promise<void>;
}

export interface AskedElsewhere {
  readonly partition: number;
  readonly operation: string;
  readonly input: unknown;
}

/** Questions come one at a time, so one connection per database is enough; a second one serves who follows along. */
const connectionsMax = 2;
const connectMs = 5_000;

/** An operator's answer that is no: a sentence that says what to do instead. */
export class OperationRefused extends Error {
  override readonly name = 'OperationRefused';
  readonly code: 'not_found' | 'conflict';
  readonly retryable = false;
  constructor(code: 'not_found' | 'conflict', message: string) {
    super(message);
    this.code = code;
  }
}

export interface InstallationOptions {
  readonly definitions: readonly ServiceDefinition[];
  readonly log: Log;
  readonly hosts?: readonly ServiceHost[];
  readonly urlOf: (database: string) => string;
  /** How a database is called where it does not answer. */
  readonly named?: (database: string) => string;
  readonly elsewhere?: Elsewhere | undefined;
  readonly books?: ProviderBooks | undefined;
}

/** Where nobody has chosen the variables that databases are named by. */
export const namedByOwner = (database: string): string => `the database of ${database}`;

/** Opens an installation for questions; connections are made at the first one. */
export function openInstallation(options: InstallationOptions): Installation {
  const { definitions, log, hosts = [], urlOf, named = namedByOwner, elsewhere, books } = options;
  const pools = new Map<DatabaseName, pg.Pool>();
  const poolOf = (database: DatabaseName): pg.Pool => {
    const known = pools.get(database);
    if (known !== undefined) return known;
    const pool = createPool({
      ...{ url: urlOf(database), applicationName: 'fullhouse-operations', connectionsMax },
      finds: 'inOrder',
    });
    pools.set(database, pool);
    return pool;
  };
  return {
    definitions,
    log,
    hosts,
    elsewhere,
    books,
    urlOf,
    async query<Row>(database: DatabaseName, text: string, values: readonly unknown[] = []) {
      const pool = poolOf(database);
      try {
        return (await pool.query(text, [...values])).rows as Row[];
      } catch (error) {
        throw storeErrorOf(named(database), error);
      }
    },
    async connect(database, applicationName) {
      const client = new pg.Client({
        connectionString: urlOf(database),
        application_name: applicationName,
        connectionTimeoutMillis: connectMs,
      });
      survive(client);
      await client.connect().catch((error: unknown) => {
        throw storeErrorOf(named(database), error);
      });
      return client;
    },
    async close() {
      await Promise.all([...pools.values()].map((pool) => pool.end()));
      await elsewhere?.close();
    },
  };
}

/** The definition of a service by a name that came from outside; refuses with the names there are. */
export function definitionNamed({ definitions }: Installation, name: string): ServiceDefinition {
  const found = definitions.find((each) => each.name === name);
  if (found !== undefined) return found;
  const names = definitions.map((each) => each.name).join(', ');
  throw new OperationRefused('not_found', `There is no service "${name}". There are: ${names}.`);
}

/** A running service by its name; refuses where it does not run in this process. */
export function runningHost(installation: Installation, name: string): ServiceHost {
  definitionNamed(installation, name);
  const host = installation.hosts.find((each) => each.definition.name === name);
  if (host !== undefined) return host;
  throw new OperationRefused('conflict', `The service ${name} does not run here. Start it first: fullhouse up`);
}

/**
 * The running service that owns a task, or, where another process has it, what to ask there. Refuses where neither is to
 * be found.
 */
export async function atOwner<Result>(
  installation: Installation,
  asked: AskedElsewhere & { readonly service: string },
  here: (host: ServiceHost) => Promise<Result>,
): Promise<Result> {
  const { service, ...elsewhere } = asked;
  definitionNamed(installation, service);
  const host = installation.hosts.find((each) => each.definition.name === service);
  if (host?.loop.owns(asked.partition) === true) return here(host);
  if (installation.elsewhere !== undefined)
    return (await installation.elsewhere.ask(service as ServiceName, elsewhere)) as Result;
  runningHost(installation, service);
  throw new OperationRefused('not_found', `Task ${asked.partition} of ${service} is not owned by this instance.`);
}
