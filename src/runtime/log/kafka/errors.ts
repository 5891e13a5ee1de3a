import { type GenericError, protocolErrors, protocolErrorsCodesById } from '@platformatic/kafka';

/** What is wrong with the installation's topics or its access to them: nothing that waiting mends. */
export class KafkaRefused extends Error {
  override readonly name = 'KafkaRefused';
  readonly code = 'kafka_refused';
  readonly retryable = false;
}

/** A record that the log does not take, however often it is asked. */
export class RecordTooLarge extends Error {
  override readonly name = 'RecordTooLarge';
  readonly code = 'record_too_large';
  readonly retryable = false;
}

/** Kafka's name of an error code, such as `NOT_LEADER_OR_FOLLOWER`. */
export function errorName(code: number): string {
  return (protocolErrorsCodesById as Readonly<Record<number, string>>)[code] ?? `error ${code}`;
}

/** Whether Kafka itself calls an error one that passes. */
export function isPassing(code: number): boolean {
  return (protocolErrors as Readonly<Record<string, { canRetry: boolean }>>)[errorName(code)]?.canRetry === true;
}

interface Explained extends Error {
  readonly errors?: readonly Error[];
  readonly apiId?: string;
  readonly serverErrorMessage?: string | null;
}

/** The answer that came with an error: it says which of its parts failed. `undefined` where nothing was answered. */
export function responseOf<Response>(error: unknown): Response | undefined {
  const { response, cause } = error as GenericError & { readonly response?: Response };
  return response ?? (cause instanceof Error ? responseOf<Response>(cause) : undefined);
}

/** The error that Kafka answered with; `undefined` for a connection that failed. */
export function answeredWith(error: unknown): string | undefined {
  return protocolError(error as Explained)?.apiId;
}

function protocolError(error: Explained): Explained | undefined {
  if (error.apiId !== undefined) return error;
  for (const inner of [...(error.errors ?? []), error.cause]) {
    const found = inner instanceof Error ? protocolError(inner as Explained) : undefined;
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Whether the broker knows us not, which waiting does not mend. */
export function isAuthenticationFailure(error: unknown): boolean {
  const { code, cause, errors } = error as GenericError & { readonly errors?: readonly Error[] };
  if (code === 'PLT_KFK_AUTHENTICATION') return true;
  return [cause, ...(errors ?? [])].some((inner) => inner instanceof Error && isAuthenticationFailure(inner));
}

/** An error of the client with all its causes, in one line for people. */
export function explain(error: unknown): string {
  const answered = protocolError(error as Explained);
  if (isAuthenticationFailure(error)) {
    return `the user name or password is refused, or the mechanism is not offered (${answered?.apiId ?? 'authentication failed'})`;
  }
  if (answered?.apiId !== undefined) {
    return `${answered.apiId}: ${answered.serverErrorMessage || answered.message}`;
  }
  const lines: string[] = [];
  const collect = (each: unknown): void => {
    if (!(each instanceof Error)) return;
    const inner = each instanceof AggregateError ? each.errors : [];
    if (inner.length === 0 && each.message !== '' && !lines.includes(each.message)) lines.push(each.message);
    for (const one of inner) collect(one);
    collect(each.cause);
  };
  collect(error);
  return lines.map((line) => line.replace(/\.$/, '')).join(': ') || String(error);
}
