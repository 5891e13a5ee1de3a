import { isIP } from 'node:net';
import {
  type API,
  apiVersionsV3,
  Connection,
  type ConnectionOptions,
  findCoordinatorV6,
  metadataV12,
} from '@platformatic/kafka';
import type { Logger } from '../../logger.ts';
import { LogUnavailable } from '../log.ts';
import { answeredWith, errorName, explain, isRefusal, KafkaRefused, responseOf } from './errors.ts';
import { HealthBook } from './health.ts';

/**
 * The brokers: a connection of its own for each purpose, since a broker answers one connection's requests in turn and a
 * long poll would hold up everything behind it; which broker leads which partition; who coordinates which group.
 */
export interface KafkaAccess {
  readonly brokers: readonly { readonly host: string; readonly port: number }[];
  /** With the certificates to trust, in PEM, where the system's do not do. */
  readonly tls?: { readonly ca?: string } | undefined;
  readonly sasl?:
    | {
        readonly mechanism: 'PLAIN' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512';
        readonly username: string;
        readonly password: string;
      }
    | undefined;
  readonly clientId: string;
  readonly logger: Logger;
}

export type Purpose = 'control' | 'group' | 'produce' | 'fetch' | 'fetch-aside' | 'read';

/** A topic as the brokers know it now. */
export interface TopicState {
  readonly id: string;
  /** By partition: the broker that leads it, -1 for none. */
  readonly leaders: readonly number[];
  /** How many brokers keep a partition. */
  readonly replicas: number;
}

/** Connecting, with TLS and the password, and waiting for an answer. */
const connectTimeoutMs = 5_000;
const requestTimeoutMs = 8_000;
/** How often brokers are asked for topics and leaders when nothing seems wrong. */
const refreshEveryMs = 10_000;
/** The same while something is wrong: so that what is well again is known soon. */
const refreshInTroubleMs = 1_000;
/** Coordinators in Kafka: of groups, not of transactions. */
const groupCoordinator = 0;
const heartbeatApiKey = 68;

export class Cluster {
  readonly #access: KafkaAccess;
  readonly #book: HealthBook;
  readonly #options: ConnectionOptions;
  /** The brokers as they are named, for people. */
  readonly #where: string;
  readonly #connections = new Map<string, Promise<Connection>>();
  readonly #coordinators = new Map<string, Promise<number>>();
  #nodes = new Map<number, { readonly host: string; readonly port: number }>();
  #topics = new Map<string, TopicState>();
  #names: readonly string[] = [];
  #refreshing: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #onRefreshed: () => void = () => {};
  #closed = false;
  /** By address: when a broker last took a request and did not answer it. One that is frozen still takes connections. */
  readonly #silent = new Map<string, number>();

  constructor(access: KafkaAccess) {
    this.#access = access;
    this.#where = access.brokers.map(({ host, port }) => `${host}:${port}`).join(',');
    const { logger, tls, sasl } = access;
    this.#book = new HealthBook((part, error) => {
      if (error === undefined) logger.info({ part }, 'Kafka answers again');
      else logger.error({ part, error }, 'Kafka does not do as it is asked; nothing is given up');
      if (error !== undefined && this.#timer !== undefined) this.#refreshIn(refreshInTroubleMs);
    });
    this.#options = {
      connectTimeout: connectTimeoutMs,
      requestTimeout: requestTimeoutMs,
      ...(tls === undefined ? {} : { tls: { ...tls } }),
      ...(sasl === undefined ? {} : { sasl: { ...sasl } }),
    };
  }

  get book(): HealthBook {
    return this.#book;
  }

  get topics(): ReadonlyMap<string, TopicState> {
    return this.#topics;
  }

  get nodes(): readonly number[] {
    return [...this.#nodes.keys()];
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  leader(topic: string, partition: number): number {
    return this.#topics.get(topic)?.leaders[partition] ?? -1;
  }

  /** Asks for these topics from now on, at once and then ever again; `onRefreshed` is called after each answer. */
  async watch(names: readonly string[], onRefreshed: () => void): Promise<void> {
    this.#names = names;
    await this.#checkVersion();
    await this.refresh();
    this.#onRefreshed = onRefreshed;
    this.#refreshIn(refreshEveryMs);
  }

  #refreshIn(durationMs: number): void {
    clearTimeout(this.#timer);
    if (this.#closed) return;
    this.#timer = setTimeout(async () => {
      await this.refresh().then(
        () => this.#book.answers(),
        () => undefined,
      );
      this.#refreshIn(this.#book.health.reachable ? refreshEveryMs : refreshInTroubleMs);
    }, durationMs);
    this.#timer.unref();
  }

  async #checkVersion(): Promise<void> {
    const { apiKeys } = await this.request({ purpose: 'control' }, apiVersionsV3.api, 'fullhouse', '1');
    const heartbeat = apiKeys.find((each) => each.apiKey === heartbeatApiKey);
    if ((heartbeat?.maxVersion ?? 0) >= 1) return;
    throw new KafkaRefused('the Kafka broker is too old: it must know the consumer group protocol of Kafka 4.0');
  }

  /** Asks for topics and leaders; callers at the same time share one question. */
  refresh(): Promise<void> {
    this.#refreshing ??= this.#refresh().finally(() => {
      this.#refreshing = undefined;
    });
    return this.#refreshing;
  }

  async #refresh(): Promise<void> {
    const answer = await this.#metadata();
    this.#nodes = new Map(answer.brokers.map(({ nodeId, host, port }) => [nodeId, { host, port }]));
    const topics = new Map<string, TopicState>();
    for (const { name, topicId, errorCode, partitions } of answer.topics) {
      if (errorCode !== 0 && errorName(errorCode).endsWith('AUTHORIZATION_FAILED'))
        throw new KafkaRefused(`access to topic ${name} is refused (${errorName(errorCode)})`);
      if (errorCode !== 0 || typeof name !== 'string') continue;
      const leaders: number[] = [];
      for (const { partitionIndex, leaderId } of partitions) leaders[partitionIndex] = leaderId;
      topics.set(name, { id: topicId, leaders, replicas: partitions[0]?.replicaNodes.length ?? 0 });
    }
    this.#topics = topics;
    this.#onRefreshed();
  }

  async #metadata(): Promise<metadataV12.MetadataResponse> {
    try {
      return await this.request({ purpose: 'control' }, metadataV12.api, [...this.#names], false, false);
    } catch (error) {
      // A topic that is not there is an error of the whole answer, which tells of the others all the same.
      const answer = responseOf<metadataV12.MetadataResponse>(error);
      if (answer === undefined) throw error;
      return answer;
    }
  }

  /** The broker that coordinates a group. */
  coordinator(group: string): Promise<number> {
    const known = this.#coordinators.get(group);
    if (known !== undefined) return known;
    const asked = this.#findCoordinator(group);
    this.#coordinators.set(group, asked);
    asked.catch(() => this.#coordinators.delete(group));
    return asked;
  }

  async #findCoordinator(group: string): Promise<number> {
    const { coordinators } = await this.request({ purpose: 'control' }, findCoordinatorV6.api, groupCoordinator, [
      group,
    ]);
    const [found] = coordinators;
    if (found === undefined || found.errorCode !== 0)
      throw new LogUnavailable(`group ${group} has no coordinator (${errorName(found?.errorCode ?? 15)})`);
    this.#nodes.set(found.nodeId, { host: found.host, port: found.port });
    return found.nodeId;
  }

  /** Another broker may coordinate this group by now. */
  forgetCoordinator(group: string): void {
    this.#coordinators.delete(group);
  }

  /**
   * One request; without a node to any broker. Throws `LogUnavailable` where there was no answer, or an error in it: that
   * one is its `cause`. Throws `KafkaRefused` where the broker refuses us.
   */
  async request<Arguments extends unknown[], Answer>(
    to: { readonly purpose: Purpose; readonly node?: number },
    api: API<Arguments, Answer>,
    ...parameters: Arguments
  ): Promise<Answer> {
    if (this.#closed) throw new LogUnavailable('the log is closed');
    const { purpose, node } = to;
    // What is read aside is read by the next main poll as well, and perhaps never again aside.
    const part = purpose === 'fetch-aside' ? 'fetch' : purpose;
    const answered = this.#book.watched(part, part === 'fetch' ? undefined : this.#where);
    const ask = async (broker: Address) => {
      const connection = await this.#connect(purpose, broker);
      return this.#noted(broker, () => api.async(connection, ...parameters));
    };
    try {
      const answer = await (node === undefined ? this.#byAny(ask) : ask(this.#address(node)));
      answered(true);
      return answer;
    } catch (cause) {
      answered(answeredWith(cause) !== undefined && !isRefusal(cause));
      if (cause instanceof LogUnavailable || cause instanceof KafkaRefused) throw cause;
      const line = explain(cause);
      if (answeredWith(cause) !== undefined && !isRefusal(cause))
        throw new LogUnavailable(`Kafka answered ${line}`, { cause });
      const error = `Kafka at ${this.#where} cannot be reached: ${line}`;
      if (!this.#closed) this.#book.failed(part, error);
      if (isRefusal(cause)) throw new KafkaRefused(error, { cause });
      throw new LogUnavailable(error, { cause });
    }
  }

  /** Notes who takes a request and does not answer it. */
  async #noted<Answer>(broker: Address, ask: () => Promise<Answer>): Promise<Answer> {
    try {
      const answer = await ask();
      this.#silent.delete(nameOf(broker));
      return answer;
    } catch (cause) {
      if (answeredWith(cause) === undefined) this.#silent.set(nameOf(broker), performance.now());
      throw cause;
    }
  }

  /** Asks one broker after the other until one answers, those last that did not of late. */
  async #byAny<Answer>(ask: (broker: Address) => Promise<Answer>): Promise<Answer> {
    const all = [...this.#nodes.values(), ...this.#access.brokers].map((each) => [nameOf(each), each] as const);
    const silentSince = (name: string) => this.#silent.get(name) ?? 0;
    const inOrder = [...new Map(all)].sort(([a], [b]) => silentSince(a) - silentSince(b));
    const errors: unknown[] = [];
    for (const [, broker] of inOrder) {
      try {
        return await ask(broker);
      } catch (error) {
        if (answeredWith(error) !== undefined) throw error;
        errors.push(error);
      }
    }
    throw new AggregateError(errors, 'no broker answers');
  }

  #address(node: number): Address {
    const address = this.#nodes.get(node);
    if (address === undefined) throw new LogUnavailable(`there is no broker ${node} at the moment`);
    return address;
  }

  #connect(purpose: Purpose, { host, port }: Address): Promise<Connection> {
    const name = `${purpose} ${host}:${port}`;
    const known = this.#connections.get(name);
    if (known !== undefined) return known;
    // Only names are told to the server (RFC 6066).
    const tlsServerName = this.#access.tls !== undefined && isIP(host) === 0;
    const connection = new Connection(this.#access.clientId, { ...this.#options, tlsServerName });
    const connected = new Promise<Connection>((resolve, reject) => {
      connection.connect(host, port, (error) => (error ? reject(error) : resolve(connection)));
    });
    const forget = () => {
      if (this.#connections.get(name) === connected) this.#connections.delete(name);
    };
    this.#connections.set(name, connected);
    // Whoever waits for an answer is told by it; without a listener an error would end the process.
    connection.on('error', forget);
    connection.on('close', forget);
    connected.catch(forget);
    return connected;
  }

  /** Ends every connection; requests without an answer fail. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    const open = await Promise.allSettled(this.#connections.values());
    await Promise.all(
      open.map((each) => (each.status === 'fulfilled' ? each.value.close().catch(() => undefined) : undefined)),
    );
  }
}

interface Address {
  readonly host: string;
  readonly port: number;
}

function nameOf({ host, port }: Address): string {
  return `${host}:${port}`;
}
