import { forwarding, Overloads } from '../gateway/forwarding.ts';
import { createGateway } from '../gateway/gateway.ts';
import { createUpstream, type Upstream } from '../gateway/upstreams.ts';
import { addressesOf, type RoleName } from '../runtime/configuration.ts';
import { loggerOf } from '../runtime/logger.ts';
import type { ClusterServices, SharedProcess } from './cluster-services.ts';
import { describedEndpoints } from './endpoints.ts';
import { externalIssuerOf } from './external-issuer.ts';
import { type ListenAt, listen } from './listening.ts';
import { pageSettingsOf } from './page-settings.ts';

/** Starts the gateway over the HTTP sides of the services, in this process or others; returns where it listens. */
export async function clusterGateway(
  options: SharedProcess & { readonly services: ClusterServices; readonly at: ListenAt },
): Promise<string> {
  const { configuration, logger, roles, development, log, settings, metrics, tracing, life, services, at } = options;
  const upstreams = new Map<RoleName, Upstream>();
  const upstreamOf = (name: RoleName): Upstream => {
    const known = upstreams.get(name);
    if (known !== undefined) return known;
    const urls = roles.includes(name) ? [services.url] : addressesOf(configuration, name);
    const made = createUpstream(name, urls, { logger: loggerOf(logger, 'gateway') });
    upstreams.set(name, made);
    return made;
  };
  const overloads = new Overloads();
  const owned = describedEndpoints()
    .filter(({ endpoint }) => development || endpoint.embeddedOnly !== true)
    .map(({ owner, endpoint }) => ({ owner, endpoint: overloads.guarded(endpoint) }));
  const owners = new Map(owned.map(({ owner, endpoint }) => [endpoint, owner]));
  const gateway = await life.until('Kafka', () =>
    createGateway({
      endpoints: owned.map(({ endpoint }) => endpoint),
      forward: forwarding((endpoint) => upstreamOf(owners.get(endpoint) ?? 'operations'), overloads),
      jwks: services.jwks,
      metrics,
      tracing,
      log,
      logger: loggerOf(logger, 'gateway'),
      settings: () => settings.current,
      trustedProxies: configuration.TRUSTED_PROXIES,
      externalIssuer: externalIssuerOf(configuration),
      pages: pageSettingsOf(configuration),
    }),
  );
  life.ends(() => Promise.all([...upstreams.values()].map((each) => each.close())));
  life.ends(() => gateway.stop());
  return listen(gateway.server, at);
}
