import { topicsOf } from '../src/composition/services.ts';
import { serviceNames } from '../src/contracts/topics.ts';
import type { Configuration } from '../src/runtime/configuration.ts';
import { LocalLog } from '../src/runtime/log/local-log.ts';
import { createMemoryRecords } from '../src/runtime/log/memory-records.ts';
import type { Logger } from '../src/runtime/logger.ts';
import type { ServiceDefinition } from '../src/runtime/service.ts';
import { copyRow } from '../src/runtime/store/memory-store.ts';
import type { RequestRow } from '../src/runtime/store/store.ts';
import type { Alterations } from './alterations.ts';
import { Database, type SimulatedDatabase } from './database.ts';
import type { Auditor } from './faulty-store.ts';
import { Groups } from './groups.ts';
import { SimulatedHost } from './host.ts';
import { SimulatedProcess, type Surroundings, sleep } from './process.ts';

/** Partitions of every topic about shows: few, so that shows share some. */
export const partitions = 2;
/** An owner finds a row that nobody told of after so long at the latest. */
const overlookedMs = 20_000;
/** Starts of processes of one service before a run gives up on it: none needs nearly so many. */
const startsMax = 300;

export interface ClusterOptions {
  readonly world: Surroundings;
  readonly definitions: readonly ServiceDefinition[];
  readonly auditor: Auditor;
  readonly configuration: Configuration;
  readonly logger: Logger;
  readonly alterations: Alterations;
  /** Where services keep what they store; in memory, where nothing is said. */
  readonly databaseOf?: ((definition: ServiceDefinition) => SimulatedDatabase) | undefined;
  /** What the application wires in, for each process its own. */
  readonly parts: (process: SimulatedProcess) => Readonly<Record<string, unknown>>;
}

/** One service: its database, and the processes that come and go. */
class Service {
  readonly definition: ServiceDefinition;
  readonly database: SimulatedDatabase;
  readonly hosts = new Set<SimulatedHost>();
  started = 0;
  /** Kept down by so many outages. */
  outages = 0;

  constructor(definition: ServiceDefinition, database: SimulatedDatabase) {
    this.definition = definition;
    this.database = database;
  }
}

function altered(database: Database, { database: alter }: Alterations): Database {
  alter?.(database);
  return database;
}

/** All services with their processes, over one broker: started, killed, restarted and moved about. */
export class Cluster {
  readonly log: LocalLog;
  readonly groups: Groups;
  readonly #options: ClusterOptions;
  readonly #services: ReadonlyMap<string, Service>;
  readonly #notified = new WeakMap<SimulatedHost, Promise<void>>();

  constructor(options: ClusterOptions) {
    this.#options = options;
    this.log = new LocalLog(createMemoryRecords(topicsOf(partitions)));
    this.groups = new Groups(this.log.topics);
    const databaseOf = options.databaseOf ?? (() => altered(new Database(partitions), options.alterations));
    this.#services = new Map(
      options.definitions.map((definition) => [definition.name, new Service(definition, databaseOf(definition))]),
    );
  }

  get definitions(): readonly ServiceDefinition[] {
    return this.#options.definitions;
  }

  database(service: string): SimulatedDatabase {
    return this.#service(service).database;
  }

  hosts(service: string): readonly SimulatedHost[] {
    return [...this.#service(service).hosts];
  }

  /** Starts a process of each service; resolves when all own their tasks. */
  async start(): Promise<void> {
    await Promise.all(serviceNames.map((name) => this.startProcess(name)));
  }

  /** Starts one more process of a service. One that dies is replaced after a while, so that the service never stays down. */
  async startProcess(name: string): Promise<SimulatedHost> {
    const service = this.#service(name);
    service.started += 1;
    if (service.started > startsMax) throw new Error(`${name} has died ${startsMax} times`);
    const process = new SimulatedProcess(`${name}/${service.started}`, this.#options.world);
    const { definition, database } = service;
    const { auditor, configuration, logger, parts, alterations } = this.#options;
    const wired = parts(process);
    const host = new SimulatedHost({
      ...{ definition, database, process, log: this.log, groups: this.groups, auditor, configuration, logger },
      ...{ alterations, parts: alterations.parts?.(wired) ?? wired },
      onStored: (rows) => this.#notify(service, rows),
      onOverlooked: (rows) => void this.#findOverlooked(service, rows),
    });
    service.hosts.add(host);
    process.onDeath(() => {
      service.hosts.delete(host);
      void process.waitBetween(50, 4_000).then(() => this.#replace(service));
    });
    // One that cannot start ends, as a real one would; it is replaced like any other.
    await Promise.race([host.start().catch(() => process.kill()), process.death]);
    return host;
  }

  #replace(service: Service): void {
    if (service.hosts.size === 0 && service.outages === 0) void this.startProcess(service.definition.name);
  }

  /** Kills all processes of a service and keeps it down until the returned function is called. */
  shutDown(name: string): () => void {
    const service = this.#service(name);
    service.outages += 1;
    for (const { process } of service.hosts) process.kill();
    return () => {
      service.outages -= 1;
      this.#replace(service);
    };
  }

  /** A process that can be asked over HTTP; `undefined` while none runs. */
  reachable(name: string, choose: (hosts: readonly SimulatedHost[]) => SimulatedHost): SimulatedHost | undefined {
    const hosts = this.hosts(name);
    return hosts.length === 0 ? undefined : choose(hosts);
  }

  /** Tells a service's processes of requests that were stored by somebody else. */
  notify(name: string, rows: readonly RequestRow[]): void {
    this.#notify(this.#service(name), rows);
  }

  /** Notifications come in the order of the commits, to each process at its own pace. */
  #notify(service: Service, rows: readonly RequestRow[]): void {
    if (rows.length === 0) return;
    const { faults } = this.#options.world;
    for (const host of service.hosts) {
      const late = faults.strikes('notification comes late', host.process.name);
      const wait = late ? host.process.waitBetween(10, 3_000) : sleep(0);
      const turn = Promise.all([wait, this.#notified.get(host)]).then(() => {
        if (!host.process.dead) host.loop.requestsArrived(rows.map(copyRow));
      });
      this.#notified.set(host, turn);
    }
  }

  /** Owners look for old rows every ten seconds; here only when there are any, so that the world comes to rest. */
  async #findOverlooked(service: Service, rows: readonly RequestRow[]): Promise<void> {
    if (this.#options.alterations.overlooksRequests === true) return;
    await sleep(overlookedMs);
    this.#notify(service, rows);
  }

  #service(name: string): Service {
    const service = this.#services.get(name);
    if (service === undefined) throw new Error(`there is no service ${name}`);
    return service;
  }
}
