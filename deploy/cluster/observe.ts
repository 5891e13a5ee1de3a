import type { Configuration } from '../../src/runtime/configuration.ts';
import { freePorts } from './ports.ts';
import { startPrometheus, type Target, whyNoPrometheus } from './prometheus.ts';
import { startTraceView } from './trace-view.ts';

/** What `npm run cluster -- --observe` adds to a local cluster. */
interface Watching {
  readonly onLine: (line: string) => void;
  readonly ends: (step: () => Promise<unknown>) => void;
}

/** Where traces go: where the environment says, else to a view of our own. */
export async function traced(
  { OTEL_EXPORTER_OTLP_ENDPOINT: given }: Configuration,
  { onLine, ends }: Watching,
): Promise<{ readonly OTEL_EXPORTER_OTLP_ENDPOINT?: string }> {
  if (given !== undefined) return {};
  const view = await startTraceView();
  ends(() => view.stop());
  onLine(`${'traces'.padEnd(18)} ${view.url}`);
  return { OTEL_EXPORTER_OTLP_ENDPOINT: view.url };
}

/** Starts a Prometheus where there is one; says so where there is none. */
export async function scraped({
  directory,
  targets,
  onLine,
  ends,
}: Watching & { readonly directory: string; readonly targets: readonly Target[] }): Promise<string | undefined> {
  const reason = await whyNoPrometheus();
  if (reason !== undefined) {
    onLine(`${'prometheus'.padEnd(18)} not started: ${reason}`);
    return undefined;
  }
  const [port = 0] = await freePorts(1);
  const prometheus = await startPrometheus({ directory, port, targets });
  ends(() => prometheus.stop());
  onLine(`${'prometheus'.padEnd(18)} ${prometheus.url} (${targets.length} targets)`);
  return prometheus.url;
}
