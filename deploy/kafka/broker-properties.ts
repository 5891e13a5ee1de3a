/** Where a local broker listens: on this machine only. */
export interface BrokerAddresses {
  readonly port: number;
  readonly controllerPort: number;
  readonly sasl?: { readonly port: number; readonly username: string; readonly password: string } | undefined;
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
  port,
  controllerPort,
  sasl,
  patience: { heartbeatMs, sessionMs } = defaultPatience,
}: BrokerAddresses & { readonly data: string; readonly patience?: GroupPatience | undefined }): string {
  const listeners = [`PLAINTEXT://127.0.0.1:${port}`];
  if (sasl !== undefined) listeners.push(`SASL_PLAINTEXT://127.0.0.1:${sasl.port}`);
  const properties: Record<string, string | number | boolean> = {
    'node.id': 1,
    'process.roles': 'broker,controller',
    'controller.quorum.voters': `1@127.0.0.1:${controllerPort}`,
    'controller.listener.names': 'CONTROLLER',
    listeners: [...listeners, `CONTROLLER://127.0.0.1:${controllerPort}`].join(','),
    'advertised.listeners': listeners.join(','),
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,SASL_PLAINTEXT:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT',
    'inter.broker.listener.name': 'PLAINTEXT',
    'log.dirs': data,
    // Who produces to a topic that is not there has made a mistake.
    'auto.create.topics.enable': false,
    'offsets.topic.replication.factor': 1,
    'offsets.topic.num.partitions': 4,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
    'transaction.state.log.num.partitions': 4,
    'share.coordinator.state.topic.replication.factor': 1,
    'share.coordinator.state.topic.min.isr': 1,
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
  };
  if (sasl !== undefined) Object.assign(properties, saslProperties(sasl));
  return Object.entries(properties)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
}

function saslProperties({ username, password }: { readonly username: string; readonly password: string }) {
  const listener = 'listener.name.sasl_plaintext';
  const scram = 'org.apache.kafka.common.security.scram.ScramLoginModule required;';
  return {
    'sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512',
    [`${listener}.plain.sasl.jaas.config`]: `org.apache.kafka.common.security.plain.PlainLoginModule required user_${username}="${password}";`,
    [`${listener}.scram-sha-256.sasl.jaas.config`]: scram,
    [`${listener}.scram-sha-512.sasl.jaas.config`]: scram,
  };
}
