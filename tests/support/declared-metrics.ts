import { definitions } from '../../src/composition/services.ts';
import { Metrics } from '../../src/runtime/telemetry/metrics.ts';

/** Every metric that a process has, by the name it is declared with. */
export async function declaredMetrics(): Promise<ReadonlySet<string>> {
  const metrics = new Metrics();
  metrics.relies(async () => []);
  const nothing = { tasks: () => 0, queued: () => 0, parked: () => 0, deadlines: () => 0, effectsOpen: () => 0 };
  for (const { name: service, measures = [], gauges = [] } of definitions) {
    const declared = gauges.map((each) => ({ ...each, read: async () => [] }));
    const quiet = { gauges: declared, tellsGauges: () => false, breakers: () => [], lag: async () => [] };
    metrics.observe({ service, measures, ...nothing, ...quiet });
  }
  return new Set((await metrics.registry.getMetricsAsJSON()).map(({ name }) => name));
}
