/**
 * Problem details (RFC 9457): what a client is told when something is refused. One catalogue of codes, one class.
 */
export const problemCodes = {
  malformed_json: { status: 400, title: 'The body is not JSON' },
  idempotency_key_missing: { status: 400, title: 'An Idempotency-Key is required' },
  idempotency_key_invalid: { status: 400, title: 'The Idempotency-Key cannot be used' },
  bad_request: { status: 400, title: 'The request cannot be read' },
  unauthenticated: { status: 401, title: 'A valid access token is required' },
  token_expired: { status: 401, title: 'The access token has expired' },
  bad_credentials: { status: 401, title: 'E-mail or password is wrong' },
  bad_signature: { status: 401, title: 'The signature does not match' },
  forbidden: { status: 403, title: 'This needs another role' },
  not_found: { status: 404, title: 'There is no such thing here' },
  method_not_allowed: { status: 405, title: 'This resource does not take that method' },
  request_timeout: { status: 408, title: 'The request did not come in time' },
  conflict: { status: 409, title: 'The state of the resource does not allow this' },
  request_in_progress: { status: 409, title: 'The first request with this key is still being stored' },
  email_taken: { status: 409, title: 'The e-mail address is registered already' },
  seats_unavailable: { status: 409, title: 'Some seats are not free' },
  waiting_room: { status: 409, title: 'It is not your turn yet' },
  price_changed: { status: 409, title: 'The price has changed' },
  cancellation_closed: { status: 409, title: 'It is too late to cancel' },
  already_admitted: { status: 409, title: 'The ticket was used already' },
  wrong_show: { status: 409, title: 'The ticket is for another show' },
  ticket_given: { status: 409, title: 'The ticket was given to somebody else' },
  ticket_void: { status: 409, title: 'The ticket is void' },
  payload_too_large: { status: 413, title: 'The body is too large' },
  unsupported_media_type: { status: 415, title: 'The body must be application/json' },
  validation_failed: { status: 422, title: 'The request has wrong fields' },
  idempotency_key_reused: { status: 422, title: 'The Idempotency-Key was used for another request' },
  code_invalid: { status: 422, title: 'The ticket code is not genuine' },
  rate_limited: { status: 429, title: 'Too many requests' },
  header_fields_too_large: { status: 431, title: 'The headers are too large' },
  internal: { status: 500, title: 'Something went wrong here' },
  overloaded: { status: 503, title: 'Too busy at the moment' },
  unavailable: { status: 503, title: 'A part of the service is not available' },
  payment_method_off: { status: 503, title: 'This way to pay is switched off' },
} as const;

export type ProblemCode = keyof typeof problemCodes;

/** One wrong field: where (RFC 6901 pointer), what and how to mend it. */
export interface FieldError {
  readonly pointer: string;
  readonly code: string;
  readonly message: string;
}

/** An answer that says no. `detail` is a sentence for the person at the other end: the field and the fix. */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly code: ProblemCode;
  readonly status: number;
  readonly errors: readonly FieldError[] | undefined;
  readonly retryAfterSeconds: number | undefined;
  /** Members beside the standard ones, such as when a ticket was used. */
  readonly extensions: Readonly<Record<string, unknown>>;

  constructor(
    code: ProblemCode,
    detail: string,
    more: {
      errors?: readonly FieldError[];
      retryAfterSeconds?: number;
      extensions?: Readonly<Record<string, unknown>>;
      cause?: unknown;
    } = {},
  ) {
    super(detail, { cause: more.cause });
    this.code = code;
    this.status = problemCodes[code].status;
    this.errors = more.errors;
    this.retryAfterSeconds = more.retryAfterSeconds;
    this.extensions = more.extensions ?? {};
  }

  get retryable(): boolean {
    return this.status === 429 || this.status === 503;
  }
}

/** A wrong field of the input. */
export function invalid(pointer: string, code: string, message: string): Problem {
  return new Problem('validation_failed', `${pointer}: ${message}`, { errors: [{ pointer, code, message }] });
}

/** Somebody else's thing and a missing thing look the same. */
export function notFound(what: string): Problem {
  return new Problem('not_found', `There is no such ${what}. Check the id.`);
}

/** The URI that names a kind of problem. */
export function typeOf(code: ProblemCode): string {
  return `https://fullhouse.dev/problems/${code}`;
}
