/** Where a local broker listens: on this machine only. */
export interface BrokerAddresses {
  readonly port: number;
  readonly controllerPort: number;
  /** Doors where a name and a password are asked for. */
  readonly sasl?: Sasl | undefined;
  /** Doors that are entered by TLS; one more where there is SASL, too. */
  readonly tls?: Tls | undefined;
  /** One of several brokers; alone where it is not named. */
  readonly node?: Node | undefined;
}

export interface User {
  readonly username: string;
  readonly password: string;
}

interface Sasl extends User {
  readonly port: number;
  /** Where clients are sent: to something in between, if not to the door itself. */
  readonly advertisedPort?: number | undefined;
}

/** PEM, and the name that the certificate is for. */
export interface Identity {
  readonly host: string;
  readonly key: string;
  readonly certificate: string;
}

interface Tls extends Identity {
  readonly port: number;
  readonly saslPort: number;
}

/** Its number among those that vote on who leads. */
export interface Node {
  readonly id: number;
  readonly controllerPorts: readonly number[];
}

/** Heartbeats of a group's member, and how long it may be silent. */
export interface GroupPatience {
  readonly heartbeatMs: number;
  readonly sessionMs: number;
}

/** Owners change quickly here. */
const defaultPatience: GroupPatience = { heartbeatMs: 1_000, sessionMs: 6_000 };
/** Of the broker itself: one that was killed is let in again only when its session has ended. */
const brokerHeartbeatMs = 250;
const brokerSessionMs = 3_000;

/** Settings of a broker that is its own controller (KRaft), as a properties file. */
export function brokerProperties({
  data,
  patience: { heartbeatMs, sessionMs } = defaultPatience,
  ...addresses
}: BrokerAddresses & { readonly data: string; readonly patience?: GroupPatience | undefined }): string {
  const { controllerPort, sasl, tls, node = { id: 1, controllerPorts: [controllerPort] } } = addresses;
  const doors = doorsOf(addresses);
  const replicas = node.controllerPorts.length;
  const insync = Math.max(1, replicas - 1);
  const properties: Record<string, string | number | boolean> = {
    'node.id': node.id,
    'process.roles': 'broker,controller',
    'controller.quorum.voters': node.controllerPorts.map((port, index) => `${index + 1}@127.0.0.1:${port}`).join(','),
    'controller.listener.names': 'CONTROLLER',
    listeners: [
      ...doors.map(({ name, port }) => `${name}://127.0.0.1:${port}`),
      `CONTROLLER://127.0.0.1:${controllerPort}`,
    ].join(','),
    'advertised.listeners': doors.map(({ name, advertised }) => `${name}://${advertised}`).join(','),
    'listener.security.protocol.map': ['CONTROLLER:PLAINTEXT', ...doors.map(({ name }) => `${name}:${name}`)].join(','),
    'inter.broker.listener.name': 'PLAINTEXT',
    'log.dirs': data,
    // Who produces to a topic that is not there has made a mistake.
    'auto.create.topics.enable': false,
    'offsets.topic.replication.factor': replicas,
    'offsets.topic.num.partitions': 4,
    'transaction.state.log.replication.factor': replicas,
    'transaction.state.log.min.isr': insync,
    'transaction.state.log.num.partitions': 4,
    'share.coordinator.state.topic.replication.factor': replicas,
    'share.coordinator.state.topic.min.isr': insync,
    'group.initial.rebalance.delay.ms': 0,
    'group.consumer.heartbeat.interval.ms': heartbeatMs,
    'group.consumer.min.heartbeat.interval.ms': heartbeatMs,
    'group.consumer.session.timeout.ms': sessionMs,
    'group.consumer.min.session.timeout.ms': sessionMs,
    'broker.heartbeat.interval.ms': brokerHeartbeatMs,
    'broker.session.timeout.ms': brokerSessionMs,
    'log.cleaner.dedupe.buffer.size': 16_777_216,
    'num.network.threads': 2,
    'num.io.threads': 4,
    'num.recovery.threads.per.data.dir': 1,
    ...(sasl === undefined ? {} : saslProperties(sasl, doors)),
    ...(tls === undefined ? {} : tlsProperties(tls)),
  };
  return Object.entries(properties)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
}

interface Door {
  readonly name: 'PLAINTEXT' | 'SASL_PLAINTEXT' | 'SSL' | 'SASL_SSL';
  readonly port: number;
  readonly advertised: string;
}

function doorsOf({ port, sasl, tls }: BrokerAddresses): readonly Door[] {
  const doors: Door[] = [{ name: 'PLAINTEXT', port, advertised: `127.0.0.1:${port}` }];
  if (sasl !== undefined) {
    const advertised = `127.0.0.1:${sasl.advertisedPort ?? sasl.port}`;
    doors.push({ name: 'SASL_PLAINTEXT', port: sasl.port, advertised });
  }
  if (tls !== undefined) doors.push({ name: 'SSL', port: tls.port, advertised: `${tls.host}:${tls.port}` });
  if (tls !== undefined && sasl !== undefined)
    doors.push({ name: 'SASL_SSL', port: tls.saslPort, advertised: `${tls.host}:${tls.saslPort}` });
  return doors;
}

function saslProperties({ username, password }: User, doors: readonly Door[]): Readonly<Record<string, string>> {
  const scram = 'org.apache.kafka.common.security.scram.ScramLoginModule required;';
  const plain = `org.apache.kafka.common.security.plain.PlainLoginModule required user_${username}="${password}";`;
  const properties: Record<string, string> = { 'sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512' };
  for (const { name } of doors.filter((door) => door.name.startsWith('SASL_'))) {
    const listener = `listener.name.${name.toLowerCase()}`;
    properties[`${listener}.plain.sasl.jaas.config`] = plain;
    for (const mechanism of ['scram-sha-256', 'scram-sha-512'])
      properties[`${listener}.${mechanism}.sasl.jaas.config`] = scram;
  }
  return properties;
}

function tlsProperties({ key, certificate }: Identity): Readonly<Record<string, string>> {
  // A property is one line.
  const inLine = (pem: string) => pem.trim().replaceAll('\n', '\\n');
  return {
    'ssl.keystore.type': 'PEM',
    'ssl.keystore.key': inLine(key),
    'ssl.keystore.certificate.chain': inLine(certificate),
  };
}
