import { decimalsOf } from '../../src/contracts/rules/decimals.ts';

/** Money and times as people write them. */
export interface Money {
  readonly amount: number;
  readonly currency: string;
}

/** A price as customers read it. */
export function moneyText(money: Money): string {
  return money.amount === 0 ? 'free' : amountText(money);
}

/** Minor units as an amount of the person's own language: 1250 GBP is £12.50. */
export function amountText({ amount, currency }: Money): string {
  const digits = decimalsOf(currency);
  // A browser writes none where people pay with none, as in HUF, and would count the minor unit by that.
  const decimals = { minimumFractionDigits: digits, maximumFractionDigits: digits };
  return new Intl.NumberFormat(undefined, { style: 'currency', currency, ...decimals }).format(amount / 10 ** digits);
}

/** A moment by the clock of a place. */
export function timeText(at: string, timeZone?: string): string {
  return new Intl.DateTimeFormat(undefined, { hour: 'numeric', minute: '2-digit', ...zone(timeZone) }).format(
    new Date(at),
  );
}

export function dayText(at: string, timeZone?: string): string {
  const day = { weekday: 'long', day: 'numeric', month: 'long' } as const;
  return new Intl.DateTimeFormat(undefined, { ...day, ...zone(timeZone) }).format(new Date(at));
}

export function shortDayText(at: string, timeZone?: string): string {
  const day = { weekday: 'short', day: 'numeric', month: 'short' } as const;
  return new Intl.DateTimeFormat(undefined, { ...day, ...zone(timeZone) }).format(new Date(at));
}

export function momentText(at: string, timeZone?: string): string {
  return new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium', ...zone(timeZone) }).format(
    new Date(at),
  );
}

/** A moment by the clock of a place; says so where clocks here show another time. */
export function placeTimeText(at: string, timeZone: string): string {
  const local = isOtherClock(at, timeZone) ? ' local time' : '';
  return `${dayText(at, timeZone)}, ${timeText(at, timeZone)}${local}`;
}

/** Whether the clock of a place shows another time at a moment than the clock here. */
export function isOtherClock(at: string, timeZone: string): boolean {
  return momentText(at, timeZone) !== momentText(at);
}

/** The day of a moment by the calendar of a place, as 2026-11-30. */
export function dayOf(at: Date, timeZone?: string): string {
  return new Intl.DateTimeFormat('sv-SE', { dateStyle: 'short', ...zone(timeZone) }).format(at);
}

const zone = (timeZone: string | undefined) => (timeZone === undefined ? {} : { timeZone });

/** What is left of a time, as 4:59. */
export function countdownText(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / 1_000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}

/** `1 seat`, `2 seats`. */
export function countText(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
