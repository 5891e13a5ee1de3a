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

/** Whether the broker knows us not, or is not who it should be: waiting mends neither. */
export function isRefusal(error: unknown): boolean {
  return isAuthenticationFailure(error) || certificateFailure(error) !== undefined || wantsTls(error);
}

/** What the client says, which has no code of its own for it. */
function wantsTls(error: unknown): boolean {
  return withCauses(error).some(({ message }) => message === 'Broker requires TLS.');
}

function isAuthenticationFailure(error: unknown): boolean {
  return withCauses(error).some(({ code }) => code === 'PLT_KFK_AUTHENTICATION');
}

/** What OpenSSL and Node.js say of a certificate that they do not take. */
const certificateCodes =
  /^(ERR_TLS_CERT_ALTNAME_INVALID|(DEPTH_ZERO_)?SELF_SIGNED_CERT.*|UNABLE_TO_(GET_ISSUER_CERT|VERIFY_LEAF_SIGNATURE).*|CERT_.*)$/;

function certificateFailure(error: unknown): (Error & { readonly code: string }) | undefined {
  const isOne = (each: Coded): each is Error & { readonly code: string } => certificateCodes.test(each.code ?? '');
  return withCauses(error).find(isOne);
}

type Coded = Error & { readonly code?: string };

function withCauses(error: unknown): readonly Coded[] {
  if (!(error instanceof Error)) return [];
  const { errors = [] } = error as { readonly errors?: readonly Error[] };
  return [error, ...[...errors, error.cause].flatMap(withCauses)];
}

/** An error of the client with all its causes, in one line for people. */
export function explain(error: unknown): string {
  const answered = protocolError(error as Explained);
  if (isAuthenticationFailure(error)) {
    return `the user name or password is refused, or the mechanism is not offered (${answered?.apiId ?? 'authentication failed'})`;
  }
  const certificate = certificateFailure(error);
  if (certificate !== undefined) {
    const remedy =
      certificate.code === 'ERR_TLS_CERT_ALTNAME_INVALID'
        ? 'name the brokers in KAFKA_BROKERS as their certificates do'
        : 'name the file of the authority that signed it in KAFKA_TLS_CA';
    return `its certificate is not accepted (${certificate.message.replace(/\.$/, '')}); ${remedy}`;
  }
  if (wantsTls(error)) return 'it requires TLS; set KAFKA_TLS=true';
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
