import { z } from 'zod';
import { userId } from '../../contracts/ids.ts';
import { type Endpoint, endpoint, roles } from '../../runtime/http/endpoint.ts';
import { networkOf } from '../../runtime/http/network.ts';
import { Problem } from '../../runtime/http/problem.ts';
import type { ServiceRuntime } from '../../runtime/service-runtime.ts';
import { addAccount, changeProfile, changeRoles, eraseAccount, userNow, userOf } from './accounts.ts';
import { emailField, localeField, nameField, passwordField, phoneField, rolesField } from './fields.ts';
import * as projection from './projection.ts';

/** Accounts: registering, one's own profile, and roles. */

const user = z.object({
  userId,
  name: z.string(),
  email: z.string().optional(),
  phone: z.string().optional(),
  locale: z.string(),
  roles: z.array(z.string()),
});

export function accountEndpoints(service: ServiceRuntime): readonly Endpoint[] {
  return [
    register(service),
    findUsers(service),
    setRoles(service),
    readMe(service),
    changeMe(service),
    eraseMe(service),
  ];
}

function register(service: ServiceRuntime): Endpoint {
  return endpoint({
    method: 'POST',
    path: '/users',
    summary: 'Register as a customer.',
    tag: 'users',
    who: 'anyone',
    body: z.strictObject({
      name: nameField,
      email: emailField,
      phone: phoneField.optional(),
      password: passwordField,
      locale: localeField.optional(),
    }),
    example: { name: 'Ada Lovelace', email: 'ada@example.org', password: 'a long one nobody guesses' },
    answers: { 201: { says: 'The account; sign in with POST /sessions.', body: user } },
    problems: ['email_taken', 'validation_failed'],
    async handle({ body, request, traceparent }) {
      // Told before the password is hashed, which is the expensive part; the unique address decides the race.
      if ((await projection.userByEmail(service, body.email)) !== undefined) {
        throw new Problem('email_taken', 'This e-mail address is registered already. Sign in, or reset the password.');
      }
      const account = { ...body, roles: ['customer'] as const };
      const added = await addAccount(service, account, { asker: networkOf(request.ip), traceparent });
      return { status: 201, body: added, headers: { location: `/v1/users/${added.userId}` } };
    },
  });
}

function findUsers(service: ServiceRuntime): Endpoint {
  return endpoint({
    method: 'GET',
    path: '/users',
    summary: 'Find a user by e-mail address, to change their roles.',
    tag: 'users',
    who: ['admin'],
    query: z.strictObject({ email: emailField }),
    answers: {
      200: { says: 'One user or none.', body: z.object({ items: z.array(user), nextCursor: z.string().nullable() }) },
    },
    problems: ['forbidden', 'validation_failed'],
    async handle({ query }) {
      const row = await projection.userByEmail(service, query.email);
      return { status: 200, body: { items: row === undefined ? [] : [userOf(row)], nextCursor: null } };
    },
  });
}

function setRoles(service: ServiceRuntime): Endpoint {
  return endpoint({
    method: 'PATCH',
    path: '/users/{userId}',
    summary: 'Give a user other roles.',
    tag: 'users',
    who: ['admin'],
    params: z.strictObject({ userId }),
    idempotency: 'honoured',
    body: z.strictObject({ roles: rolesField }),
    answers: { 200: { says: 'The user with the new roles; they count from the next access token on.', body: user } },
    problems: ['forbidden', 'not_found', 'conflict', 'validation_failed'],
    async handle({ params, body, idempotency }) {
      return { status: 200, body: await changeRoles(service, params.userId, { ...body, idempotency }) };
    },
  });
}

function readMe(service: ServiceRuntime): Endpoint {
  return endpoint({
    method: 'GET',
    path: '/me',
    summary: 'Your own profile.',
    tag: 'users',
    who: roles,
    answers: { 200: { says: 'Your profile.', body: user } },
    problems: ['unauthenticated', 'not_found'],
    async handle({ principal }) {
      return { status: 200, body: await userNow(service, principal.userId) };
    },
  });
}

function changeMe(service: ServiceRuntime): Endpoint {
  return endpoint({
    method: 'PATCH',
    path: '/me',
    summary: 'Change your name, phone number or language; `phone: null` takes the number away.',
    tag: 'users',
    who: roles,
    idempotency: 'honoured',
    body: z
      .strictObject({
        name: nameField.optional(),
        phone: phoneField.nullable().optional(),
        locale: localeField.optional(),
      })
      .refine(
        (changes) => Object.values(changes).some((value) => value !== undefined),
        'must change at least one field',
      ),
    answers: { 200: { says: 'Your profile as it is now.', body: user } },
    problems: ['unauthenticated', 'not_found', 'validation_failed'],
    async handle({ principal, body, idempotency, traceparent }) {
      const profile = await changeProfile(service, principal.userId, body, { idempotency, traceparent });
      return { status: 200, body: profile };
    },
  });
}

function eraseMe(service: ServiceRuntime): Endpoint {
  return endpoint({
    method: 'DELETE',
    path: '/me',
    summary:
      'Erase your account and everything personal. You wait for no seats any more; other bookings and amounts stay, without you.',
    tag: 'users',
    who: roles,
    answers: { 204: { says: 'Erased.', body: null } },
    problems: ['unauthenticated', 'not_found', 'conflict'],
    async handle({ principal, traceparent }) {
      await eraseAccount(service, principal.userId, traceparent);
      return { status: 204 };
    },
  });
}
