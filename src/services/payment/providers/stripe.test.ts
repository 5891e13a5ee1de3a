import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { neverAnswers, processing, StripeRefusal } from '../../../../tests/support/stripe-books.ts';
import { type Fault, type StripeStandIn, startStripeStandIn } from '../../../../tests/support/stripe-stand-in.ts';
import { newId } from '../../../contracts/ids.ts';
import type { Money } from '../../../contracts/money.ts';
import { providerContract } from './provider.contract.ts';
import type { ChargeRequest, PaymentProvider } from './provider.ts';
import { createStripeProvider } from './stripe.ts';
import { createStripeAuthorisations } from './stripe-authorisations.ts';

const euros: Money = { amount: 2_650, currency: 'EUR' };
const patient = () => AbortSignal.timeout(10_000);
const create = /^POST .*payment_intents$/;
const confirm = /confirm$/;
const refund = /^POST .*refunds$/;

let stripe: StripeStandIn;
let provider: PaymentProvider;
before(async () => {
  stripe = await startStripeStandIn();
});
beforeEach(() => {
  provider = providerAt(stripe);
  stripe.faults.length = 0;
});
after(() => stripe.stop());

function providerAt({ url, secretKey }: Pick<StripeStandIn, 'url' | 'secretKey'>): PaymentProvider {
  return createStripeProvider({ secretKey, apiUrl: url, webhookSecrets: ['whsec_of_the_tests'] });
}

function chargeOf(token: string, more: Partial<ChargeRequest> = {}): ChargeRequest {
  return {
    key: newId('payment'),
    bookingId: newId('booking'),
    amount: euros,
    token,
    description: 'Metropolis',
    ...more,
  };
}
const refundOf = (charge: ChargeRequest, amount: number, chargeReference?: string) => ({
  ...{ key: newId('refund'), chargeKey: charge.key, chargeReference, bookingId: charge.bookingId },
  amount: { ...charge.amount, amount },
});

/** What the books hold of a payment. */
const intentsOf = ({ key }: ChargeRequest) =>
  [...stripe.books.intents.values()].filter(({ metadata }) => metadata['fullhouse_payment'] === key);
const capturesOf = (charge: ChargeRequest) => intentsOf(charge).filter(({ amount_received }) => amount_received > 0);

/** Asks as the payment service does: once, then again by looking up, until there is an outcome. */
async function untilSettled(charge: ChargeRequest) {
  for (let round = 1; round <= 5; round += 1) {
    const asked = async () => {
      const signal = AbortSignal.timeout(1_500);
      if (round === 1) return provider.charge(charge, signal);
      const known = await provider.lookup(charge, signal);
      return known.outcome === 'none' ? provider.charge(charge, signal) : known;
    };
    const outcome = await asked().catch(() => undefined);
    if (outcome !== undefined && outcome.outcome !== 'pending') return outcome;
  }
  throw new Error('no outcome after five rounds');
}

describe('against its stand-in', () => {
  providerContract('Stripe', async () => ({
    provider,
    tokens: { succeeds: 'pm_card_visa', declines: 'pm_card_chargeDeclined', answersNever: neverAnswers },
    chargedWithinMs: 500,
  }));
});

describe('a card that Stripe declines', () => {
  const rows = [
    ['pm_card_chargeDeclined', 'card_declined'],
    ['pm_card_chargeDeclinedInsufficientFunds', 'insufficient_funds'],
    ['pm_card_chargeDeclinedExpiredCard', 'expired_card'],
    ['pm_card_chargeDeclinedIncorrectCvc', 'incorrect_cvc'],
    ['pm_card_chargeDeclinedProcessingError', 'processing_error'],
    ['pm_card_authenticationRequired', 'authentication_required'],
    ['pm_1Nothing', 'token_unusable'],
    // Whoever holds a stolen card learns nothing.
    ['pm_card_chargeDeclinedLostCard', 'card_declined'],
  ] as const;
  for (const [token, code] of rows) {
    test(`is a decline: ${token} as ${code}, also when it is asked again`, async () => {
      const charge = chargeOf(token);
      const outcome = await provider.charge(charge, patient());
      assert.ok(outcome.outcome === 'declined', outcome.outcome);
      assert.equal(outcome.error.code, code);
      assert.match(outcome.error.message, /^[A-Z].*\.$/);
      assert.deepEqual(await provider.charge(charge, patient()), outcome);
      assert.deepEqual(capturesOf(charge), []);
    });
  }
});

describe('an amount', () => {
  const rows: readonly (readonly [Money, number])[] = [
    [{ amount: 2_650, currency: 'EUR' }, 2_650],
    [{ amount: 500, currency: 'JPY' }, 500],
    [{ amount: 1_500, currency: 'ISK' }, 150_000],
    [{ amount: 20_000, currency: 'UGX' }, 2_000_000],
    [{ amount: 123_450, currency: 'HUF' }, 123_450],
    [{ amount: 80_045, currency: 'TWD' }, 80_045],
    [{ amount: 500_000, currency: 'MGA' }, 5_000],
    [{ amount: 5_120, currency: 'KWD' }, 5_120],
  ];
  for (const [amount, theirs] of rows) {
    test(`of ${amount.amount} ${amount.currency} is ${theirs} there and the same here again`, async () => {
      const charge = chargeOf('pm_card_visa', { amount });
      const outcome = await provider.charge(charge, patient());
      assert.deepEqual(outcome.outcome === 'succeeded' && outcome.amount, amount);
      assert.equal(capturesOf(charge)[0]?.amount, theirs);
      assert.equal((await provider.refund(refundOf(charge, amount.amount), patient())).outcome, 'succeeded');
      const [given] = stripe.books.refundsOf(intentsOf(charge)[0]?.id ?? '');
      assert.equal(given?.amount, theirs);
    });
  }
  for (const amount of [
    { amount: 5_124, currency: 'KWD' },
    { amount: 150_050, currency: 'MGA' },
    { amount: 5_000, currency: 'IQD' },
    { amount: 1, currency: 'EUR' },
    { amount: 100_000_000, currency: 'EUR' },
    { amount: 5_000, currency: 'XXX' },
  ]) {
    test(`that cannot be charged is a decline: ${amount.amount} ${amount.currency}`, async () => {
      const outcome = await provider.charge(chargeOf('pm_card_visa', { amount }), patient());
      assert.equal(outcome.outcome === 'declined' && outcome.error.code, 'amount_not_chargeable');
    });
  }
});

describe('an answer that is lost', () => {
  const faults: readonly Fault[] = (['500', '500 after', '429', 'hang up', 'never answer'] as const).flatMap((does) =>
    [create, confirm].map((at) => ({ at, does })),
  );
  for (const fault of faults) {
    test(`(${fault.does} at ${fault.at}) is found again: one capture`, { timeout: 40_000 }, async () => {
      stripe.faults.push(fault);
      const charge = chargeOf('pm_card_visa');
      const outcome = await untilSettled(charge);
      assert.equal(outcome.outcome, 'succeeded');
      assert.equal(capturesOf(charge).length, 1);
      assert.equal(outcome.outcome === 'succeeded' && outcome.reference, capturesOf(charge)[0]?.id);
    });
  }

  test('is still found a day later, when Stripe has forgotten the key', async () => {
    const key = 'pay_01900000-0000-7000-8000-0000000000aa';
    const charge = chargeOf('pm_card_visa', { key });
    const outcome = await provider.charge(charge, patient());
    stripe.forgetKeys();
    assert.deepEqual(await provider.lookup(charge, patient()), outcome);
    assert.deepEqual(await provider.charge(charge, patient()), outcome);
    assert.equal(intentsOf(charge).length, 1);
  });

  test('is found by its key while the search does not know it yet', async () => {
    stripe.indexes = false;
    const charge = chargeOf('pm_card_visa', { key: 'pay_01900000-0000-7000-8000-0000000000ab' });
    const outcome = await provider.charge(charge, patient());
    assert.deepEqual(await provider.charge(charge, patient()), outcome);
    stripe.indexes = true;
    assert.equal(capturesOf(charge).length, 1);
  });

  test('is found by a version that would ask in other words', async () => {
    const charge = chargeOf('pm_card_visa');
    const outcome = await provider.charge(charge, patient());
    assert.deepEqual(await provider.charge({ ...charge, description: 'in other words' }, patient()), outcome);
    assert.equal(intentsOf(charge).length, 1);
  });

  test('of a refund is found again, also when the key is forgotten: money goes back once', {
    timeout: 40_000,
  }, async () => {
    for (const does of ['500', '500 after', 'hang up', 'never answer'] as const) {
      const charge = chargeOf('pm_card_visa');
      const charged = await provider.charge(charge, patient());
      assert.ok(charged.outcome === 'succeeded');
      stripe.faults.push({ at: refund, does });
      const request = refundOf(charge, 1_000, charged.reference);
      const first = await provider.refund(request, AbortSignal.timeout(3_000)).catch(() => undefined);
      if (does === 'never answer') stripe.forgetKeys();
      const second = await provider.refund(request, patient());
      assert.equal(second.outcome, 'succeeded', does);
      if (first !== undefined) assert.deepEqual(second, first);
      assert.deepEqual(
        stripe.books.refundsOf(charged.reference).map(({ amount }) => amount),
        [1_000],
        does,
      );
    }
  });
});

describe('what is no answer about the card', () => {
  test('a key that Stripe refuses throws and says so, at every call', async () => {
    const stranger = providerAt({ url: stripe.url, secretKey: 'sk_test_of_somebody_else' });
    const charge = chargeOf('pm_card_visa');
    for (const call of [
      () => stranger.charge(charge, patient()),
      () => stranger.lookup(charge, patient()),
      () => stranger.refund(refundOf(charge, 1), patient()),
    ]) {
      await assert.rejects(call(), { code: 'provider_unavailable', message: /401.*STRIPE_SECRET_KEY/ });
    }
    assert.deepEqual(intentsOf(charge), []);
  });
  test('a Stripe that cannot be reached throws', async () => {
    const nowhere = providerAt({ url: 'http://127.0.0.1:9', secretKey: stripe.secretKey });
    await assert.rejects(nowhere.charge(chargeOf('pm_card_visa'), patient()), { code: 'provider_unavailable' });
  });
  test('a charge that Stripe works on is pending, until it is not', async () => {
    const charge = chargeOf(processing);
    assert.deepEqual(await provider.charge(charge, patient()), { outcome: 'pending' });
    const [intent] = intentsOf(charge);
    assert.ok(intent !== undefined);
    stripe.books.settle(intent, 'declined');
    const outcome = await provider.lookup(charge, patient());
    assert.equal(outcome.outcome === 'declined' && outcome.error.code, 'card_declined');
  });
});

describe('a charge by the name that Stripe has for it', () => {
  test('is ours where it carries our id', async () => {
    const charge = chargeOf('pm_card_visa');
    const outcome = await provider.charge(charge, patient());
    assert.ok(outcome.outcome === 'succeeded');
    assert.equal(await provider.chargeNamed(outcome.reference, patient()), charge.key);
    const another = stripe.books.create({ amount: '2650', currency: 'eur' });
    assert.equal(await provider.chargeNamed(another.id, patient()), undefined);
    assert.equal(await provider.chargeNamed('pi_3nothing', patient()), undefined);
    stripe.faults.push({ at: /GET/, does: '429' });
    await assert.rejects(provider.chargeNamed(outcome.reference, patient()), { code: 'provider_unavailable' });
  });
});

describe('a refund', () => {
  test('that is pending becomes what Stripe makes of it', async () => {
    const charge = chargeOf('pm_card_pendingRefund');
    const charged = await provider.charge(charge, patient());
    assert.ok(charged.outcome === 'succeeded');
    for (const end of ['succeeded', 'failed'] as const) {
      const request = refundOf(charge, 500, charged.reference);
      assert.deepEqual(await provider.refund(request, patient()), { outcome: 'pending' });
      const given = stripe.books.refundsOf(charged.reference).at(-1);
      assert.ok(given !== undefined);
      stripe.books.endRefund(given, end);
      const ended = await provider.refund(request, patient());
      assert.equal(ended.outcome, end === 'succeeded' ? 'succeeded' : 'declined');
    }
  });
  test('of too much, or of what was given back, is refused with a code for staff', async () => {
    const charge = chargeOf('pm_card_visa');
    await provider.charge(charge, patient());
    const refusal = async (amount: number) => {
      const outcome = await provider.refund(refundOf(charge, amount), patient());
      return outcome.outcome === 'declined' && outcome.error.code;
    };
    assert.equal(await refusal(2_651), 'amount_exceeds_charge');
    assert.equal(await refusal(2_650), false);
    assert.equal(await refusal(1), 'charge_already_refunded');
  });
});

describe('a payment that was authorised in the browser', () => {
  function authorised(charge: Pick<ChargeRequest, 'bookingId'>, more: object = {}) {
    const intent = stripe.books.create({
      ...{ amount: '2650', currency: 'eur', capture_method: 'manual' },
      metadata: { fullhouse_booking: charge.bookingId },
      ...more,
    });
    stripe.books.authorise(intent);
    return intent;
  }
  const codeOf = async (charge: ChargeRequest) => {
    const outcome = await provider.charge(charge, patient());
    return outcome.outcome === 'declined' ? outcome.error.code : outcome.outcome;
  };

  test('is captured once and found by a look-up', { timeout: 40_000 }, async () => {
    for (const does of [undefined, '500', '500 after', 'hang up', 'never answer'] as const) {
      const bookingId = newId('booking');
      const { id } = authorised({ bookingId });
      const charge = chargeOf(id, { bookingId });
      if (does !== undefined) stripe.faults.push({ at: /capture$/, does });
      assert.deepEqual(await untilSettled(charge), { outcome: 'succeeded', reference: id, amount: euros }, does);
      assert.deepEqual(await provider.lookup(charge, patient()), {
        outcome: 'succeeded',
        reference: id,
        amount: euros,
      });
    }
  });
  test('is a decline where its capture is refused, whether that answer came or was lost', {
    timeout: 40_000,
  }, async () => {
    const noMoney = { code: 'card_declined', decline_code: 'insufficient_funds' };
    const rows = [
      [new StripeRefusal(402, 'card_error', noMoney), 'insufficient_funds'],
      [
        new StripeRefusal(400, 'invalid_request_error', { code: 'charge_expired_for_capture' }),
        'authorisation_expired',
      ],
    ] as const;
    for (const [refusal, code] of rows) {
      for (const does of [undefined, '500', 'hang up', 'never answer'] as const) {
        const bookingId = newId('booking');
        const { id } = authorised({ bookingId });
        stripe.books.refusedCaptures.set(id, refusal);
        if (does !== undefined) stripe.faults.push({ at: /capture$/, does });
        const charge = chargeOf(id, { bookingId });
        const outcome = await untilSettled(charge);
        assert.equal(outcome.outcome === 'declined' && outcome.error.code, code, does);
        assert.deepEqual(await provider.charge(charge, patient()), outcome, does);
        assert.deepEqual(capturesOf(charge), []);
      }
    }
  });
  test('says what the bank said where Stripe keeps that on record', async () => {
    const bookingId = newId('booking');
    const intent = authorised({ bookingId });
    intent.status = 'requires_payment_method';
    intent.last_payment_error = { type: 'card_error', code: 'card_declined', decline_code: 'insufficient_funds' };
    assert.equal(await codeOf(chargeOf(intent.id, { bookingId })), 'insufficient_funds');
    intent.last_payment_error = { type: 'invalid_request_error', code: 'payment_intent_authentication_failure' };
    assert.equal(await codeOf(chargeOf(intent.id, { bookingId })), 'not_authorised');
  });
  test('that is in another state when it is captured is looked at again', async () => {
    const bookingId = newId('booking');
    const intent = authorised({ bookingId });
    const charge = chargeOf(intent.id, { bookingId });
    const code = 'payment_intent_unexpected_state';
    stripe.books.refusedCaptures.set(intent.id, new StripeRefusal(400, 'invalid_request_error', { code }));
    await assert.rejects(provider.charge(charge, patient()), { code: 'provider_unavailable' });
    stripe.books.cancel(intent.id);
    assert.equal(await codeOf(charge), 'canceled');
  });
  test('pays for nothing else: another booking, another amount, a second time, none at all', async () => {
    const bookingId = newId('booking');
    const { id } = authorised({ bookingId });
    assert.equal(await codeOf(chargeOf(id)), 'authorisation_of_another');
    assert.equal(
      await codeOf(chargeOf(id, { bookingId, amount: { ...euros, amount: 2_651 } })),
      'authorisation_of_another',
    );
    assert.equal(
      await codeOf(chargeOf(id, { bookingId, amount: { ...euros, currency: 'GBP' } })),
      'authorisation_of_another',
    );
    assert.equal(await codeOf(chargeOf(id, { bookingId })), 'succeeded');
    assert.equal(await codeOf(chargeOf(id, { bookingId })), 'authorisation_used');
    assert.equal(await codeOf(chargeOf('pi_3nothing', { bookingId })), 'authorisation_unknown');
  });
  test('is a decline while nobody has authorised it, and after it was cancelled', async () => {
    const bookingId = newId('booking');
    const metadata = { fullhouse_booking: bookingId };
    const intent = stripe.books.create({ amount: '2650', currency: 'eur', capture_method: 'manual', metadata });
    assert.equal(await codeOf(chargeOf(intent.id, { bookingId })), 'not_authorised');
    stripe.books.cancel(intent.id);
    assert.equal(await codeOf(chargeOf(intent.id, { bookingId })), 'canceled');
  });

  describe('and was not paid with', () => {
    const browser = () => {
      const { secretKey, url: apiUrl } = stripe;
      return createStripeAuthorisations({ secretKey, apiUrl, publishableKey: 'pk_test_of_the_browser' });
    };
    async function begun(more: object = {}) {
      const request = { bookingId: newId('booking'), attempts: 0, amount: euros, ...more };
      const made = await browser().begin(request, patient());
      assert.ok(made !== undefined);
      return { request: { ...request, begunAt: Date.now() }, intent: stripe.books.intent(made.paymentIntent) };
    }
    const release = (request: Parameters<PaymentProvider['release']>[0]) => provider.release(request, patient());

    test('is let go: what is authorised, and what could still be; once', async () => {
      for (const status of ['requires_capture', 'requires_payment_method', 'requires_action'] as const) {
        const { request, intent } = await begun();
        intent.status = status;
        assert.equal(await release(request), 'released');
        assert.equal(intent.status, 'canceled');
        assert.equal(await release(request), 'nothing');
        assert.equal(await codeOf(chargeOf(intent.id, request)), 'canceled');
      }
    });
    test('is found again after a lost answer at every step', { timeout: 40_000 }, async () => {
      for (const at of [/^POST .*payment_intents$/, /^GET .*payment_intents\/\w+$/, /cancel$/]) {
        for (const does of ['500', '500 after', '429', 'hang up', 'never answer'] as const) {
          const { request, intent } = await begun();
          stripe.books.authorise(intent);
          stripe.faults.push({ at, does });
          for (let round = 1; round <= 5; round += 1)
            if ((await provider.release(request, AbortSignal.timeout(1_500)).catch(() => 'pending')) !== 'pending')
              break;
          stripe.faults.length = 0;
          assert.equal(intent.status, 'canceled', `${does} at ${at}`);
        }
      }
    });
    test('is let go alone: not what was captured, and not what another try began', async () => {
      const { request, intent } = await begun();
      const other = await begun({ bookingId: request.bookingId, attempts: 1 });
      stripe.books.authorise(intent);
      assert.equal(await codeOf(chargeOf(intent.id, request)), 'succeeded');
      assert.equal(await release(request), 'nothing');
      assert.deepEqual([intent.status, other.intent.status], ['succeeded', 'requires_payment_method']);
    });
    test('is waited for while Stripe works on it', async () => {
      const { request, intent } = await begun();
      intent.status = 'processing';
      assert.equal(await release(request), 'pending');
    });
    test('is nothing where its amount could not be charged, or where Stripe never heard of it', async () => {
      const request = { bookingId: newId('booking'), attempts: 0, amount: euros, begunAt: Date.now() };
      const tooLittle = { ...request, bookingId: newId('booking'), amount: { amount: 1, currency: 'EUR' } };
      assert.equal(await release(tooLittle), 'nothing');
      assert.equal(await release(request), 'released');
      const left = [...stripe.books.intents.values()].filter(
        ({ metadata }) => metadata['fullhouse_booking'] === request.bookingId,
      );
      assert.deepEqual(
        left.map(({ status }) => status),
        ['canceled'],
      );
    });
    test('is found a day later, when Stripe has forgotten the key', async () => {
      const { request, intent } = await begun();
      const paid = await begun({ bookingId: request.bookingId, attempts: 1 });
      for (const each of [intent, paid.intent]) stripe.books.authorise(each);
      assert.equal(await codeOf(chargeOf(paid.intent.id, request)), 'succeeded');
      stripe.forgetKeys();
      assert.equal(await release({ ...request, begunAt: Date.now() - 24 * 3_600_000 }), 'released');
      assert.deepEqual([intent.status, paid.intent.status], ['canceled', 'succeeded']);
    });
    test('is found where a version of ours had begun it in other words', async () => {
      const { request, intent } = await begun();
      assert.equal(await release({ ...request, amount: { ...euros, amount: 2_651 } }), 'released');
      assert.equal(intent.status, 'canceled');
    });
  });

  test('is not begun for whom nobody waits any more, which is nobody’s fault: it may be asked for again', async () => {
    const { secretKey, url: apiUrl } = stripe;
    const authorisations = createStripeAuthorisations({ secretKey, apiUrl, publishableKey: 'pk_test_of_the_browser' });
    const before = stripe.books.intents.size;
    const request = { bookingId: newId('booking'), attempts: 0, amount: euros };
    await assert.rejects(authorisations.begin(request, AbortSignal.abort()), { retryable: true });
    assert.equal(stripe.books.intents.size, before);
  });
});
