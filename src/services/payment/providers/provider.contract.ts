import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { newId } from '../../../contracts/ids.ts';
import type { PaymentProvider } from './provider.ts';

/** What every payment provider must do, given tokens that behave in the named ways. */
export interface ProviderUnderTest {
  readonly provider: PaymentProvider;
  readonly tokens: { readonly succeeds: string; readonly declines: string; readonly answersNever: string };
  /** After this the provider has surely charged, whether it answers or not. */
  readonly chargedWithinMs?: number;
}

const amount = { amount: 2_650, currency: 'EUR' };
const patient = () => AbortSignal.timeout(5_000);

const charge = (token: string, key = newId('payment')) => ({
  key,
  bookingId: newId('booking'),
  amount,
  token,
  description: 'Metropolis',
});
const refund = (chargeKey: string, minor: number, key = newId('refund')) => ({
  key,
  chargeKey,
  chargeReference: undefined as string | undefined,
  bookingId: newId('booking'),
  amount: { amount: minor, currency: 'EUR' },
});

export function providerContract(name: string, create: () => Promise<ProviderUnderTest>): void {
  describe(`${name} as a payment provider`, () => {
    test('captures the amount that was asked for, and a look-up says the same', async () => {
      const { provider, tokens } = await create();
      const request = charge(tokens.succeeds);
      const outcome = await provider.charge(request, patient());
      assert.equal(outcome.outcome, 'succeeded');
      assert.deepEqual(outcome.outcome === 'succeeded' && outcome.amount, amount);
      assert.deepEqual(await provider.lookup(request, patient()), outcome);
    });

    test('charges a key once, however often and at once it is asked', async () => {
      const { provider, tokens } = await create();
      const request = charge(tokens.succeeds);
      const outcomes = await Promise.all(Array.from({ length: 20 }, () => provider.charge(request, patient())));
      const references = new Set(outcomes.map((each) => each.outcome === 'succeeded' && each.reference));
      assert.equal(references.size, 1);
    });

    test('declines with a code and a sentence, and stays with it', async () => {
      const { provider, tokens } = await create();
      const request = charge(tokens.declines);
      const outcome = await provider.charge(request, patient());
      assert.ok(outcome.outcome === 'declined' && outcome.error.code !== '' && outcome.error.message.endsWith('.'));
      assert.deepEqual(await provider.charge({ ...request, token: tokens.succeeds }, patient()), outcome);
    });

    test('throws when the caller stops waiting, and a look-up still shows the charge', async () => {
      const { provider, tokens, chargedWithinMs = 50 } = await create();
      const request = charge(tokens.answersNever);
      await assert.rejects(provider.charge(request, AbortSignal.timeout(chargedWithinMs)));
      assert.equal((await provider.lookup(request, patient())).outcome, 'succeeded');
    });

    test('has never heard of a key that was never used', async () => {
      const { provider, tokens } = await create();
      assert.deepEqual(await provider.lookup(charge(tokens.succeeds), patient()), { outcome: 'none' });
    });

    test('gives back up to what was captured, each key once', async () => {
      const { provider, tokens } = await create();
      const request = charge(tokens.succeeds);
      const charged = await provider.charge(request, patient());
      assert.ok(charged.outcome === 'succeeded');
      const first = { ...refund(request.key, 1_650), chargeReference: charged.reference };
      const outcome = await provider.refund(first, patient());
      assert.equal(outcome.outcome, 'succeeded');
      assert.deepEqual(await provider.refund(first, patient()), outcome);
      assert.equal((await provider.refund(refund(request.key, 1_001), patient())).outcome, 'declined');
      assert.equal((await provider.refund(refund(request.key, 1_000), patient())).outcome, 'succeeded');
    });

    test('gives nothing back of what it never captured', async () => {
      const { provider, tokens } = await create();
      const request = charge(tokens.declines);
      await provider.charge(request, patient());
      assert.equal((await provider.refund(refund(request.key, 1), patient())).outcome, 'declined');
      assert.equal((await provider.refund(refund(newId('payment'), 1), patient())).outcome, 'declined');
    });
  });
}
