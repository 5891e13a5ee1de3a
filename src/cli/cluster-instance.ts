import { openClusterLog } from '../composition/kafka.ts';
import { databasesOf, missingDatabases } from '../composition/roles.ts';
import { definitions, sandboxDatabase } from '../composition/services.ts';
import type { ServiceName } from '../contracts/topics.ts';
import { operationsEndpoints } from '../gateway/operations-endpoints.ts';
import { createControlServer, runOperation } from '../operations/control-server.ts';
import { createElsewhere } from '../operations/elsewhere.ts';
import { openInstallation } from '../operations/installation.ts';
import { type Configuration, databaseUrlOf } from '../runtime/configuration.ts';
import { createLogger } from '../runtime/logger.ts';
import { ServiceHost } from '../runtime/service-host.ts';
import { SettingsFeed } from '../runtime/settings-feed.ts';
import { createPostgresNotices } from '../runtime/store/postgres/postgres-notices.ts';
import { Metrics } from '../runtime/telemetry/metrics.ts';
import { noTracing } from '../runtime/telemetry/tracing.ts';
import { CommandRefused } from './answers.ts';
import { CallRefused, type Instance } from './asking.ts';
import { atEnd } from './at-end.ts';

/**
 * The cluster as the command line talks to it: by its databases and its Kafka. What needs the owner of a task is asked of
 * it through its service's database; what changes the catalogue or a setting is done here, as by one more instance of the
 * catalog service that owns nothing.
 */
export async function clusterInstance(configuration: Configuration): Promise<Instance> {
  if (configuration.KAFKA_BROKERS === undefined)
    throw new CommandRefused('KAFKA_BROKERS: missing; name the brokers, such as 127.0.0.1:9092');
  const [missing] = missingDatabases(configuration, databasesOf(['operations']));
  if (missing !== undefined) throw new CommandRefused(missing);
  const logger = createLogger('fatal');
  const log = await openClusterLog(configuration, logger, 'fullhouse-command-line');
  atEnd(() => log.close());
  const urlOf = (database: string) =>
    databaseUrlOf(configuration, database === sandboxDatabase ? 'sandbox' : (database as ServiceName)) ?? '';
  const installation = openInstallation({
    ...{ definitions, log, urlOf },
    elsewhere: createElsewhere({ urlOf, logger }),
  });
  atEnd(() => installation.close());
  const settings = new SettingsFeed(logger);
  await settings.start(log);
  atEnd(() => settings.stop());
  const catalog = definitions.filter(({ name }) => name === 'catalog');
  const hosts = catalog.map((definition) => {
    const url = urlOf(definition.name);
    const notices = createPostgresNotices({ url, applicationName: 'fullhouse-command-line', logger });
    const shared = { log, logger, configuration, settings, metrics: new Metrics(), tracing: noTracing, parts: {} };
    return new ServiceHost({ definition, databaseUrl: url, notices, ...shared });
  });
  for (const host of hosts) {
    await host.connect();
    atEnd(() => host.stop());
  }
  const endpoints = [
    ...hosts.flatMap((host) => host.definition.endpoints?.(host) ?? []),
    ...operationsEndpoints(installation),
  ];
  const url = configuration.PUBLIC_URL ?? `http://127.0.0.1:${configuration.PORT}`;
  const status = () => ({ url, adminUrl: '', dataDirectory: '', services: [] });
  const server = await createControlServer({ installation, endpoints, logger, status });
  atEnd(() => server.close());
  return {
    status: async () => status(),
    call: async <Body>(method: string, path: string, body?: unknown): Promise<Body> => {
      const answer = await server.inject({
        method: method as 'GET',
        url: `/v1${path}`,
        ...(body === undefined
          ? {}
          : { payload: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
      });
      const told: unknown = answer.payload === '' ? undefined : answer.json();
      if (answer.statusCode >= 400) throw new CallRefused((told ?? {}) as object, answer.statusCode);
      return told as Body;
    },
    run: <Item>(name: string, input: object, signal = new AbortController().signal) =>
      runOperation(installation, { name, input, signal }) as AsyncGenerator<Item>,
  };
}
