import { pino } from 'pino';
import { definitions } from '../src/composition/services.ts';
import { newId } from '../src/contracts/ids.ts';
import { readConfiguration } from '../src/runtime/configuration.ts';
import type { Principal } from '../src/runtime/http/endpoint.ts';
import { createSandboxProvider, sandboxTokens } from '../src/services/payment/providers/sandbox.ts';
import { createMemoryLedger } from '../src/services/payment/providers/sandbox-ledger.ts';
import type { Alterations } from './alterations.ts';
import { Client } from './client.ts';
import { installClock, type VirtualClock } from './clock.ts';
import { Cluster } from './cluster.ts';
import { Customer } from './customer.ts';
import { type FaultKind, Faults, type Without, withoutNothing } from './faults.ts';
import { gatherEvidence } from './gather.ts';
import { erasedIn } from './invariants/erasures.ts';
import type { Evidence } from './invariants/evidence.ts';
import { examine, type Violation } from './invariants/invariants.ts';
import { type Habit, Journal } from './journal.ts';
import { torment } from './nemesis.ts';
import { type Deed, organize } from './organizer.ts';
import { Inboxes, plainCodes, unreliableProvider, webhookNetwork } from './outside.ts';
import { SimulatedProcess, type Surroundings } from './process.ts';
import { Random, seedOf } from './random.ts';
import { replayAll } from './replay.ts';
import { type Situation, situationsIn } from './situations.ts';
import type { SqlDatabases } from './sql/sql-databases.ts';
import { type Line, Trace } from './trace.ts';
import { Venue } from './venue.ts';
import { Watcher } from './watcher.ts';

/**
 * One run: the whole system in this process, on a virtual clock, with one seeded source of chance.
 *
 *   set up      All services start, the catalogue is published. Nothing fails yet.
 *   rounds      Customers book, pay, cancel, give tickets away, erase their accounts and vanish, the organizer changes what is on sale, and meanwhile everything
 *               that can fail does. Then all faults end, time goes on until no timer is left, and every invariant is
 *               examined: a quiet point.
 *   replay      The whole log goes through all services once more, which must change nothing.
 *
 * What is simulated: the databases (the memory store), the log, groups and processes, the network to the provider and its
 * webhooks, channels, people. What is real: deciders, routes, task loops, endpoints from their schemas inwards, effects
 * with their policies, the sandbox provider, views.
 */
export interface RunOptions {
  readonly seed: number;
  readonly customers?: number;
  readonly shows?: number;
  readonly without?: Without;
  /** Keeps what happened in words. */
  readonly story?: boolean;
  readonly alterations?: Alterations;
  /** Databases in a PostgreSQL, empty; in memory, where none are given. */
  readonly sql?: SqlDatabases;
}

export interface Outcome {
  readonly seed: number;
  readonly hash: string;
  readonly violations: readonly Violation[];
  readonly faults: ReadonlyMap<FaultKind, number>;
  /** Names of the faults that happened, for leaving them out. */
  readonly happened: readonly string[];
  readonly habits: ReadonlyMap<Habit, number>;
  readonly deeds: ReadonlyMap<Deed, number>;
  readonly events: number;
  readonly bookings: number;
  /** How bookings have ended, and what they have been through. */
  readonly situations: ReadonlyMap<Situation, number>;
  readonly simulatedMs: number;
  readonly steps: number;
  readonly story: readonly Line[];
}

export const defaultCustomers = 30;
export const defaultShows = 3;
/** The line that divides a story from what every story begins with. */
export const setUp = 'all services run and shows are on sale';
const rounds = 2;
/** Customers come within so long: by and by, or, in every other seed, all at once when the sale opens. */
const comeWithinMs = 90_000;
const rushWithinMs = 500;
/** Longer than any run needs to come to rest; who is not at rest by then never will be. */
const restMs = 6 * 3_600_000;
/** Steps of the clock in one run, so that one that turns in a circle ends. */
const stepsMax = 2_000_000;

const configuration = readConfiguration({
  QUOTE_SECRET: 'a secret of the simulation, 32 characters',
  SANDBOX_WEBHOOK_SECRET: 'another secret of the simulation, 32 characters',
});
const logger = pino({ level: 'silent' });

/** Runs one seed. The process's clocks and timers are the simulation's meanwhile, so runs come one after the other. */
export async function run(options: RunOptions): Promise<Outcome> {
  const clock = installClock(options.seed, options.sql?.work);
  const fetchBefore = globalThis.fetch;
  const stackBefore = Error.stackTraceLimit;
  // Most errors of a run are faults that were meant, and where they were made nobody asks.
  Error.stackTraceLimit = 0;
  try {
    return await new World(options, clock).run();
  } finally {
    Error.stackTraceLimit = stackBefore;
    globalThis.fetch = fetchBefore;
    clock.uninstall();
  }
}

class World {
  readonly #options: RunOptions;
  readonly #clock: VirtualClock;
  readonly #surroundings: Surroundings;
  readonly #watcher = new Watcher();
  readonly #journal = new Journal();
  readonly #inboxes = new Inboxes();
  readonly #ledger = createMemoryLedger();
  readonly #deeds = new Map<Deed, number>();
  readonly #cluster: Cluster;
  readonly #venue: Venue;
  readonly #isRush: boolean;
  #steps = 0;
  /** What the last quiet point has shown. */
  #examinedLast: Evidence | undefined;

  constructor(options: RunOptions, clock: VirtualClock) {
    this.#options = options;
    this.#clock = clock;
    const { seed, without = withoutNothing, story = false } = options;
    this.#isRush = this.#random('rush').chance(0.5);
    const trace = new Trace({ elapsed: () => clock.elapsed(), story });
    this.#surroundings = { seed, trace, faults: new Faults({ seed, without, trace }) };
    const sandbox = createSandboxProvider({
      ledger: this.#ledger,
      webhook: { url: () => 'http://simulated/', secret: configuration.SANDBOX_WEBHOOK_SECRET ?? '' },
    });
    const altered = options.alterations?.definitions?.(definitions) ?? definitions;
    this.#cluster = new Cluster({
      world: this.#surroundings,
      definitions: this.#watcher.watch(altered),
      auditor: this.#watcher,
      configuration,
      logger,
      alterations: options.alterations ?? {},
      databaseOf: options.sql?.of,
      parts: (process) => ({
        'payment-provider': unreliableProvider(sandbox, process),
        'card-tokens': sandboxTokens,
        'card-authorisations': undefined,
        channels: this.#inboxes.reachedBy(process),
        'ticket-codes': plainCodes,
        'pages-url': () => undefined,
        wallets: {},
        'booking-messages': { watch: () => () => undefined },
      }),
    });
    this.#venue = new Venue({
      cluster: this.#cluster,
      random: this.#random('venue'),
      shows: options.shows ?? defaultShows,
      people: options.customers ?? defaultCustomers,
    });
    globalThis.fetch = webhookNetwork({
      world: this.#surroundings,
      process: new SimulatedProcess('network', this.#surroundings),
      deliver: (body, headers) => this.#client('webhooks', [newId('user')]).deliverWebhook(body, headers),
    });
  }

  async run(): Promise<Outcome> {
    try {
      return await this.#outcome(await this.#examined());
    } catch (error) {
      return this.#outcome([{ invariant: 'the-run-ends', says: String(error) }]);
    }
  }

  async #examined(): Promise<readonly Violation[]> {
    const { faults, trace } = this.#surroundings;
    await this.#drive(this.#cluster.start().then(() => this.#venue.open()));
    await this.#rest();
    trace.tell('world', () => setUp);
    const violations: Violation[] = [];
    for (let round = 0; round < rounds && violations.length === 0; round += 1) {
      faults.active = true;
      await this.#drive(this.#round(round));
      faults.active = false;
      trace.tell('world', () => 'all faults end, everything comes to rest');
      await this.#rest();
      this.#examinedLast = await this.#evidence();
      violations.push(...examine(this.#examinedLast));
    }
    return violations.length > 0 ? violations : this.#replay();
  }

  async #round(round: number): Promise<void> {
    const { without = withoutNothing } = this.#options;
    const people = this.#venue.people.map((_, index) => index).filter((index) => index % rounds === round);
    const actors = people.filter((index) => !without.customers.has(index)).map((index) => this.#customer(index).live());
    const { trace, faults } = this.#surroundings;
    const organizer = organize({
      client: this.#client(`organizer ${round}`, [newId('user'), 'organizer']),
      venue: this.#venue,
      random: this.#random(`organizer ${round}`),
      trace,
      deeds: this.#deeds,
      journal: this.#journal,
    });
    const random = this.#random(`nemesis ${round}`);
    const nemesis = torment({ cluster: this.#cluster, clock: this.#clock, faults, random });
    await Promise.all([...actors, organizer, nemesis]);
  }

  #customer(index: number): Customer {
    const { trace } = this.#surroundings;
    const name = `customer ${index}`;
    return new Customer({
      number: index,
      comesWithinMs: this.#isRush ? rushWithinMs : comeWithinMs,
      client: this.#client(name, [this.#venue.people[index]?.userId ?? '', 'customer']),
      staff: this.#client(`${name}'s staff`, [newId('user'), 'staff']),
      friends: [1, 2].map((step) => this.#friend(index, step)),
      givingRandom: this.#random(`${name} gives`),
      exchangingRandom: this.#random(`${name} exchanges`),
      erasingRandom: this.#random(`${name} erases`),
      secondDevice: this.#client(`${name}'s second device`, [this.#venue.people[index]?.userId ?? '', 'customer']),
      venue: this.#venue,
      journal: this.#journal,
      random: this.#random(name),
      trace,
    });
  }

  /** Somebody else, who comes when they are sent a link. */
  #friend(index: number, step: number): Client {
    const { people } = this.#venue;
    const { userId = '' } = people[(index + step) % people.length] ?? {};
    return this.#client(`friend ${step} of customer ${index}`, [userId, 'customer']);
  }

  #client(name: string, [userId, ...roles]: readonly [string, ...Principal['roles'][number][]]): Client {
    const principal = { userId, roles, sessionId: 'simulated' };
    const onBroken = (error: Error) => {
      this.#watcher.incidents.push(`${error.message}: ${String(error.cause)}`);
    };
    const random = this.#random(`client ${name}`);
    return new Client({ cluster: this.#cluster, journal: this.#journal, random, principal, onBroken });
  }

  #random(name: string): Random {
    return new Random(seedOf(this.#options.seed, name));
  }

  /** Lets time pass until something is done. */
  async #drive(work: Promise<unknown>): Promise<void> {
    let done = false;
    let failed: unknown;
    work
      .catch((error: unknown) => {
        failed = error ?? new Error('failed');
      })
      .finally(() => {
        done = true;
      });
    await this.#advance(() => done);
    if (!done) throw new Error('the world waits for something that never comes');
    if (failed !== undefined) throw failed;
  }

  /** Lets time pass until nothing is left to happen. */
  async #rest(): Promise<void> {
    const until = this.#clock.elapsed() + restMs;
    await this.#advance(() => this.#clock.elapsed() >= until);
    if (this.#clock.elapsed() >= until) this.#watcher.incidents.push('the system does not come to rest');
  }

  #advance(isOver: () => boolean): Promise<void> {
    return this.#clock.run(() => {
      this.#steps += 1;
      if (this.#steps > stepsMax) throw new Error(`seed ${this.#options.seed} does not end`);
      return isOver();
    });
  }

  #evidence() {
    return gatherEvidence({
      cluster: this.#cluster,
      watcher: this.#watcher,
      ledger: this.#ledger,
      inboxes: this.#inboxes,
      journal: this.#journal,
      people: this.#venue.people,
    });
  }

  async #replay(): Promise<readonly Violation[]> {
    let changes: readonly string[] = [];
    await this.#drive(
      replayAll(this.#cluster).then((found) => {
        changes = found;
      }),
    );
    await this.#rest();
    return changes.map((says) => ({ invariant: 'replay-changes-nothing', says }));
  }

  async #outcome(violations: readonly Violation[]): Promise<Outcome> {
    const { faults, trace } = this.#surroundings;
    // Reading everything again has changed nothing, or else that is what the outcome is.
    const evidence = this.#examinedLast ?? (await this.#evidence());
    const { bookings, stored } = evidence;
    return {
      seed: this.#options.seed,
      violations,
      faults: faults.met,
      happened: faults.happened,
      habits: this.#journal.habits,
      deeds: this.#deeds,
      events: [...stored.values()].reduce((sum, { events }) => sum + events.length, 0),
      bookings: bookings.length,
      situations: new Map([...situationsIn(bookings), ...erasedIn(evidence)]),
      simulatedMs: this.#clock.elapsed(),
      steps: this.#steps,
      story: trace.lines,
      hash: trace.digest(),
    };
  }
}
