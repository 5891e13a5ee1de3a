import { type DatabasePlaces, databasePlaces } from '../composition/databases.ts';
import { openClusterLog } from '../composition/kafka.ts';
import { providerBooksOf } from '../composition/provider-books.ts';
import { databasesOf, missingDatabases } from '../composition/roles.ts';
import { definitions } from '../composition/services.ts';
import { operationsEndpoints } from '../gateway/operations-endpoints.ts';
import { createControlServer, runOperation } from '../operations/control-server.ts';
import { createElsewhere } from '../operations/elsewhere.ts';
import { openInstallation } from '../operations/installation.ts';
import type { Configuration } from '../runtime/configuration.ts';
import type { Endpoint } from '../runtime/http/endpoint.ts';
import { Problem } from '../runtime/http/problem.ts';
import type { Log } from '../runtime/log/log.ts';
import { createLogger, type Logger } from '../runtime/logger.ts';
import { ServiceHost } from '../runtime/service-host.ts';
import { SettingsFeed } from '../runtime/settings-feed.ts';
import { storeErrorOf } from '../runtime/store/postgres/connection.ts';
import { createPostgresNotices } from '../runtime/store/postgres/postgres-notices.ts';
import { StoreUnavailable } from '../runtime/store/store.ts';
import { Metrics } from '../runtime/telemetry/metrics.ts';
import { noTracing } from '../runtime/telemetry/tracing.ts';
import { catalog } from '../services/catalog/service.ts';
import { CommandRefused } from './answers.ts';
import { CallRefused, type Instance } from './asking.ts';
import { atEnd } from './at-end.ts';

/**
 * The cluster as the command line talks to it: by its databases and its Kafka. What needs the owner of a task is asked of
 * it through its service's database; what changes the catalogue or a setting is done here, as by one more instance of the
 * catalog service that owns nothing. A database is connected to, and has to be named, when it is first needed.
 */
export async function clusterInstance(configuration: Configuration): Promise<Instance> {
  if (configuration.KAFKA_BROKERS === undefined)
    throw new CommandRefused('KAFKA_BROKERS: missing; name the brokers, such as 127.0.0.1:9092');
  const logger = createLogger('fatal');
  const log = await openClusterLog(configuration, logger, 'fullhouse-command-line');
  atEnd(() => log.close());
  const places = placesWhenNeeded(configuration);
  const installation = openInstallation({
    ...{ definitions, log, ...places, books: providerBooksOf(configuration) },
    elsewhere: createElsewhere({ ...places, logger }),
  });
  atEnd(() => installation.close());
  const settings = new SettingsFeed(logger);
  await settings.start(log);
  atEnd(() => settings.stop());
  const endpoints = [
    ...catalogEndpoints({ configuration, log, logger, settings, places }),
    ...operationsEndpoints(installation).map((endpoint) => toldInFull(endpoint)),
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

/** Refuses with what is missing as soon as a database is asked for. */
function placesWhenNeeded(configuration: Configuration): DatabasePlaces {
  const { urlOf, named } = databasePlaces(configuration);
  return {
    named,
    urlOf: (database) => {
      const [missing] = missingDatabases(configuration, databasesOf(configuration, ['operations']));
      if (missing !== undefined) throw new CommandRefused(missing);
      return urlOf(database);
    },
  };
}

interface CatalogOptions {
  readonly configuration: Configuration;
  readonly log: Log;
  readonly logger: Logger;
  readonly settings: SettingsFeed;
  readonly places: DatabasePlaces;
}

/** What is asked of the catalog service is done by an instance of it that connects at the first question. */
function catalogEndpoints({ places, ...shared }: CatalogOptions): readonly Endpoint[] {
  const url = databasePlaces(shared.configuration).urlOf(catalog.name);
  const notices = createPostgresNotices({ url, applicationName: 'fullhouse-command-line', logger: shared.logger });
  const alone = { metrics: new Metrics(), tracing: noTracing, parts: {} };
  const host = new ServiceHost({ definition: catalog, databaseUrl: url, notices, ...shared, ...alone });
  let connecting: Promise<void> | undefined;
  const connected = () => {
    // Throws where no variable names it.
    places.urlOf(catalog.name);
    connecting ??= host.connect().then(() => atEnd(() => host.stop()));
    return connecting;
  };
  const named = places.named(catalog.name);
  return (catalog.endpoints?.(host) ?? []).map((endpoint) => toldInFull(endpoint, { connected, named }));
}

/**
 * Whoever asks here is the operator: which database does not answer, and why, is said as it is. `connected` comes before
 * the first question.
 */
function toldInFull(
  endpoint: Endpoint,
  { connected, named }: { readonly connected?: () => Promise<void>; readonly named?: string } = {},
): Endpoint {
  return {
    ...endpoint,
    handle: async (call) => {
      try {
        await connected?.();
        return await endpoint.handle(call);
      } catch (error) {
        if (error instanceof CommandRefused) throw new Problem('unavailable', error.message, { cause: error });
        if (!(error instanceof StoreUnavailable)) throw error;
        const { message } = named === undefined ? error : storeErrorOf(named, error);
        throw new Problem('unavailable', message, { cause: error });
      }
    },
  };
}
