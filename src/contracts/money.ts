import { z } from 'zod';
import { decimalsOf } from './rules/decimals.ts';

/** The largest price of a seat: far above a real one, in whatever currency. */
export const priceMax = 100_000_000_00;
/** The largest amount of anything, such as the total of many seats: far below what an integer carries exactly. */
export const amountMax = 10_000 * priceMax;

/** Integer minor units (cents) and an ISO 4217 code. */
export const money = z.strictObject({
  amount: z.int().min(0).max(amountMax),
  currency: z.string().regex(/^[A-Z]{3}$/, 'must be a three-letter ISO 4217 code'),
});
/** What one seat may cost. */
export const price = money.extend({ amount: z.int().min(0).max(priceMax) });
export type Money = Readonly<z.infer<typeof money>>;

/** The sum of amounts in one currency; mixing currencies is a broken invariant and throws. */
export function sum(amounts: readonly Money[], currency: string): Money {
  let amount = 0;
  for (const each of amounts) {
    if (each.currency !== currency) throw new Error(`cannot add ${each.currency} to ${currency}`);
    amount += each.amount;
  }
  return { amount, currency };
}

/** `a - b` in one currency; below zero is a broken invariant and throws. */
export function subtract(a: Money, b: Money): Money {
  if (a.currency !== b.currency) throw new Error(`cannot take ${b.currency} from ${a.currency}`);
  if (a.amount < b.amount) throw new Error(`cannot take ${b.amount} from ${a.amount}`);
  return { amount: a.amount - b.amount, currency: a.currency };
}

/** Shares are exact to a millionth of a percent. */
const partsOfPercent = 1_000_000n;

/** A share of an amount, rounded half up to a whole minor unit, as on paper: 1.005 % of 100.00 is 1.01. */
export function percentOf(whole: Money, percent: number): Money {
  // As floating point numbers, 10,000 * 1.005 is less than 10,050.
  const parts = BigInt(whole.amount) * BigInt(Math.round(percent * Number(partsOfPercent)));
  const all = 100n * partsOfPercent;
  return { amount: Number((parts + all / 2n) / all), currency: whole.currency };
}

/** Formats are costly to make and few: locales times currencies. */
const formats = new Map<string, { readonly format: Intl.NumberFormat; readonly unit: number }>();
const formatsMax = 1_000;

/** An amount as a person reads it, in the given locale: `$12.50`. */
export function formatMoney(value: Money, locale = 'en'): string {
  const name = `${locale} ${value.currency}`;
  let known = formats.get(name);
  if (known === undefined) {
    if (formats.size >= formatsMax) formats.clear();
    const digits = decimalsOf(value.currency);
    const format = new Intl.NumberFormat(locale, {
      style: 'currency',
      currency: value.currency,
      minimumFractionDigits: digits,
      maximumFractionDigits: digits,
    });
    known = { format, unit: 10 ** digits };
    formats.set(name, known);
  }
  return known.format.format(value.amount / known.unit);
}
