import { z } from 'zod';

/**
 * What is kept by a name that an organizer gave, such as a price category's or an area's. In an object `constructor` and
 * `__proto__` would be there before anybody gave them; in a map they are names like any other.
 */
export type ByName<Value> = ReadonlyMap<string, Value>;

export const noNames: ByName<never> = new Map<string, never>();

/** As an object, for snapshots. */
export function objectOf<Value>(byName: ByName<Value>): { readonly [name: string]: Value } {
  return Object.fromEntries(byName);
}

/** Reads what `objectOf` gave. A `z.record` would leave out `__proto__`. */
export function byName<Value extends z.ZodType>(value: Value) {
  return z.preprocess(
    (json) => (typeof json === 'object' && json !== null ? new Map(Object.entries(json)) : json),
    z.map(z.string(), value),
  );
}
