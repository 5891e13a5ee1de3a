import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { newId } from '../../contracts/ids.ts';
import type { Effect, Intent } from '../../runtime/service.ts';
import type { ServiceRuntime } from '../../runtime/service-runtime.ts';
import { authorisationReleaseStarted, chargeAsked, chargeRequested, refundStarted } from './effects.ts';
import type { PaymentProvider, ReleaseOutcome } from './providers/provider.ts';
import { createSandboxProvider } from './providers/sandbox.ts';
import { createMemoryLedger } from './providers/sandbox-ledger.ts';
import type { ChargeIntent, RefundIntent } from './state.ts';

const amount = { amount: 2_650, currency: 'EUR' };
const about = { bookingId: newId('booking'), showId: newId('show'), userId: newId('user') };

function chargeOf(token: string): ChargeIntent {
  const payment = { method: 'card', token } as const;
  return { ...about, paymentId: newId('payment'), attempt: 1, amount, payment, unsettledAt: 0 };
}

/** Runs an effect as the task would, with no other part than the provider. */
function run(effect: Effect, data: object, provider: PaymentProvider) {
  const intent = { data } as unknown as Intent<never>;
  const service = { part: () => provider } as unknown as ServiceRuntime;
  return effect.run(intent, service, AbortSignal.timeout(5_000));
}

const sandbox = () => createSandboxProvider({ ledger: createMemoryLedger() });

describe('asking for a charge', () => {
  test('answers what the provider says, under the payment id', async () => {
    const provider = sandbox();
    const charge = chargeOf('tok_visa');
    const answer = await run(chargeRequested, charge, provider);
    assert.equal(answer.type, 'ChargeSucceeded');
    assert.equal(answer.data['paymentId'], charge.paymentId);
    assert.equal((await run(chargeRequested, chargeOf('tok_declined'), provider)).type, 'ChargeDeclined');
  });
  test('is unknown, not failed, when no answer came in time; a look-up then shows it', async () => {
    const provider = sandbox();
    const charge = chargeOf('tok_lost');
    assert.equal((await run(chargeRequested, charge, provider)).type, 'ChargeUnknown');
    assert.equal((await run(chargeAsked, charge, provider)).type, 'ChargeSucceeded');
    assert.equal((await provider.ledger.moved({ now: Date.now(), limit: 10 })).length, 1);
  });
  test('throws at an error of the provider, so that it is tried again', async () => {
    const provider = sandbox();
    const charge = chargeOf('tok_error');
    await assert.rejects(run(chargeRequested, charge, provider));
    await assert.rejects(run(chargeRequested, charge, provider));
    assert.equal((await run(chargeRequested, charge, provider)).type, 'ChargeSucceeded');
  });
  test('again charges what never arrived, and waits for what is pending', async () => {
    const provider = sandbox();
    assert.equal((await run(chargeAsked, chargeOf('tok_visa'), provider)).type, 'ChargeSucceeded');
    const slow = chargeOf('tok_slow_60');
    assert.equal((await run(chargeRequested, slow, provider)).type, 'ChargeUnknown');
    assert.equal((await run(chargeAsked, slow, provider)).type, 'ChargeUnknown');
    await provider.stop();
  });
  test('takes no other amount than was asked for as the outcome', async () => {
    const provider: PaymentProvider = {
      ...sandbox(),
      charge: async () => ({ outcome: 'succeeded', reference: 'x', amount: { ...amount, amount: 1 } }),
    };
    assert.equal((await run(chargeRequested, chargeOf('tok_visa'), provider)).type, 'ChargeUnknown');
  });
});

describe('letting go of what was authorised', () => {
  const begun = { ...about, attempts: 1, amount, begunAt: 0 };
  const outcomes: readonly (readonly [ReleaseOutcome, object])[] = [
    ['released', { type: 'AuthorisationOver', data: { attempts: 1, released: true } }],
    ['nothing', { type: 'AuthorisationOver', data: { attempts: 1, released: false } }],
    ['pending', { type: 'AuthorisationUnknown', data: { attempts: 1 } }],
  ];
  for (const [outcome, wanted] of outcomes) {
    test(`says what came of it: ${outcome}`, async () => {
      const provider: PaymentProvider = { ...sandbox(), release: async () => outcome };
      assert.deepEqual(await run(authorisationReleaseStarted, begun, provider), wanted);
    });
  }
  test('is unknown where no answer came, and throws at an error, so that it is tried again', async () => {
    const silent: PaymentProvider = { ...sandbox(), answerWithinMs: 1, release: () => new Promise(() => undefined) };
    assert.equal((await run(authorisationReleaseStarted, begun, silent)).type, 'AuthorisationUnknown');
    const broken: PaymentProvider = { ...sandbox(), release: () => Promise.reject(new Error('it answered 500')) };
    await assert.rejects(run(authorisationReleaseStarted, begun, broken), /500/);
  });
});

describe('asking for a refund', () => {
  test('gives back once under its id, and once more for each time a person asks', async () => {
    const provider = sandbox();
    const charge = chargeOf('tok_visa');
    const refund: RefundIntent = {
      ...about,
      paymentId: charge.paymentId,
      refundId: newId('refund'),
      amount: { ...amount, amount: 1_000 },
      round: 1,
    };
    assert.equal((await run(refundStarted, refund, provider)).type, 'RefundDeclined');
    await run(chargeRequested, charge, provider);
    assert.equal((await run(refundStarted, refund, provider)).type, 'RefundDeclined');
    assert.equal((await run(refundStarted, { ...refund, round: 2 }, provider)).type, 'RefundSucceeded');
    assert.equal((await run(refundStarted, { ...refund, round: 2 }, provider)).type, 'RefundSucceeded');
    assert.equal(await provider.ledger.refundedOf(charge.paymentId), 1_000);
  });
});
