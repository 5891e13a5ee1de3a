/** Rows stored for other instances before it is worth looking how many of them still wait. */
const rowsUnseenMax = 500;
/** While too many wait, it is looked again so often, when somebody asks. */
const lookAgainMs = 250;

/**
 * Whether the owners of other tasks, in other instances, have fallen behind: their request rows are counted in the
 * database, once in a while and only when this instance stores rows for them.
 */
export class WaitingElsewhere {
  readonly #count: () => Promise<number>;
  readonly #rowsMax: number;
  #unseen = 0;
  #full = false;
  #looking = false;
  #lookedAt = Number.NEGATIVE_INFINITY;

  constructor({ count, rowsMax }: { readonly count: () => Promise<number>; readonly rowsMax: number }) {
    this.#count = count;
    this.#rowsMax = rowsMax;
  }

  /** So many rows have been stored for others. */
  stored(rows: number): void {
    this.#unseen += rows;
    if (this.#unseen >= rowsUnseenMax) this.#look();
  }

  get isFull(): boolean {
    if (this.#full && performance.now() - this.#lookedAt >= lookAgainMs) this.#look();
    return this.#full;
  }

  #look(): void {
    if (this.#looking) return;
    this.#looking = true;
    this.#unseen = 0;
    this.#count()
      .then(
        (rows) => {
          this.#full = rows >= this.#rowsMax;
        },
        // The database says nothing: whoever stores something next is told so.
        () => undefined,
      )
      .finally(() => {
        this.#lookedAt = performance.now();
        this.#looking = false;
      });
  }
}
