import { once } from 'node:events';
import { request } from 'undici';
import type { Dependency } from '../gateway/admin-server.ts';
import {
  addressesOf,
  type Configuration,
  databaseAsNamed,
  databaseUrlOf,
  variableOf,
} from '../runtime/configuration.ts';
import { enter } from '../runtime/store/postgres/databases.ts';
import { databasesOf, forwardedTo, type Role } from './roles.ts';

/** Whoever asks `/readyz` waits no longer than three seconds. */
const answerWithinMs = 2_000;
/** Looked at again so long after the last look, however often `/readyz` is asked. */
const lookAgainAfterMs = 3_000;

/**
 * What a process asks of others beside Kafka and the databases of its own services: who answers operators asks all databases,
 * the gateway asks the services. Without some of them the others are asked all the same; where not one answers, and no service
 * runs here, nothing is left to be done.
 */
export function dependenciesElsewhere(configuration: Configuration, roles: readonly Role[]): readonly Dependency[] {
  const isOperations = roles.includes('operations');
  const databases = isOperations
    ? databasesOf(configuration, roles).filter((name) => name === 'sandbox' || !roles.includes(name))
    : [];
  const services = roles.includes('gateway') ? forwardedTo(roles) : [];
  const answering = new Map<string, boolean>();
  const hasServices = roles.some((role) => role !== 'operations' && role !== 'gateway');
  const looked = (name: string, look: Look): Dependency => {
    const trouble = nowAndThen(() => troubleOf(look));
    return {
      name,
      trouble: async () => {
        const reason = await trouble();
        answering.set(name, reason === undefined);
        return reason;
      },
      degrades: () => hasServices || [...answering.values()].includes(true),
    };
  };
  return [
    ...databases.map((name) =>
      looked(databaseAsNamed(configuration, name), () => enter(databaseUrlOf(configuration, name) ?? '')),
    ),
    ...services.map((name) =>
      looked(`the HTTP side of ${name} (${variableOf(name)})`, (signal) =>
        lookAtAny(addressesOf(configuration, name), signal),
      ),
    ),
  ];
}

/** Whoever asks meanwhile has the same answer. */
function nowAndThen<Answer>(look: () => Promise<Answer>): () => Promise<Answer> {
  let last: { readonly at: number; readonly answer: Promise<Answer> } | undefined;
  return () => {
    const at = performance.now();
    if (last === undefined || at - last.at > lookAgainAfterMs) last = { at, answer: look() };
    return last.answer;
  };
}

type Look = (signal: AbortSignal) => Promise<unknown>;

/** Why it cannot be relied on; `undefined` where it answers. */
async function troubleOf(look: Look): Promise<string | undefined> {
  const signal = AbortSignal.timeout(answerWithinMs);
  const answer = look(signal).then(
    () => undefined,
    ({ message }: Error) => `it does not answer: ${message}`,
  );
  const late = once(signal, 'abort').then(() => undefined);
  const reason = await Promise.race([answer, late]);
  return signal.aborted ? `it does not answer: not within ${answerWithinMs / 1_000} s` : reason;
}

/** Any one of them is enough. */
async function lookAtAny(urls: readonly string[], signal: AbortSignal): Promise<void> {
  await Promise.any(urls.map((url) => lookAt(url, signal))).catch(({ errors }: AggregateError) => {
    throw new Error((errors as readonly Error[]).map(({ message }) => message).join('; '));
  });
}

/** Whatever is answered, somebody listens there. */
async function lookAt(url: string, signal: AbortSignal): Promise<void> {
  try {
    const { body } = await request(`${url}/livez`, { signal, reset: true });
    await body.dump();
  } catch (cause) {
    const { message, code } = cause as NodeJS.ErrnoException;
    // Of several addresses of a name only the code tells.
    throw new Error(`${url}: ${message === '' ? code : message}`, { cause });
  }
}
