import { definitions } from '../app.ts';
import { asyncApi } from '../contracts/async-api.ts';
import { apiInfo } from '../gateway/gateway.ts';
import { availabilityStream } from '../gateway/availability-stream.ts';
import { openApiOf } from '../runtime/http/openapi.ts';
import type { ServiceRuntime } from '../runtime/service-runtime.ts';

/** The generated descriptions of the outside, by the file under `docs/api/` that holds each. */
export function descriptions(): Readonly<Record<string, unknown>> {
  // Endpoints are described without being called: they ask their service for nothing while they are made.
  const nobody = {} as ServiceRuntime;
  const endpoints = definitions.flatMap((definition) => definition.endpoints?.(nobody) ?? []);
  return {
    'openapi.json': openApiOf([...endpoints, availabilityStream(undefined as never)], apiInfo),
    'asyncapi.json': asyncApi({ ...apiInfo, title: 'Fullhouse topics' }),
  };
}
