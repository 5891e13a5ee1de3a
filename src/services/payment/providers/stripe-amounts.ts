import type { Money } from '../../../contracts/money.ts';
import { decimalsOf } from '../../../contracts/rules/decimals.ts';

/**
 * Amounts as Stripe counts them (https://docs.stripe.com/currencies): mostly in the minor units of ISO 4217, like ours. It goes
 * on counting hundredths of ISK and UGX, which have none any more, counts MGA whole, and wants the last digit of three
 * decimals to be 0. HUF and TWD differ for payouts only.
 */
const decimalsAtStripe: ReadonlyMap<string, number> = new Map([
  ['ISK', 2],
  ['UGX', 2],
  ['MGA', 0],
]);
/** Stripe names no unit for these; a guess could be wrong by a thousand times. */
const notAtStripe: ReadonlySet<string> = new Set(['CLF', 'IQD', 'LYD', 'UYI', 'UYW']);
const threeDecimals = 3;

export interface StripeAmount {
  readonly amount: number;
  /** In small letters. */
  readonly currency: string;
}

/** How many of Stripe's units are one of ours. */
function unitsOf(currency: string): number {
  const ours = decimalsOf(currency);
  return 10 ** ((decimalsAtStripe.get(currency) ?? ours) - ours);
}

/** An amount as Stripe wants it; `undefined` where it cannot be said there. */
export function toStripe({ amount, currency }: Money): StripeAmount | undefined {
  if (notAtStripe.has(currency)) return undefined;
  const units = unitsOf(currency);
  const theirs = units >= 1 ? amount * units : amount / Math.round(1 / units);
  if (!Number.isSafeInteger(theirs)) return undefined;
  if (decimalsOf(currency) === threeDecimals && theirs % 10 !== 0) return undefined;
  return { amount: theirs, currency: currency.toLowerCase() };
}

/** What Stripe has counted, in our units. A fraction of them stays one, so that it is nobody's amount. */
export function fromStripe({ amount, currency: small }: StripeAmount): Money {
  const currency = small.toUpperCase();
  const units = unitsOf(currency);
  return { amount: units >= 1 ? amount / units : amount * Math.round(1 / units), currency };
}
