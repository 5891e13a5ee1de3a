import { type RuledPrice, ruledPrice } from '../../src/contracts/rules/price-rules.ts';
import type { PricingRules } from '../../src/contracts/settings.ts';

/** Pricing rules while somebody edits them: all numbers as they were typed. Pure. */
export interface StepDraft {
  /** From which share, time or speed on it counts. */
  readonly from: string;
  readonly add: string;
}

export const limits = ['floorPercent', 'ceilingPercent', 'largestStepPercent'] as const;
export type Limit = (typeof limits)[number];

/** What each list of steps counts from. */
export const stepFields = {
  occupancy: 'fromPercent',
  timeToShow: 'withinHours',
  salesSpeed: 'fromSeatsPerHour',
} as const;
export type StepList = keyof typeof stepFields;
export const stepLists = Object.keys(stepFields) as readonly StepList[];

export type PricingDraft = Readonly<Record<Limit, string>> & Readonly<Record<StepList, readonly StepDraft[]>>;

/** Rules as they are edited. */
export function pricingDraftOf(rules: PricingRules): PricingDraft {
  const steps = {
    occupancy: rules.occupancy.map(({ fromPercent, addPercent }) => stepOf(fromPercent, addPercent)),
    timeToShow: rules.timeToShow.map(({ withinHours, addPercent }) => stepOf(withinHours, addPercent)),
    salesSpeed: rules.salesSpeed.map(({ fromSeatsPerHour, addPercent }) => stepOf(fromSeatsPerHour, addPercent)),
  };
  const { floorPercent, ceilingPercent, largestStepPercent } = rules;
  return {
    ...{ floorPercent: String(floorPercent), ceilingPercent: String(ceilingPercent) },
    ...{ largestStepPercent: String(largestStepPercent), ...steps },
  };
}

const stepOf = (from: number, add: number): StepDraft => ({ from: String(from), add: String(add) });

/** The rules that a draft means, in the form that the server has them; `null` where there is no number, which the server tells at its field. */
export function pricingValueOf(draft: PricingDraft): unknown {
  const stepsOf = (list: StepList) =>
    draft[list].map(({ from, add }) => ({ [stepFields[list]]: numberIn(from), addPercent: numberIn(add) }));
  return {
    ...Object.fromEntries(limits.map((name) => [name, numberIn(draft[name])])),
    ...Object.fromEntries(stepLists.map((list) => [list, stepsOf(list)])),
  };
}

function numberIn(text: string): number | null {
  const typed = text.trim().replace(',', '.');
  return typed === '' || !Number.isFinite(Number(typed)) ? null : Number(typed);
}

/** Whether every number is there: only then there is an example. */
export function isWhole(value: unknown): value is PricingRules {
  if (value === null) return false;
  return typeof value !== 'object' || Object.values(value).every(isWhole);
}

/** Rules in a line, for whoever compares them. */
export function pricingText({ floorPercent, ceilingPercent, largestStepPercent, ...lists }: PricingRules): string {
  const add = (percent: number) => `${percent < 0 ? '' : '+'}${percent} %`;
  const steps = [
    ...lists.occupancy.map(({ fromPercent, addPercent }) => `from ${fromPercent} % taken ${add(addPercent)}`),
    ...lists.timeToShow.map(({ withinHours, addPercent }) => `within ${withinHours} h ${add(addPercent)}`),
    ...lists.salesSpeed.map(
      ({ fromSeatsPerHour, addPercent }) => `from ${fromSeatsPerHour} seats/h ${add(addPercent)}`,
    ),
  ];
  const bounds = `${floorPercent} to ${ceilingPercent} %, by ${largestStepPercent} % at once`;
  return [bounds, ...steps].join('; ');
}

/** A moment of a sale, to see what rules make of a price then. */
export interface Situation {
  /** The list price, in minor units. */
  readonly listAmount: number;
  readonly takenPercent: number;
  readonly hoursToShow: number;
  readonly seatsSoldPerHour: number;
}

export interface ExamplePrice {
  /** What the price becomes change by change, from the list price to where it stays. */
  readonly amounts: readonly number[];
  /** What made it. */
  readonly trace: RuledPrice['trace'];
}

/** With a largest step of one per cent, the way from the floor to ten times the price is longer than anybody wants to read. */
const changesMax = 100;

/** What the price of a seat becomes, if the situation stays: each booking moves it by at most the largest step. */
export function examplePrice(rules: PricingRules, situation: Situation): ExamplePrice {
  const { listAmount, takenPercent, hoursToShow, seatsSoldPerHour } = situation;
  const amounts = [listAmount];
  let trace: RuledPrice['trace'] = [];
  for (let change = 0; change < changesMax; change += 1) {
    const currentAmount = amounts.at(-1) ?? listAmount;
    const context = { category: '', listAmount, currentAmount, taken: takenPercent, capacity: 100 };
    const price = ruledPrice({ ...context, hoursToShow, seatsSoldPerHour }, rules);
    trace = price.trace;
    if (price.amount === currentAmount) break;
    amounts.push(price.amount);
  }
  return { amounts, trace };
}
