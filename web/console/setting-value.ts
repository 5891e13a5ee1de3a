import { decimalsOf, decimalText, minorUnits } from '../../src/contracts/rules/decimals.ts';
import type { PricingRules } from '../../src/contracts/settings.ts';
import { pricingText } from './pricing-draft.ts';

/** How the value of a setting is edited: by what its name says it counts, else by the type of its default, as the server does. */
export type Editor = 'duration' | 'money' | 'pricing' | 'number' | 'boolean' | 'string' | 'list' | 'json';

export function editorOf(key: string, example: unknown): Editor {
  if (key === 'pricingRules') return 'pricing';
  if (typeof example === 'number' && key.endsWith('Ms')) return 'duration';
  if (typeof example === 'number' && key.endsWith('Minor')) return 'money';
  if (typeof example === 'number') return 'number';
  if (typeof example === 'boolean') return 'boolean';
  if (typeof example === 'string') return 'string';
  if (Array.isArray(example) && example.every((each) => typeof each === 'string')) return 'list';
  return 'json';
}

/** Units of time, the smallest first. */
export const timeUnits = { milliseconds: 1, seconds: 1_000, minutes: 60_000, hours: 3_600_000 } as const;
export type TimeUnit = keyof typeof timeUnits;
const unitNames = Object.keys(timeUnits) as readonly TimeUnit[];

/** Milliseconds in the largest unit that they are whole in; seconds where they are part of one. */
export function timeParts(ms: number): { readonly amount: number; readonly unit: TimeUnit } {
  const unit = unitNames.findLast((each) => ms % timeUnits[each] === 0 && ms >= timeUnits[each]) ?? 'milliseconds';
  return { amount: ms / timeUnits[unit], unit };
}

/** Decimals that all of these currencies have alike; `undefined` where they differ, or there are none: then amounts are minor units. */
export function commonCurrency(currencies: readonly string[]): string | undefined {
  const [first, ...others] = currencies;
  if (first === undefined || others.some((each) => decimalsOf(each) !== decimalsOf(first))) return undefined;
  return first;
}

/** A value as the editor shows it: a list line by line, money as an amount, all else as JSON. */
export function editedText(editor: Editor, value: unknown, currencies: readonly string[] = []): string {
  if (editor === 'list' && Array.isArray(value)) return value.join('\n');
  if (editor === 'string' && typeof value === 'string') return value;
  if (editor === 'duration' && typeof value === 'number') return String(timeParts(value).amount);
  const currency = commonCurrency(currencies);
  if (editor === 'money' && typeof value === 'number' && currency !== undefined) return decimalText(value, currency);
  return JSON.stringify(value, null, 2) ?? '';
}

export type Read = { readonly value: unknown } | { readonly wrong: string };

/** What was written beside it: the unit of a time, the currencies of an amount. */
export interface Measure {
  readonly unit?: string | undefined;
  readonly currencies?: readonly string[];
}

/** The value that somebody wrote into an editor. */
export function readValue(editor: Editor, text: string, { unit, currencies = [] }: Measure = {}): Read {
  switch (editor) {
    case 'duration':
      return durationIn(text, unitNames.find((each) => each === unit) ?? 'milliseconds');
    case 'money':
      return moneyIn(text, commonCurrency(currencies));
    case 'number':
      return numberIn(text);
    case 'boolean':
      return { value: text === 'true' };
    case 'string':
      return { value: text };
    case 'list':
      return {
        value: text
          .split('\n')
          .map((line) => line.trim())
          .filter((line) => line !== ''),
      };
    case 'json':
    case 'pricing':
      return jsonIn(text);
    default:
      return editor satisfies never;
  }
}

function durationIn(text: string, unit: TimeUnit): Read {
  const read = numberIn(text.replace(',', '.'));
  if ('wrong' in read) return read;
  // 1.1 seconds are 1100 milliseconds, also where the product of both numbers is a little more.
  return { value: Math.round(Number(read.value) * timeUnits[unit] * 1_000) / 1_000 };
}

function moneyIn(text: string, currency: string | undefined): Read {
  if (currency === undefined) return numberIn(text);
  const value = minorUnits(text.trim().replace(',', '.'), currency);
  return value === undefined ? { wrong: `is no amount like ${decimalText(150, currency)}` } : { value };
}

function numberIn(text: string): Read {
  const value = Number(text.trim());
  return text.trim() === '' || !Number.isFinite(value) ? { wrong: 'is not a number' } : { value };
}

function jsonIn(text: string): Read {
  try {
    return { value: JSON.parse(text) };
  } catch (error) {
    return { wrong: `is not JSON: ${(error as Error).message}` };
  }
}

/** A value in a line, as people tell it: times in their units, money in the currencies of the house. */
export function valueText(key: string, value: unknown, currencies: readonly string[] = []): string {
  if (Array.isArray(value) && value.every((each) => typeof each === 'string')) return value.join(', ') || 'none';
  if (typeof value === 'number' && key.endsWith('Ms')) return exactSpanText(value);
  if (typeof value === 'number' && key.endsWith('Minor'))
    return currencies.length === 0
      ? `${value} in the smallest unit of the currency`
      : currencies.map((each) => `${decimalText(value, each)} ${each}`).join(', ');
  return key === 'pricingRules' ? pricingText(value as PricingRules) : spacedJson(value);
}

/** `1 min 30 s`: nothing is left out, for whoever compares two of them. */
function exactSpanText(ms: number): string {
  const parts = [
    [Math.floor(ms / 3_600_000), 'h'],
    [Math.floor(ms / 60_000) % 60, 'min'],
    [(ms % 60_000) / 1_000, 's'],
  ] as const;
  if (ms > 0 && ms < 1_000) return `${ms} ms`;
  return (
    parts
      .filter(([amount]) => amount > 0)
      .map(([amount, unit]) => `${amount} ${unit}`)
      .join(' ') || '0 s'
  );
}

/** JSON that a line can be broken in. */
const spacedJson = (value: unknown) => (JSON.stringify(value, null, 1) ?? '').replace(/\n\s*/g, ' ');
