/**
 * How an event travels: CloudEvents 1.0 Kafka protocol binding, binary content mode. Attributes are `ce_` headers, the
 * value is JSON, `traceparent` is W3C Trace Context.
 */
export interface Envelope<Data = unknown> {
  /** `<stream>/<stream version>`: unique with the source. */
  readonly id: string;
  readonly type: string;
  /** Major version of the payload's schema. */
  readonly version: number;
  /** The producing service. */
  readonly source: string;
  /** Milliseconds since 1970. */
  readonly time: number;
  /** The bookingId, or the showId for facts about the whole show. */
  readonly subject: string;
  readonly streamVersion: number;
  readonly causationId: string;
  readonly correlationId: string;
  readonly traceparent: string | undefined;
  /** The producer's own count in this topic partition; `undefined` for a producer that keeps none. */
  readonly sequence: number | undefined;
  /** Raised when the producer's database was restored. */
  readonly timeline: number;
  /** `null` is a tombstone: on a compacted topic the key is gone. */
  readonly data: Data | null;
}

export type Headers = Readonly<Record<string, string>>;

/** Before the name of one of our services in `ce_source`. */
export const sourcePrefix = '/fullhouse/';

export function toHeaders(envelope: Envelope): Headers {
  const headers: Record<string, string> = {
    ce_specversion: '1.0',
    ce_id: envelope.id,
    ce_type: envelope.type,
    ce_source: sourcePrefix + envelope.source,
    ce_time: new Date(envelope.time).toISOString(),
    ce_subject: envelope.subject,
    ce_dataversion: String(envelope.version),
    ce_streamversion: String(envelope.streamVersion),
    ce_causationid: envelope.causationId,
    ce_correlationid: envelope.correlationId,
    ce_timeline: String(envelope.timeline),
    'content-type': 'application/json',
  };
  if (envelope.sequence !== undefined) headers['ce_sequence'] = String(envelope.sequence);
  if (envelope.traceparent !== undefined) headers['traceparent'] = envelope.traceparent;
  return headers;
}

/** Why a record cannot be read; `reason` is what `fullhouse parked` shows. */
export class UnreadableRecord extends Error {
  override readonly name = 'UnreadableRecord';
  readonly code = 'unreadable_record';
  readonly retryable = false;
  readonly reason: 'bad_envelope' | 'unknown_type' | 'unsupported_version' | 'undecodable' | 'schema_invalid';
  constructor(reason: UnreadableRecord['reason'], message: string) {
    super(message);
    this.reason = reason;
  }
}

const traceparentSyntax = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;

/**
 * Reads the headers of a record; a foreign producer may leave out all but `ce_id`, `ce_type`, `ce_source` and
 * `ce_subject`. Throws `UnreadableRecord` (`bad_envelope`).
 */
export function fromHeaders(headers: Headers): Omit<Envelope, 'data'> {
  const required = (name: string): string => {
    const value = headers[`ce_${name}`];
    if (value === undefined || value === '') throw new UnreadableRecord('bad_envelope', `header ce_${name} is missing`);
    return value;
  };
  const count = (name: string, least: number): number | undefined => {
    const text = headers[`ce_${name}`];
    if (text === undefined) return undefined;
    const value = Number(text);
    if (!Number.isSafeInteger(value) || value < least) {
      throw new UnreadableRecord(
        'bad_envelope',
        `header ce_${name} must be a whole number from ${least}, not "${text}"`,
      );
    }
    return value;
  };
  const id = required('id');
  const source = required('source');
  const time = headers['ce_time'] === undefined ? 0 : Date.parse(headers['ce_time']);
  if (Number.isNaN(time)) throw new UnreadableRecord('bad_envelope', 'header ce_time is not an RFC 3339 time');
  const traceparent = headers['traceparent'];
  return {
    id,
    type: required('type'),
    version: count('dataversion', 1) ?? 1,
    source: source.startsWith(sourcePrefix) ? source.slice(sourcePrefix.length) : source,
    time,
    subject: required('subject'),
    streamVersion: count('streamversion', 0) ?? 0,
    causationId: headers['ce_causationid'] ?? id,
    correlationId: headers['ce_correlationid'] ?? required('subject'),
    traceparent: traceparent !== undefined && traceparentSyntax.test(traceparent) ? traceparent : undefined,
    sequence: count('sequence', 1),
    timeline: count('timeline', 1) ?? 1,
  };
}
