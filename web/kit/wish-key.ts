import { newKey } from './keys.ts';

/**
 * The idempotency key of a wish: the same however often the same is asked for, so that a wish whose answer was lost is not done twice;
 * another for another wish, and for the same one once it was answered.
 */
export class WishKey {
  readonly #newKey: () => string;
  #known: { readonly wish: string; readonly key: string } | undefined;

  constructor(made: () => string = newKey) {
    this.#newKey = made;
  }

  of(wish: unknown): string {
    const text = JSON.stringify(wish) ?? '';
    if (this.#known?.wish !== text) this.#known = { wish: text, key: this.#newKey() };
    return this.#known.key;
  }

  answered(): void {
    this.#known = undefined;
  }
}
