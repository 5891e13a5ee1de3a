import { clusterGateway } from './composition/cluster-gateway.ts';
import { clusterServices } from './composition/cluster-services.ts';
import { Life } from './composition/life.ts';
import { listen } from './composition/listening.ts';
import { openTracing } from './composition/open-tracing.ts';
import { checkRequirements, type Role } from './composition/roles.ts';
import { storedSettings } from './composition/stored-settings.ts';
import { createAdminServer } from './gateway/admin-server.ts';
import type { Configuration } from './runtime/configuration.ts';
import type { Log } from './runtime/log/log.ts';
import { type Logger, setLogLevels } from './runtime/logger.ts';
import type { ServiceHost } from './runtime/service-host.ts';
import { SettingsFeed } from './runtime/settings-feed.ts';
import { Metrics } from './runtime/telemetry/metrics.ts';

/**
 * The cluster mode: one or more roles in this process, over Apache Kafka and a database per service. Other processes hold
 * the rest of them, and any number of instances of the same.
 *
 * A start waits for what does not answer yet (the admin port says for what) and ends with one line at what waiting will
 * not mend.
 */
export interface ClusterProcess {
  /** Where the gateway listens or, without one here, the HTTP side of the services. */
  readonly url: string;
  readonly adminUrl: string;
  readonly hosts: readonly ServiceHost[];
  readonly log: Log;
  stop(): Promise<void>;
}

/** A log that tells whether its brokers answer. */
export type HealthyLog = Log & {
  readonly health: { readonly reachable: true } | { readonly reachable: false; readonly error: string };
};

export interface ClusterOptions {
  readonly roles: readonly Role[];
  readonly openLog: () => Promise<HealthyLog>;
  /** Ends a start that still waits for something. */
  readonly stopping?: AbortSignal;
  /** Serves `/v1/dev/…` as the embedded mode does: for tests. */
  readonly development?: boolean;
}

/** Starts the roles; resolves when they do their work. Throws with one clear line where that cannot be. */
export async function startCluster(
  configuration: Configuration,
  logger: Logger,
  options: ClusterOptions,
): Promise<ClusterProcess> {
  checkRequirements(configuration, options.roles);
  const life = new Life(logger, options.stopping);
  try {
    return await start(configuration, logger, { ...options, life });
  } catch (error) {
    await life.stop();
    throw error;
  }
}

async function start(
  configuration: Configuration,
  logger: Logger,
  { roles, openLog, development = false, life }: ClusterOptions & { readonly life: Life },
): Promise<ClusterProcess> {
  const { HOST: host, PORT: port, ADMIN_PORT: adminPort = port === 0 ? 0 : 9090 } = configuration;
  const hosts: ServiceHost[] = [];
  const state = { log: undefined as HealthyLog | undefined };
  const logTrouble = () => {
    if (state.log === undefined) return 'it has not been reached yet';
    return state.log.health.reachable ? undefined : state.log.health.error;
  };
  const metrics = new Metrics();
  const admin = createAdminServer({
    metrics,
    hosts: () => hosts,
    dependencies: () => [
      { name: 'start', trouble: () => life.waitsFor },
      { name: 'kafka', trouble: logTrouble },
    ],
    logger,
  });
  life.ends(() => admin.close());
  const adminUrl = await listen(admin, { host, port: adminPort, variable: 'ADMIN_PORT' });

  const log = await life.until('Kafka', openLog);
  state.log = log;
  life.ends(() => log.close());
  const settings = new SettingsFeed(logger, { stored: () => storedSettings(configuration, roles) });
  settings.onChange(({ logLevels }) => setLogLevels(logger, logLevels, configuration.LOG_LEVEL));
  await life.until('Kafka', () => settings.start(log));
  const serviceName = `fullhouse-${roles.length > 1 ? 'cluster' : roles[0]}`;
  const tracing = await openTracing(configuration, { serviceName, settings: () => settings.current });
  life.ends(() => tracing.stop());
  life.ends(() => settings.stop());

  const process = { configuration, logger, roles, development, log, settings, metrics, tracing, life };
  const hasGateway = roles.includes('gateway');
  const behind = hasGateway
    ? { host: '127.0.0.1', port: 0, variable: 'PORT' as const }
    : { host, port, variable: 'PORT' as const };
  const services = await clusterServices({ ...process, hosts, at: behind });
  const url = hasGateway
    ? await clusterGateway({ ...process, services, at: { host, port, variable: 'PORT' } })
    : services.url;
  await services.prepare();
  life.waitsFor = undefined;
  return { url, adminUrl, hosts, log, stop: () => life.stop() };
}
