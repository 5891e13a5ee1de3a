import {
  type Attributes,
  type Context,
  type Link,
  ROOT_CONTEXT,
  type Span,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor, type Sampler, SamplingDecision, TracerProvider } from '@opentelemetry/sdk-trace';
import {
  ATTR_DB_OPERATION_BATCH_SIZE,
  ATTR_DB_OPERATION_NAME,
  ATTR_DB_SYSTEM_NAME,
  ATTR_HTTP_REQUEST_METHOD,
  ATTR_HTTP_RESPONSE_STATUS_CODE,
  ATTR_HTTP_ROUTE,
  ATTR_SERVICE_NAME,
  DB_SYSTEM_NAME_VALUE_POSTGRESQL,
} from '@opentelemetry/semantic-conventions';
import {
  ATTR_MESSAGING_BATCH_MESSAGE_COUNT,
  ATTR_MESSAGING_CONSUMER_GROUP_NAME,
  ATTR_MESSAGING_DESTINATION_NAME,
  ATTR_MESSAGING_DESTINATION_PARTITION_ID,
  ATTR_MESSAGING_MESSAGE_ID,
  ATTR_MESSAGING_OPERATION_NAME,
  ATTR_MESSAGING_OPERATION_TYPE,
  ATTR_MESSAGING_SYSTEM,
} from '@opentelemetry/semantic-conventions/incubating';
import type { EffectSpan, MessageAbout, TracedBatch, Tracing } from './tracing.ts';

/**
 * The OpenTelemetry driver: the one file that knows its names (semantic conventions for HTTP, messaging and databases).
 */
const spansQueuedMax = 20_000;
const exportDelayMs = 1_000;
const scope = 'fullhouse';

export interface TracingOptions {
  /** An OTLP endpoint (HTTP): `/v1/traces` is added. */
  readonly endpoint: string;
  readonly serviceName: string;
  /** Share of new traces that are recorded, 0 to 1; asked for each. */
  readonly ratio: () => number;
}

export function createTracing({ endpoint, serviceName, ratio }: TracingOptions): Tracing {
  const exporter = new OTLPTraceExporter({ url: `${endpoint.replace(/\/+$/, '')}/v1/traces` });
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ [ATTR_SERVICE_NAME]: serviceName }),
    sampler: samplerOf(ratio),
    spanProcessors: [
      new BatchSpanProcessor({ exporter, maxQueueSize: spansQueuedMax, scheduledDelayMillis: exportDelayMs }),
    ],
  });
  const tracer = provider.getTracer(scope);
  return {
    isOn: true,
    request: ({ traceparent, method }) => {
      const span = tracer.startSpan(
        method,
        { kind: SpanKind.SERVER, attributes: { [ATTR_HTTP_REQUEST_METHOD]: method } },
        contextOf(traceparent),
      );
      return {
        traceparent: traceparentOf(span.spanContext()),
        end: (route, status) => endRequest(span, route, status),
      };
    },
    message: (traceparent, about) => {
      if (!isSampled(traceparent)) return undefined;
      const span = tracer.startSpan(
        `process ${about.from}`,
        { kind: SpanKind.CONSUMER, attributes: attributesOf(about) },
        contextOf(traceparent),
      );
      return {
        traceparent: traceparentOf(span.spanContext()),
        context: span.spanContext(),
        end: (batch, together) => endMessage(tracer, span, { batch, together }),
      };
    },
    effect: (traceparent, type) => (isSampled(traceparent) ? effectSpan(tracer, traceparent, type) : undefined),
    stop: () => provider.shutdown(),
  };
}

/** A trace goes on as it began; a new one is recorded as often as the ratio says, by its id. */
function samplerOf(ratio: () => number): Sampler {
  const decide = (context: Context, traceId: string): boolean => {
    const parent = trace.getSpanContext(context);
    if (parent !== undefined) return (parent.traceFlags & 1) === 1;
    return Number.parseInt(traceId.slice(-8), 16) / 0xffff_ffff < ratio();
  };
  return {
    shouldSample: (context, traceId) => ({
      decision: decide(context, traceId) ? SamplingDecision.RECORD_AND_SAMPLED : SamplingDecision.NOT_RECORD,
    }),
    toString: () => 'FullhouseSampler',
  };
}

function effectSpan(tracer: Tracer, traceparent: string | undefined, type: string): EffectSpan {
  const span = tracer.startSpan(`effect ${type}`, { kind: SpanKind.CLIENT }, contextOf(traceparent));
  return {
    end: (error) => {
      if (error !== undefined) span.setStatus({ code: SpanStatusCode.ERROR, message: error.name });
      span.end();
    },
  };
}

function endRequest(span: Span, route: string, status: number): void {
  span.updateName(route);
  span.setAttributes({ [ATTR_HTTP_ROUTE]: route, [ATTR_HTTP_RESPONSE_STATUS_CODE]: status });
  if (status >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
  span.end();
}

function endMessage(
  tracer: Tracer,
  span: Span,
  { batch, together }: { readonly batch: TracedBatch; readonly together: readonly Link[] },
): void {
  const { spanId } = span.spanContext();
  const commit = tracer.startSpan(
    `commit ${batch.service}`,
    {
      kind: SpanKind.CLIENT,
      startTime: batch.commitBegan,
      links: together.filter(({ context }) => context.spanId !== spanId),
      attributes: {
        [ATTR_DB_SYSTEM_NAME]: DB_SYSTEM_NAME_VALUE_POSTGRESQL,
        [ATTR_DB_OPERATION_NAME]: 'commit',
        [ATTR_DB_OPERATION_BATCH_SIZE]: batch.events,
        [ATTR_MESSAGING_BATCH_MESSAGE_COUNT]: batch.inputs,
      },
    },
    trace.setSpan(ROOT_CONTEXT, span),
  );
  commit.end();
  span.end();
}

function attributesOf({ service, from, partition, type, id }: MessageAbout): Attributes {
  return {
    [ATTR_MESSAGING_SYSTEM]: 'kafka',
    [ATTR_MESSAGING_OPERATION_NAME]: 'process',
    [ATTR_MESSAGING_OPERATION_TYPE]: 'process',
    [ATTR_MESSAGING_DESTINATION_NAME]: from,
    [ATTR_MESSAGING_DESTINATION_PARTITION_ID]: String(partition),
    [ATTR_MESSAGING_MESSAGE_ID]: id,
    [ATTR_MESSAGING_CONSUMER_GROUP_NAME]: `fullhouse-${service}`,
    'fullhouse.service': service,
    'fullhouse.type': type,
  };
}

/** W3C Trace Context, version 00: `00-<trace id>-<span id>-<flags>`. */
function isSampled(traceparent: string | undefined): traceparent is string {
  return traceparent !== undefined && (Number.parseInt(traceparent.slice(-2), 16) & 1) === 1;
}

function contextOf(traceparent: string | undefined): Context {
  const [, traceId, spanId, flags] = traceparent?.split('-') ?? [];
  if (traceId === undefined || spanId === undefined) return ROOT_CONTEXT;
  const parent: SpanContext = { traceId, spanId, traceFlags: Number.parseInt(flags ?? '00', 16) & 1, isRemote: true };
  return trace.setSpanContext(ROOT_CONTEXT, parent);
}

function traceparentOf({ traceId, spanId, traceFlags }: SpanContext): string {
  return `00-${traceId}-${spanId}-0${traceFlags & 1}`;
}
