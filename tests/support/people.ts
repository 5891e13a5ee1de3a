import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { Client } from './client.ts';
import type { RunningApp } from './servers.ts';

/** More than any test asks for in a minute. */
const unlimited = 10_000_000;

/** Lets few people, at one address, ask as often as many would. */
export async function liftRateLimits(admin: Client): Promise<void> {
  for (const key of ['rateLimitPerUser', 'rateLimitPerAddress']) {
    const body = { value: unlimited, why: 'a few people ask for everybody' };
    assert.equal((await admin.call('PUT', `/v1/settings/${key}`, { body })).status, 200);
  }
}

/** Somebody with an account, signed in. */
export interface Person {
  readonly userId: string;
  readonly name: string;
  readonly email: string;
  readonly password: string;
  readonly client: Client;
}

/** A user as the API shows it. */
export interface User {
  readonly userId: string;
  readonly name: string;
  readonly email?: string;
  readonly phone?: string;
  readonly locale: string;
  readonly roles: readonly string[];
}

export interface PersonOptions {
  readonly name?: string;
  readonly phone?: string;
  readonly locale?: string;
  /** Given by the administrator before signing in. */
  readonly roles?: readonly string[];
}

/** Registers somebody new, with other roles than a customer's where some are named. */
export async function newPerson({ anyone, admin }: RunningApp, options: PersonOptions = {}): Promise<Person> {
  const { name = 'Ada Lovelace', roles, ...more } = options;
  const email = `${randomUUID()}@example.com`;
  const password = 'correct horse battery';
  const { status, body } = await anyone.post<{ userId: string }>('/v1/users', { name, email, password, ...more });
  if (status !== 201) throw new Error(`cannot register: ${status} ${JSON.stringify(body)}`);
  const { userId } = body;
  if (roles !== undefined) {
    const changed = await admin.call('PATCH', `/v1/users/${userId}`, { body: { roles } });
    if (changed.status !== 200) throw new Error(`cannot change roles: ${changed.status}`);
  }
  return { userId, name, email, password, client: await anyone.signIn(email, password) };
}
