import { z } from 'zod';
import { newId } from '../../contracts/ids.ts';
import { greeting } from '../../contracts/rules/greeting.ts';
import { countAttempt } from '../../runtime/attempts.ts';
import { type Endpoint, endpoint, roles } from '../../runtime/http/endpoint.ts';
import { networkOf } from '../../runtime/http/network.ts';
import { Problem } from '../../runtime/http/problem.ts';
import { hashSecret, newSecret } from '../../runtime/secrets.ts';
import type { ServiceRuntime } from '../../runtime/service-runtime.ts';
import { traceIdOf } from '../../runtime/telemetry/tracing.ts';
import { emailField, passwordField } from './fields.ts';
import { hashPassword, passwordCharactersMax, passwordMatches } from './passwords.ts';
import * as projection from './projection.ts';
import { createTokenIssuer, type TokenIssuer } from './tokens.ts';

/**
 * Signing in. A session is a family of refresh tokens, each good for one use; a used one that comes again was stolen,
 * by whoever came first or second, so the whole family ends (RFC 9700, section 4.14.2).
 */
const refreshTokenTtlMs = 30 * 86_400_000;
const passwordResetTtlMs = 3_600_000;

const tokenPair = z.object({
  accessToken: z.string(),
  tokenType: z.literal('Bearer'),
  expiresInSeconds: z.int(),
  refreshToken: z.string(),
});
const secretField = z.string().min(1).max(200);

/** What the mail part of the application takes. */
export interface Mailer {
  send(message: { to: string; subject: string; text: string; userId: string; kind: string }): Promise<void>;
}

export function sessionEndpoints(service: ServiceRuntime): readonly Endpoint[] {
  const issuer = createTokenIssuer(service);
  return [
    signIn(service, issuer),
    refresh(service, issuer),
    signOut(service),
    askForReset(service),
    resetPassword(service),
  ];
}

function signIn(service: ServiceRuntime, issuer: TokenIssuer): Endpoint {
  return endpoint({
    method: 'POST',
    path: '/sessions',
    summary: 'Sign in.',
    tag: 'sessions',
    who: 'anyone',
    // No more is said of a password here than that it is wrong.
    body: z.strictObject({ email: emailField, password: z.string().max(passwordCharactersMax) }),
    example: { email: 'customer@fullhouse.example', password: 'customer-demo' },
    answers: {
      200: { says: 'An access token for a quarter of an hour, and a refresh token for the next one.', body: tokenPair },
    },
    problems: ['bad_credentials', 'rate_limited', 'validation_failed'],
    async handle({ body, request }) {
      await throttle(service, 'login', body.email);
      const user = await projection.userByEmail(service, body.email);
      const matches = await passwordMatches(user?.passwordHash ?? undefined, body.password, networkOf(request.ip));
      if (user === undefined || !matches) throw badCredentials();
      const refreshToken = newSecret();
      const sessionId = newId('session');
      const { userId, passwordHash } = user;
      const began = await projection.insertSession(service, {
        ...{ sessionId, userId, passwordHash },
        ...{ tokenHash: hashSecret(refreshToken), ttlMs: refreshTokenTtlMs },
      });
      // To compare it took its time, in which another one was set.
      if (!began) throw badCredentials();
      return { status: 200, body: await pair(issuer, { ...user, sessionId }, refreshToken), headers: noStore };
    },
  });
}

function badCredentials(): Problem {
  return new Problem('bad_credentials', 'E-mail or password is wrong. Check both, or reset the password.');
}

function refresh(service: ServiceRuntime, issuer: TokenIssuer): Endpoint {
  return endpoint({
    method: 'POST',
    path: '/sessions/refresh',
    summary: 'Exchange a refresh token for a new pair; each refresh token works once.',
    tag: 'sessions',
    who: 'anyone',
    body: z.strictObject({ refreshToken: secretField }),
    answers: { 200: { says: 'A new pair of tokens.', body: tokenPair } },
    problems: ['unauthenticated', 'validation_failed'],
    async handle({ body }) {
      const usedHash = hashSecret(body.refreshToken);
      const refreshToken = newSecret();
      // The end of a family must be committed, so the refusal is thrown outside of the transaction.
      const session = await service.transaction(async (transaction) => {
        const token = await projection.lockRefreshToken(transaction, usedHash);
        if (token === undefined || token.ended || token.expired) return undefined;
        if (token.used) {
          await projection.endSession(transaction, token.sessionId);
          return undefined;
        }
        const user = await projection.userById(transaction, token.userId);
        if (user === undefined || user.erased) return undefined;
        const newHash = hashSecret(refreshToken);
        await projection.rotateRefreshToken(transaction, {
          usedHash,
          newHash,
          sessionId: token.sessionId,
          ttlMs: refreshTokenTtlMs,
        });
        return { ...user, sessionId: token.sessionId };
      });
      if (session === undefined)
        throw new Problem('unauthenticated', 'The refresh token is not valid any more. Sign in again.');
      return { status: 200, body: await pair(issuer, session, refreshToken), headers: noStore };
    },
  });
}

function signOut(service: ServiceRuntime): Endpoint {
  return endpoint({
    method: 'DELETE',
    path: '/sessions',
    summary: 'Sign out: the refresh tokens of this session stop working.',
    tag: 'sessions',
    who: roles,
    answers: { 204: { says: 'Signed out.', body: null } },
    problems: ['unauthenticated'],
    async handle({ principal }) {
      await projection.endSession(service, principal.sessionId);
      return { status: 204 };
    },
  });
}

function askForReset(service: ServiceRuntime): Endpoint {
  return endpoint({
    method: 'POST',
    path: '/password-resets',
    summary: 'Ask for a token to set a new password; it comes by e-mail.',
    tag: 'sessions',
    who: 'anyone',
    body: z.strictObject({ email: emailField }),
    answers: {
      202: { says: 'Whether or not the address is registered.', body: z.object({ status: z.literal('accepted') }) },
    },
    problems: ['validation_failed'],
    async handle({ body, traceparent }) {
      // Nobody waits for this: neither the answer nor its time tells whether the address is registered.
      sendReset(service, body.email).catch((error: unknown) => {
        // They have some mails already.
        if (error instanceof Problem && error.code === 'rate_limited') return;
        service.logger.error({ err: error, traceId: traceIdOf(traceparent) }, 'a password reset could not be sent');
      });
      return { status: 202, body: { status: 'accepted' } };
    },
  });
}

function resetPassword(service: ServiceRuntime): Endpoint {
  return endpoint({
    method: 'POST',
    path: '/password-resets/{token}',
    summary: 'Set a new password; every session of the account ends.',
    tag: 'sessions',
    who: 'anyone',
    params: z.strictObject({ token: secretField }),
    body: z.strictObject({ password: passwordField }),
    answers: { 204: { says: 'Set; sign in with it.', body: null } },
    problems: ['not_found', 'validation_failed'],
    async handle({ params, body, request }) {
      const tokenHash = hashSecret(params.token);
      // To hash is dear: only for who may set a password.
      if (!(await projection.isPasswordReset(service, tokenHash))) throw noSuchReset();
      const passwordHash = await hashPassword(body.password, networkOf(request.ip));
      await service.transaction(async (transaction) => {
        const userId = await projection.takePasswordReset(transaction, tokenHash);
        if (userId === undefined) throw noSuchReset();
        await projection.updatePassword(transaction, userId, passwordHash);
        await projection.dropPasswordResets(transaction, userId);
        await projection.endSessionsOf(transaction, userId);
      });
      return { status: 204 };
    },
  });
}

function noSuchReset(): Problem {
  return new Problem('not_found', 'This reset token was used, is too old or never existed. Ask for a new one.');
}

const noStore = { 'cache-control': 'no-store' };

async function pair(
  issuer: TokenIssuer,
  session: { readonly userId: string; readonly roles: readonly string[]; readonly sessionId: string },
  refreshToken: string,
) {
  return { ...(await issuer.issue(session)), tokenType: 'Bearer', refreshToken };
}

async function sendReset(service: ServiceRuntime, email: string): Promise<void> {
  await throttle(service, 'reset', email);
  const user = await projection.userByEmail(service, email);
  if (user === undefined || user.email === null) return;
  const token = newSecret();
  await projection.insertPasswordReset(service, {
    tokenHash: hashSecret(token),
    userId: user.userId,
    ttlMs: passwordResetTtlMs,
  });
  const pages = service.part<() => string | undefined>('pages-url')();
  const text = [
    greeting(user.name ?? undefined),
    '',
    'somebody, probably you, asked for a new password. This token sets one, once, within the next hour:',
    '',
    token,
    '',
    ...(pages === undefined ? [] : [`Set it at ${pages}/password-resets/${token}`, '']),
    'If it was not you, there is nothing to do: your password stays as it is.',
  ].join('\n');
  await service.part<Mailer>('mailer').send({
    ...{ to: user.email, subject: 'Set a new password', text },
    ...{ userId: user.userId, kind: 'password_reset' },
  });
}

/** Throws `rate_limited` when there were too many attempts for one address within a minute. */
async function throttle(service: ServiceRuntime, what: 'login' | 'reset', email: string): Promise<void> {
  await countAttempt(service, {
    table: 'login_attempts',
    subject: `${what} ${email}`,
    perMinuteMax: service.settings().loginsPerMinute,
    says: 'Too many attempts for this address.',
  });
}
