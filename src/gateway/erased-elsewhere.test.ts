import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Endpoint, Principal } from '../runtime/http/endpoint.ts';
import type { Admitted } from '../runtime/http/server.ts';
import { type AskingForAccount, refusingErased } from './erased-elsewhere.ts';

const unnamed = { name: undefined, email: undefined, phone: undefined, locale: undefined };
const elsewhere: Principal = { userId: 'usr_elsewhere', roles: ['organizer'], sessionId: '', person: unnamed };

/** A door behind which everything is answered, and what asks it. */
function door(ask: AskingForAccount) {
  const asked: string[] = [];
  const answering = refusingErased(
    async () => 'answered',
    (authorization) => {
      asked.push(authorization);
      return ask(authorization);
    },
  );
  const come = (principal: Principal, path = '/shows/{showId}') =>
    answering(
      { path } as Endpoint,
      { principal, request: { headers: { authorization: 'Bearer a' } } } as unknown as Admitted,
    );
  return { asked, come };
}

describe('people who sign in elsewhere', () => {
  it('are looked for once in a while, by their own token', async () => {
    const { asked, come } = door(async () => 200);
    assert.deepEqual([await come(elsewhere), await come(elsewhere)], ['answered', 'answered']);
    assert.deepEqual(asked, ['Bearer a']);
  });

  it('stay out once they were erased', async () => {
    const { come } = door(async () => 401);
    await assert.rejects(come(elsewhere), { code: 'unauthenticated' });
  });

  it('are let in where the user service is away, or does not answer', async () => {
    for (const ask of [async () => 503, () => new Promise<number>(() => undefined)]) {
      const { asked, come } = door(ask);
      assert.deepEqual([await come(elsewhere), await come(elsewhere)], ['answered', 'answered']);
      assert.equal(asked.length, 1);
    }
  });

  it('are left to the user service where that answers; others are not looked for', async () => {
    const { asked, come } = door(async () => 401);
    const { person: _, ...here } = elsewhere;
    assert.deepEqual([await come(elsewhere, '/me'), await come(here)], ['answered', 'answered']);
    assert.deepEqual(asked, []);
  });
});
