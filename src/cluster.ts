import { setTimeout as delay } from 'node:timers/promises';
import { clusterGateway } from './composition/cluster-gateway.ts';
import { clusterServices } from './composition/cluster-services.ts';
import { dependenciesElsewhere } from './composition/dependencies.ts';
import { Life } from './composition/life.ts';
import { listen } from './composition/listening.ts';
import { openTracing } from './composition/open-tracing.ts';
import { checkRequirements, type Role } from './composition/roles.ts';
import { topicsOf } from './composition/services.ts';
import { storedSettings } from './composition/stored-settings.ts';
import { createAdminServer } from './gateway/admin-server.ts';
import type { Configuration } from './runtime/configuration.ts';
import { type HealthyLog, LateLog } from './runtime/log/late-log.ts';
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
 * not mend. While it waits for Kafka alone, requests are accepted and stored.
 */
export interface ClusterProcess {
  /** Where the gateway listens or, without one here, the HTTP side of the services. */
  readonly url: string;
  readonly adminUrl: string;
  readonly hosts: readonly ServiceHost[];
  readonly log: Log;
  stop(): Promise<void>;
}

export interface ClusterOptions {
  readonly roles: readonly Role[];
  readonly openLog: () => Promise<HealthyLog>;
  /** Ends a start that still waits for something. */
  readonly stopping?: AbortSignal;
  /** Serves `/v1/dev/…` as the embedded mode does: for tests. */
  readonly development?: boolean;
}

/** A start waits so long for the settings: longer than it takes to find that their topic cannot be read. */
const settingsWithinMs = 6_000;

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
  const state = { accepts: false };
  const log = new LateLog(topicsOf(configuration.FULLHOUSE_PARTITIONS), life.until('Kafka', openLog));
  life.ends(() => log.close());
  const logTrouble = () => (log.health.reachable ? undefined : log.health.error);
  const metrics = new Metrics();
  const elsewhere = dependenciesElsewhere(configuration, roles);
  const admin = createAdminServer({
    metrics,
    hosts: () => hosts,
    dependencies: () => [
      { name: 'start', trouble: () => life.waitsFor, degrades: () => state.accepts, holdsWork: true },
      // Requests are accepted and stored without it.
      { name: 'kafka', trouble: logTrouble, degrades: () => state.accepts, holdsWork: true },
      ...elsewhere,
    ],
    logger,
  });
  life.ends(() => admin.close());
  const adminUrl = await listen(admin, { host, port: adminPort, variable: 'ADMIN_PORT' });

  const settings = new SettingsFeed(logger, { stored: () => storedSettings(configuration, roles) });
  settings.onChange(({ logLevels }) => setLogLevels(logger, logLevels, configuration.LOG_LEVEL));
  // Where nothing was ever stored of them, what they are by default holds until they can be read.
  const settled = life.until('Kafka', () => settings.start(log));
  await Promise.race([settled, delay(settingsWithinMs, undefined, { ref: false })]);
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
  state.accepts = true;
  await log.reached();
  await settled;
  await services.run();
  await services.prepare();
  life.waitsFor = undefined;
  // The first thing of an end, before anything closes: whoever sends requests here sends them elsewhere.
  life.ends(async () => {
    state.accepts = false;
    life.waitsFor = 'this process is about to stop';
  });
  return { url, adminUrl, hosts, log, stop: () => life.stop() };
}
