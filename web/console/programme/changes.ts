import type { Show } from '../../kit/answers.ts';
import { Problem } from '../../kit/problem.ts';

/** Changes of an entry: only what somebody changed is sent, so that two people who change different things both get what they want. */
type Fields = Readonly<Record<string, unknown>>;

const isSame = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);

/** What is otherwise than before; `null` for what is there no more. */
export function changesOf(before: Fields, after: Fields): Fields {
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  const changed = [...names].filter((name) => !isSame(before[name], after[name]));
  return Object.fromEntries(changed.map((name) => [name, after[name] ?? null]));
}

/** Throws a conflict where somebody else has changed, since the form was begun, what is to be changed now. */
export function assertUnchanged({
  begun,
  now,
  changes,
  names,
}: {
  readonly begun: Fields;
  readonly now: Fields;
  readonly changes: Fields;
  /** What the fields are called. */
  readonly names: Readonly<Record<string, string>>;
}): void {
  const others = Object.keys(changes).filter(
    (name) => !isSame(begun[name], now[name]) && !isSame(now[name], changes[name] ?? undefined),
  );
  if (others.length === 0) return;
  const texts = others.map((name) => `${names[name] ?? name} is ${valueText(now[name])} now`);
  const detail = `Somebody else changed this meanwhile: ${texts.join('; ')}. Send yours again if it is still wanted.`;
  throw new Problem(409, { code: 'conflict', detail });
}

function valueText(value: unknown): string {
  if (value === undefined) return 'empty';
  return typeof value === 'object' ? 'another one' : `“${value}”`;
}

type Prices = Show['priceCategories'];

/**
 * The prices of a show with those of a form, which has one for each category of the seat plan: in the order they had, and with those
 * that the plan does not need, unless they are in another currency.
 */
export function pricesWith(before: Prices, typed: Prices): Prices {
  const currency = typed[0]?.price.currency;
  const byName = new Map(typed.map((each) => [each.name, each]));
  const kept = before.filter(({ name, price }) => byName.has(name) || price.currency === currency);
  const added = typed.filter(({ name }) => !before.some((each) => each.name === name));
  return [...kept.map((each) => byName.get(each.name) ?? each), ...added];
}
