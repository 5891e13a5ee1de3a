import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * The smallest collector of OTLP over HTTP: it keeps the last traces in memory and shows them as text. For one machine; in
 * earnest, traces go to a collector and a store of their own.
 *
 *   GET /              the traces, the newest first
 *   GET /<trace id>    one trace: each span below the one it follows from, with its start and its length
 */
const tracesMax = 1_000;
const spansPerTraceMax = 1_000;
const bodyBytesMax = 16 * 1_048_576;
const listedMax = 100;

export interface Span {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
}

interface Exported {
  readonly resourceSpans?: readonly {
    readonly scopeSpans?: readonly { readonly spans?: readonly Span[] }[];
  }[];
}

export interface TraceView {
  readonly url: string;
  stop(): Promise<void>;
}

export async function startTraceView(): Promise<TraceView> {
  const traces = new Map<string, Span[]>();
  const server = createServer((request, response) => {
    const answer = (status: number, text: string, type = 'text/plain; charset=utf-8') =>
      response.writeHead(status, { 'content-type': type }).end(text);
    if (request.method === 'POST') {
      bodyOf(request).then(
        (body) => {
          keep(traces, JSON.parse(body) as Exported);
          answer(200, '{}', 'application/json');
        },
        (error: Error) => answer(400, error.message),
      );
      return;
    }
    const traceId = (request.url ?? '/').slice(1);
    const spans = traces.get(traceId);
    if (traceId === '') answer(200, listed(traces));
    else if (spans === undefined) answer(404, 'No such trace was recorded, or it is too long ago.\n');
    else answer(200, drawn(spans));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, stop: () => closed(server) };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > bodyBytesMax) throw new Error('too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function keep(traces: Map<string, Span[]>, { resourceSpans = [] }: Exported): void {
  for (const { scopeSpans = [] } of resourceSpans)
    for (const { spans = [] } of scopeSpans)
      for (const span of spans) {
        const known = traces.get(span.traceId) ?? [];
        if (known.length < spansPerTraceMax) known.push(span);
        traces.set(span.traceId, known);
      }
  // The oldest were begun first.
  for (const traceId of traces.keys()) {
    if (traces.size <= tracesMax) break;
    traces.delete(traceId);
  }
}

const startOf = (span: Span) => Number(BigInt(span.startTimeUnixNano) / 1_000n) / 1_000;
const endOf = (span: Span) => Number(BigInt(span.endTimeUnixNano) / 1_000n) / 1_000;

function listed(traces: ReadonlyMap<string, readonly Span[]>): string {
  const lines = [...traces]
    .slice(-listedMax)
    .reverse()
    .map(([traceId, spans]) => {
      const first = spans.reduce((a, b) => (startOf(b) < startOf(a) ? b : a));
      const ms = Math.max(...spans.map(endOf)) - startOf(first);
      return `${traceId}  ${String(spans.length).padStart(4)} spans ${ms.toFixed(1).padStart(9)} ms  ${first.name}`;
    });
  return `${lines.length === 0 ? 'Nothing was recorded yet.' : lines.join('\n')}\n`;
}

function drawn(spans: readonly Span[]): string {
  const ids = new Set(spans.map(({ spanId }) => spanId));
  const byParent = Map.groupBy(spans, ({ parentSpanId = '' }) => (ids.has(parentSpanId) ? parentSpanId : ''));
  const begin = Math.min(...spans.map(startOf));
  const lines: string[] = [];
  const draw = (parent: string, depth: number): void => {
    for (const span of (byParent.get(parent) ?? []).toSorted((a, b) => startOf(a) - startOf(b))) {
      const at = `+${(startOf(span) - begin).toFixed(1)}`.padStart(9);
      const length = (endOf(span) - startOf(span)).toFixed(1).padStart(9);
      lines.push(`${at} ms ${length} ms  ${'  '.repeat(depth)}${span.name}`);
      draw(span.spanId, depth + 1);
    }
  };
  draw('', 0);
  return `${lines.join('\n')}\n`;
}

function closed(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}
