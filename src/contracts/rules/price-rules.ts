import type { AppliedRule } from '../seats.ts';
import type { PricingRules } from '../settings.ts';

/**
 * What moves a price. Rules are small functions that see one category of one show and say how many basis points (one
 * hundredth of a percent of the list price) they add, and why; their answers are added up. Bounds then keep the price
 * within floor and ceiling, and each change of the price list within the largest step.
 */
export interface PriceContext {
  readonly category: string;
  /** Minor units. */
  readonly listAmount: number;
  /** The price in force. */
  readonly currentAmount: number;
  /** Held and sold seats and places of the category, of so many. */
  readonly taken: number;
  readonly capacity: number;
  readonly hoursToShow: number;
  readonly seatsSoldPerHour: number;
}

export interface RuleAnswer {
  readonly basisPoints: number;
  readonly why: string;
}
export type PriceRule = (context: PriceContext, rules: PricingRules) => RuleAnswer | undefined;

export interface RuledPrice {
  readonly amount: number;
  readonly trace: readonly AppliedRule[];
}

const priceRules: readonly { readonly rule: string; readonly answer: PriceRule }[] = [
  { rule: 'occupancy', answer: occupancy },
  { rule: 'time_to_show', answer: timeToShow },
  { rule: 'sales_speed', answer: salesSpeed },
];

/** The fuller the category, the dearer: the highest threshold that is reached counts. */
export function occupancy({ taken, capacity }: PriceContext, rules: PricingRules): RuleAnswer | undefined {
  const percent = capacity === 0 ? 0 : (taken / capacity) * 100;
  const reached = highest(rules.occupancy, ({ fromPercent }) => fromPercent, percent);
  if (reached === undefined) return undefined;
  const why = `${Math.floor(percent)} % of the seats are taken, which is ${reached.fromPercent} % or more`;
  return { basisPoints: basisPoints(reached.addPercent), why };
}

/** The nearer the start: the shortest time that the show is within counts. */
export function timeToShow({ hoursToShow }: PriceContext, rules: PricingRules): RuleAnswer | undefined {
  const reached = highest(rules.timeToShow, ({ withinHours }) => -withinHours, -hoursToShow);
  if (reached === undefined) return undefined;
  return { basisPoints: basisPoints(reached.addPercent), why: `The show starts within ${reached.withinHours} hours` };
}

/** The faster the show sells: the highest speed that is reached counts. */
export function salesSpeed({ seatsSoldPerHour }: PriceContext, rules: PricingRules): RuleAnswer | undefined {
  const reached = highest(rules.salesSpeed, ({ fromSeatsPerHour }) => fromSeatsPerHour, seatsSoldPerHour);
  if (reached === undefined) return undefined;
  const why = `${seatsSoldPerHour} seats were sold in the last hour, which is ${reached.fromSeatsPerHour} or more`;
  return { basisPoints: basisPoints(reached.addPercent), why };
}

function highest<Step>(steps: readonly Step[], from: (step: Step) => number, value: number): Step | undefined {
  let reached: Step | undefined;
  for (const step of steps) {
    if (from(step) <= value && (reached === undefined || from(step) > from(reached))) reached = step;
  }
  return reached;
}

function basisPoints(percent: number): number {
  return Math.round(percent * 100);
}

/** The price of a category now, with the trace of what made it. */
export function ruledPrice(context: PriceContext, rules: PricingRules): RuledPrice {
  const { category: priceCategory, listAmount, currentAmount } = context;
  const trace: AppliedRule[] = [
    { rule: 'list_price', priceCategory, basisPoints: 0, why: 'The list price of the show' },
  ];
  let added = 0;
  for (const { rule, answer } of priceRules) {
    const given = answer(context, rules);
    if (given === undefined) continue;
    added += given.basisPoints;
    trace.push({ rule, priceCategory, ...given });
  }
  const wished = share(listAmount, 10_000 + added);
  const step = bounded(wished, largestStep(listAmount, currentAmount, rules));
  if (step !== wished) {
    trace.push({
      rule: 'largest_step',
      priceCategory,
      why: `One change moves a price by ${rules.largestStepPercent} % at most`,
    });
  }
  // Floor and ceiling come last: when they were changed they hold at once, whatever the step.
  const bounds = floorAndCeiling(listAmount, rules);
  const amount = bounded(step, bounds);
  if (amount > step)
    trace.push({ rule: 'floor', priceCategory, why: `Never below ${rules.floorPercent} % of the list price` });
  if (amount < step)
    trace.push({ rule: 'ceiling', priceCategory, why: `Never above ${rules.ceilingPercent} % of the list price` });
  return { amount, trace };
}

interface Bounds {
  readonly least: number;
  readonly most: number;
}

/** Whole minor units within the bounds; the list price itself always is. */
export function floorAndCeiling(listAmount: number, rules: PricingRules): Bounds {
  return {
    least: Math.min(listAmount, Math.ceil((listAmount * basisPoints(rules.floorPercent)) / 10_000)),
    most: Math.max(listAmount, Math.floor((listAmount * basisPoints(rules.ceilingPercent)) / 10_000)),
  };
}

function largestStep(listAmount: number, currentAmount: number, rules: PricingRules): Bounds {
  const step = Math.floor((listAmount * basisPoints(rules.largestStepPercent)) / 10_000);
  return { least: currentAmount - step, most: currentAmount + step };
}

function bounded(amount: number, { least, most }: Bounds): number {
  return Math.min(Math.max(amount, least), most);
}

/** A share in basis points, rounded half up to a whole minor unit; never below 0. */
function share(amount: number, points: number): number {
  return Math.max(0, Math.floor((amount * points) / 10_000 + 0.5));
}
