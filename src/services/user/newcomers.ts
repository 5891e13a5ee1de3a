import { LRUCache } from 'lru-cache';
import type { Endpoint, Principal } from '../../runtime/http/endpoint.ts';
import type { ServiceRuntime } from '../../runtime/service-runtime.ts';
import { keepExternalAccount } from './accounts.ts';
import { emailField, localeField, nameField, phoneField } from './fields.ts';

/** Whose accounts are known to be there, with their roles. */
const knownMax = 50_000;
/** Looked at again after so long: tokens of others are good for hours, and an account may have been erased. */
const knownForMs = 300_000;

/**
 * People who sign in elsewhere and come here for the first time: their account is made of what their token says, before their
 * first request is answered. Roles follow the token each time they are others.
 */
export class Newcomers {
  readonly #service: ServiceRuntime;
  /** By user: the roles of the last token. Made for the first of them, for it takes its room at once and most houses have none. */
  #known: LRUCache<string, string> | undefined;

  constructor(service: ServiceRuntime) {
    this.#service = service;
  }

  /** The endpoint, behind which everybody has an account. */
  welcoming(endpoint: Endpoint): Endpoint {
    if (endpoint.who === 'anyone') return endpoint;
    return {
      ...endpoint,
      handle: async (call) => {
        const { principal, traceparent } = call as { readonly principal: Principal; readonly traceparent: string };
        if (principal.person !== undefined) await this.#welcome(principal, traceparent);
        return endpoint.handle(call);
      },
    };
  }

  async #welcome({ userId, roles, person }: Principal, traceparent: string): Promise<void> {
    this.#known ??= new LRUCache({ max: knownMax, ttl: knownForMs });
    const named = roles.join();
    if (this.#known.get(userId) === named) return;
    const account = {
      ...{ userId, roles },
      name: nameField.safeParse(person?.name ?? person?.email).data ?? 'Guest',
      email: emailField.safeParse(person?.email).data,
      phone: phoneField.safeParse(person?.phone).data,
      locale: localeField.safeParse(person?.locale).data,
    };
    await keepExternalAccount(this.#service, account, traceparent);
    this.#known.set(userId, named);
  }
}
