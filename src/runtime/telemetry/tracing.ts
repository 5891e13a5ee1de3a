import type { Link, SpanContext } from '@opentelemetry/api';

/**
 * The tracing port. Drivers: OpenTelemetry (`open-telemetry.ts`), and none.
 *
 * A trace goes from the HTTP request through every topic: the `traceparent` header of an event (W3C Trace Context) names
 * the span of the message it was decided from, so a handled message is the child of the one before it. What was not
 * sampled at its root costs a look at one flag.
 */
export interface Tracing {
  /** Whether anything is recorded at all. */
  readonly isOn: boolean;
  /** A request came in, perhaps within a trace of its caller's. */
  request(about: { readonly traceparent: string | undefined; readonly method: string }): RequestSpan | undefined;
  /** A message is being handled; `undefined` where its trace is not recorded. */
  message(traceparent: string | undefined, about: MessageAbout): MessageSpan | undefined;
  /** Something outside is asked; `undefined` where its trace is not recorded. */
  effect(traceparent: string | undefined, type: string): EffectSpan | undefined;
  /** Sends what is left. */
  stop(): Promise<void>;
}

/** The id of a trace (W3C Trace Context): the one id of a request in problems, lines of the log and spans. */
export function traceIdOf(traceparent: string): string;
export function traceIdOf(traceparent: string | undefined): string | undefined;
export function traceIdOf(traceparent: string | undefined): string | undefined {
  return traceparent?.slice(3, 35);
}

export interface MessageAbout {
  readonly service: string;
  /** The topic, or where else a message comes from. */
  readonly from: string;
  readonly partition: number;
  readonly type: string;
  readonly id: string;
}

export interface RequestSpan {
  readonly traceparent: string;
  end(route: string, status: number): void;
}

export interface EffectSpan {
  end(error?: Error): void;
}

export interface MessageSpan {
  /** What follows from the message belongs here. */
  readonly traceparent: string;
  readonly context: SpanContext;
  /** The batch it was part of is committed; `together` are the recorded messages of the same commit. */
  end(batch: TracedBatch, together: readonly Link[]): void;
}

/** A batch that was committed. */
export interface TracedBatch {
  readonly service: string;
  readonly inputs: number;
  readonly events: number;
  /** When it began to commit: milliseconds since 1970. */
  readonly commitBegan: number;
}

export const noTracing: Tracing = {
  isOn: false,
  request: () => undefined,
  message: () => undefined,
  effect: () => undefined,
  stop: async () => undefined,
};

/** Spans that a commit's span is linked to. */
const linksMax = 32;

/** Ends the messages of a batch. Each gets the commit it shared as a child, linked to the others it shared it with. */
export function endBatch(spans: readonly MessageSpan[], batch: TracedBatch): void {
  const together = spans.slice(0, linksMax).map(({ context }) => ({ context }));
  for (const span of spans) span.end(batch, together);
}
