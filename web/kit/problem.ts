/** A no of the server (RFC 9457), or that it could not be asked. */
export class Problem extends Error {
  override readonly name = 'Problem';
  /** 0: nobody answered. */
  readonly status: number;
  readonly code: string;
  /** What is wrong with which field, by JSON pointer. */
  readonly fields: ReadonlyMap<string, string>;
  readonly retryAfterMs: number;
  readonly body: ProblemBody;

  constructor(status: number, body: ProblemBody, retryAfterMs = 0) {
    super(body.detail ?? body.title ?? 'The server said no.');
    this.status = status;
    this.body = body;
    this.code = body.code ?? 'unknown';
    this.fields = new Map((body.errors ?? []).map(({ pointer, message }) => [pointer, message]));
    this.retryAfterMs = retryAfterMs;
  }

  /** Whether the same may be asked again: nothing was decided, or it is being stored at this moment. */
  get isPassing(): boolean {
    return passingStatuses.has(this.status) || this.code === 'request_in_progress';
  }
}

const passingStatuses: ReadonlySet<number> = new Set([0, 429, 502, 503, 504]);

export interface ProblemBody {
  readonly title?: string;
  readonly detail?: string;
  readonly code?: string;
  readonly errors?: readonly { readonly pointer: string; readonly code?: string; readonly message: string }[];
  /** When and where a ticket was used. */
  readonly admittedAt?: string;
  readonly gate?: string;
  /** Which show a ticket is for. */
  readonly showId?: string;
  /** Seats that are not free. */
  readonly offending?: readonly string[];
  /** Shows that are in the way. */
  readonly shows?: readonly string[];
}

export const unreachable = () =>
  new Problem(0, { code: 'unreachable', detail: 'The server cannot be reached. Check your connection.' });

/** What to show while the same is asked again. */
export const tryingAgain = (why: Problem) => `${messageOf(why)} Trying again …`;

/** What to show of whatever was thrown. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Problem)) return 'Something went wrong on this page. Load it again.';
  // What the server says of a missing token is for programs.
  if (error.code === 'unauthenticated') return 'You are signed out. Sign in to go on.';
  const fields = [...error.fields].map(([pointer, message]) => `${pointer.slice(1)}: ${message}`);
  return fields.length > 0 ? fields.join('; ') : error.message;
}
