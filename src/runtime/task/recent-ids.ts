/** Ids kept of each generation. */
const idsMax = 20_000;

/** Remembers the ids of late, so that what comes twice is taken once: two generations, the older one is forgotten whole. */
export class RecentIds {
  #recent = new Set<string>();
  #older = new Set<string>();

  /** Whether the id is new. */
  add(id: string): boolean {
    if (this.#recent.has(id) || this.#older.has(id)) return false;
    if (this.#recent.size >= idsMax) {
      this.#older = this.#recent;
      this.#recent = new Set();
    }
    this.#recent.add(id);
    return true;
  }

  clear(): void {
    this.#recent.clear();
    this.#older.clear();
  }
}
