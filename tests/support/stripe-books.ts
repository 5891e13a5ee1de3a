import { randomBytes } from 'node:crypto';

/** What a stand-in for Stripe keeps and decides: PaymentIntents, refunds and their rules, as Stripe documents them. */

export interface StripeIntent {
  readonly id: string;
  readonly object: 'payment_intent';
  readonly amount: number;
  readonly currency: string;
  readonly created: number;
  readonly client_secret: string;
  readonly capture_method: string;
  readonly description: string | null;
  readonly livemode: false;
  amount_received: number;
  amount_capturable: number;
  last_payment_error: Readonly<Record<string, unknown>> | null;
  metadata: Readonly<Record<string, string>>;
  payment_method: string | null;
  status: string;
}

export interface StripeRefund {
  readonly id: string;
  readonly object: 'refund';
  readonly amount: number;
  readonly currency: string;
  readonly created: number;
  readonly payment_intent: string;
  readonly metadata: Readonly<Record<string, string>>;
  failure_reason?: string;
  status: string;
}

/** Parameters as they come in a form: `metadata[a]=b` is an object, `types[0]=c` as well. */
export interface Form {
  readonly [name: string]: string | Form | undefined;
}

/** An answer that says no, as Stripe words it. */
export class StripeRefusal extends Error {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
  constructor(status: number, type: string, more: Readonly<Record<string, unknown>>) {
    super(type);
    this.status = status;
    this.body = { type, message: 'as the stand-in says', ...more };
  }
}

const invalid = (more: Readonly<Record<string, unknown>>, status = 400) =>
  new StripeRefusal(status, 'invalid_request_error', more);

/** Stripe's own PaymentMethods for tests, and what the bank says to them. */
const declines: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  pm_card_chargeDeclined: { code: 'card_declined', decline_code: 'generic_decline' },
  pm_card_chargeDeclinedInsufficientFunds: { code: 'card_declined', decline_code: 'insufficient_funds' },
  pm_card_chargeDeclinedLostCard: { code: 'card_declined', decline_code: 'lost_card' },
  pm_card_chargeDeclinedExpiredCard: { code: 'expired_card' },
  pm_card_chargeDeclinedIncorrectCvc: { code: 'incorrect_cvc' },
  pm_card_chargeDeclinedProcessingError: { code: 'processing_error' },
};
const succeed = ['pm_card_visa', 'pm_card_mastercard', 'pm_card_pendingRefund', 'pm_card_refundFail'];
const wantsAuthentication = 'pm_card_authenticationRequired';
/** Not Stripe's: charges, and the answer never comes. */
export const neverAnswers = 'pm_card_neverAnswers';
/** Not Stripe's: stays in processing until `settle`. */
export const processing = 'pm_card_processing';

const amountMin = 50;
const amountMax = 99_999_999;
const currencies = new Set('bhd eur gbp huf isk jpy kwd mga twd ugx usd'.split(' '));
const hundreds = new Set(['isk', 'ugx']);
const tens = new Set(['bhd', 'kwd']);
const knownParams = new Set([
  ...['amount', 'currency', 'description', 'metadata', 'capture_method', 'allowed_payment_method_types'],
]);

const text = (value: Form[string]) => (typeof value === 'string' ? value : undefined);
const entries = (value: Form[string]) => (typeof value === 'object' ? (value as Record<string, string>) : {});
const newId = (prefix: string) => `${prefix}_3${randomBytes(12).toString('hex')}`;
const now = () => Math.floor(Date.now() / 1_000);

export class StripeBooks {
  readonly intents = new Map<string, StripeIntent>();
  readonly refunds = new Map<string, StripeRefund>();
  /** By PaymentIntent: how the bank takes back its word when it is captured. */
  readonly refusedCaptures = new Map<string, StripeRefusal>();
  readonly #onEvent: (type: string, object: object) => void;

  /** `onEvent` hears what Stripe would send by webhook. */
  constructor(onEvent: (type: string, object: object) => void) {
    this.#onEvent = onEvent;
  }

  intent(id: string): StripeIntent {
    const found = this.intents.get(id);
    if (found === undefined) throw invalid({ code: 'resource_missing', param: 'intent' }, 404);
    return found;
  }

  create(form: Form): StripeIntent {
    const [unknown] = Object.keys(form).filter((name) => !knownParams.has(name));
    if (unknown !== undefined) throw invalid({ code: 'parameter_unknown', param: unknown });
    const [amount, currency] = [Number(text(form['amount'])), text(form['currency']) ?? ''];
    if (!currencies.has(currency)) throw invalid({ param: 'currency' });
    if (!Number.isInteger(amount)) throw invalid({ code: 'parameter_invalid_integer', param: 'amount' });
    if (amount < amountMin) throw invalid({ code: 'amount_too_small', param: 'amount' });
    if (amount > amountMax) throw invalid({ code: 'amount_too_large', param: 'amount' });
    if ((hundreds.has(currency) && amount % 100 !== 0) || (tens.has(currency) && amount % 10 !== 0))
      throw invalid({ code: 'invalid_charge_amount_no_decimal_compatible', param: 'amount' });
    const id = newId('pi');
    const intent: StripeIntent = {
      ...{ id, object: 'payment_intent', amount, currency, created: now(), livemode: false },
      client_secret: `${id}_secret_${randomBytes(12).toString('hex')}`,
      capture_method: text(form['capture_method']) ?? 'automatic',
      description: text(form['description']) ?? null,
      ...{ amount_received: 0, amount_capturable: 0, last_payment_error: null, payment_method: null },
      metadata: entries(form['metadata']),
      status: 'requires_payment_method',
    };
    this.intents.set(id, intent);
    this.#onEvent('payment_intent.created', intent);
    return intent;
  }

  confirm(id: string, form: Form): StripeIntent {
    const intent = this.intent(id);
    if (!['requires_payment_method', 'requires_confirmation'].includes(intent.status)) throw unexpectedState(intent);
    const method = text(form['payment_method']) ?? '';
    const reasons = declines[method];
    if (reasons !== undefined) throw this.#decline(intent, reasons);
    if (method === wantsAuthentication) return this.#authenticate(intent, text(form['error_on_requires_action']));
    if (![...succeed, neverAnswers, processing].includes(method))
      throw invalid({ code: 'resource_missing', param: 'payment_method' });
    intent.payment_method = method;
    intent.last_payment_error = null;
    if (method === processing) intent.status = 'processing';
    else this.authorise(intent);
    return intent;
  }

  #authenticate(intent: StripeIntent, refusesAction: string | undefined): StripeIntent {
    if (refusesAction === 'true')
      throw this.#decline(intent, { code: 'authentication_required', decline_code: 'authentication_not_handled' });
    intent.status = 'requires_action';
    this.#onEvent('payment_intent.requires_action', intent);
    return intent;
  }

  #decline(intent: StripeIntent, reasons: Readonly<Record<string, string>>): StripeRefusal {
    intent.status = 'requires_payment_method';
    intent.last_payment_error = { type: 'card_error', message: 'Your card was declined.', ...reasons };
    this.#onEvent('payment_intent.payment_failed', intent);
    return new StripeRefusal(402, 'card_error', { ...reasons, payment_intent: intent });
  }

  /** The bank says yes: the money is taken, or kept for a capture. */
  authorise(intent: StripeIntent): void {
    if (intent.capture_method === 'manual') {
      intent.status = 'requires_capture';
      intent.amount_capturable = intent.amount;
      this.#onEvent('payment_intent.amount_capturable_updated', intent);
      return;
    }
    this.#take(intent);
  }

  #take(intent: StripeIntent): void {
    intent.status = 'succeeded';
    intent.amount_received = intent.amount;
    intent.amount_capturable = 0;
    this.#onEvent('payment_intent.succeeded', intent);
  }

  capture(id: string, form: Form): StripeIntent {
    const intent = this.intent(id);
    if (intent.status !== 'requires_capture') throw unexpectedState(intent);
    const refusal = this.refusedCaptures.get(id);
    if (refusal !== undefined) throw refusal;
    intent.metadata = { ...intent.metadata, ...entries(form['metadata']) };
    this.#take(intent);
    return intent;
  }

  cancel(id: string): StripeIntent {
    const intent = this.intent(id);
    if (['succeeded', 'canceled'].includes(intent.status)) throw unexpectedState(intent);
    intent.status = 'canceled';
    intent.amount_capturable = 0;
    this.#onEvent('payment_intent.canceled', intent);
    return intent;
  }

  refund(form: Form): StripeRefund {
    const intent = this.intent(text(form['payment_intent']) ?? '');
    if (intent.status !== 'succeeded')
      throw invalid({ code: 'payment_intent_unexpected_state', param: 'payment_intent' });
    const given = this.refundsOf(intent.id).reduce(
      (sum, { amount, status }) => sum + (status === 'failed' ? 0 : amount),
      0,
    );
    const left = intent.amount_received - given;
    const amount = Number(text(form['amount']) ?? left);
    if (left === 0) throw invalid({ code: 'charge_already_refunded' });
    if (!(amount > 0) || amount > left) throw invalid({ param: 'amount' });
    const refund: StripeRefund = {
      ...{ id: newId('re'), object: 'refund', amount, currency: intent.currency, created: now() },
      payment_intent: intent.id,
      metadata: entries(form['metadata']),
      status: intent.payment_method === 'pm_card_pendingRefund' ? 'pending' : 'succeeded',
    };
    this.refunds.set(refund.id, refund);
    this.#onEvent('refund.created', refund);
    return refund;
  }

  /** A refund that had been accepted comes to its end. */
  endRefund(refund: StripeRefund, status: 'succeeded' | 'failed'): void {
    refund.status = status;
    if (status === 'failed') refund.failure_reason = 'lost_or_stolen_card';
    this.#onEvent('refund.updated', refund);
    if (status === 'failed') this.#onEvent('refund.failed', refund);
  }

  /** The bank's late answer to what was processing. */
  settle(intent: StripeIntent, outcome: 'succeeded' | 'declined'): void {
    if (outcome === 'succeeded') this.#take(intent);
    else this.#decline(intent, { code: 'card_declined', decline_code: 'generic_decline' });
  }

  refundsOf(intent: string): readonly StripeRefund[] {
    return [...this.refunds.values()].filter((refund) => refund.payment_intent === intent);
  }
}

function unexpectedState(intent: StripeIntent): StripeRefusal {
  return invalid({ code: 'payment_intent_unexpected_state', payment_intent: intent });
}
