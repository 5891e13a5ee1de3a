/** A code that was gone for so long is held up again on purpose. */
const goneMs = 3_000;

/**
 * Codes that a camera sees, many times a second, told once each: again only after the code was out of sight for a while. So nobody is told
 * that their ticket was used because they held it up a moment too long. Pure.
 */
export class Sightings {
  readonly #seenAtMs = new Map<string, number>();

  /** Whether a code that is seen now is a new one. */
  isNew(code: string, nowMs: number): boolean {
    for (const [known, seenAtMs] of this.#seenAtMs) if (nowMs - seenAtMs > goneMs) this.#seenAtMs.delete(known);
    const isNew = !this.#seenAtMs.has(code);
    this.#seenAtMs.set(code, nowMs);
    return isNew;
  }
}
