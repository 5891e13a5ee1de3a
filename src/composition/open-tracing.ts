import type { Settings } from '../contracts/settings.ts';
import type { Configuration } from '../runtime/configuration.ts';
import { noTracing, type Tracing } from '../runtime/telemetry/tracing.ts';

/** Traces go where `OTEL_EXPORTER_OTLP_ENDPOINT` says; without it nothing is recorded. */
export async function openTracing(
  configuration: Configuration,
  options: { readonly serviceName: string; readonly settings: () => Settings },
): Promise<Tracing> {
  const { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_SERVICE_NAME: serviceName = options.serviceName } = configuration;
  if (endpoint === undefined) return noTracing;
  // Only who exports traces needs the exporter in memory.
  const { createTracing } = await import('../runtime/telemetry/open-telemetry.ts');
  return createTracing({ endpoint, serviceName, ratio: () => options.settings().traceSampleRatio });
}
