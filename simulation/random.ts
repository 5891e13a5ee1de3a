/**
 * The one source of chance. Every place that needs some has a source of its own, named after it and seeded from the run's
 * seed: so what one customer draws does not depend on how many others there are, and a run that is shrunk stays much the
 * same.
 */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** From 0 up to, not including, 1. */
  next(): number {
    // Mulberry32: small, quick, and good enough to choose among faults.
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    return fraction(this.#state);
  }

  /** A whole number from `least` to `most`. */
  between(least: number, most: number): number {
    return least + Math.floor(this.next() * (most - least + 1));
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  pick<Value>(values: readonly Value[]): Value {
    const picked = values[Math.floor(this.next() * values.length)];
    if (picked === undefined) throw new Error('there is nothing to pick from');
    return picked;
  }
}

/** A number for a name and a seed. */
export function seedOf(seed: number, name: string): number {
  // FNV-1a over the name, stirred with the seed.
  let hash = (0x811c9dc5 ^ Math.imul(seed, 0x9e3779b1)) >>> 0;
  for (let at = 0; at < name.length; at += 1) hash = Math.imul(hash ^ name.charCodeAt(at), 0x01000193) >>> 0;
  return stir(hash);
}

/** From 0 up to 1, always the same for the same number. */
export function fraction(value: number): number {
  return stir(value) / 2 ** 32;
}

function stir(value: number): number {
  let mixed = Math.imul(value ^ (value >>> 15), value | 1);
  mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
  return (mixed ^ (mixed >>> 14)) >>> 0;
}
