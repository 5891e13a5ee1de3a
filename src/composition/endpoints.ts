import { checkEndpoints } from '../gateway/check-endpoints.ts';
import { operationsEndpoints } from '../gateway/operations-endpoints.ts';
import { type RoleName, readConfiguration } from '../runtime/configuration.ts';
import type { Endpoint } from '../runtime/http/endpoint.ts';
import type { ServiceRuntime } from '../runtime/service-runtime.ts';
import { definitions } from './services.ts';

/** An endpoint and whose it is. */
export interface OwnedEndpoint {
  readonly owner: RoleName;
  readonly endpoint: Endpoint;
}

/**
 * The endpoints of all services, for whoever passes requests on or describes them: none of these can be called. Endpoints
 * ask no more than the configuration of their service while they are made.
 */
export function describedEndpoints(): readonly OwnedEndpoint[] {
  const service = { configuration: readConfiguration({}) } as unknown as ServiceRuntime;
  const nobody = undefined as never;
  return [
    ...definitions.flatMap(({ name, endpoints }) =>
      (endpoints?.(service) ?? []).map((endpoint) => ({ owner: name, endpoint })),
    ),
    ...[...operationsEndpoints(nobody), ...checkEndpoints(nobody)].map((endpoint) => ({
      owner: 'operations' as const,
      endpoint,
    })),
  ];
}
