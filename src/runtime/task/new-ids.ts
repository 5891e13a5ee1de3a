/** `xxx_` and a UUID: what ids look like whose order tells which was made later (UUIDv7, RFC 9562). */
const idPattern = /^[a-z]{3}_[0-9a-f]{8}-[0-9a-f]{4}-/;
const prefixLength = 4;
const timeLength = 13;

/**
 * Tells ids the store cannot know, so that nothing need be loaded for them. At a takeover the store says which ids are the
 * latest it holds; from then on only this loop writes, and all it has written is in its cache or was told to be out of it.
 * What comes after all of these is new. Nothing here believes in anybody's clock: the order alone counts.
 */
export class NewIds {
  readonly #latest = new Map<string, string>();
  #isTrusted = false;

  /** The latest ids of a store, of each prefix at least one where there is any; `undefined` where the store cannot tell. */
  learn(ids: readonly string[] | undefined): void {
    this.#isTrusted = ids !== undefined;
    for (const id of ids ?? []) this.passed(id);
  }

  /** Of this id something is stored that the cache does not hold any more. */
  passed(id: string): void {
    if (!idPattern.test(id)) return;
    const prefix = id.slice(0, prefixLength);
    const time = timeOf(id);
    if (time > (this.#latest.get(prefix) ?? '')) this.#latest.set(prefix, time);
  }

  /** Somebody else has written: until the next takeover no id is taken for new. */
  distrust(): void {
    this.#isTrusted = false;
  }

  isNew(id: string): boolean {
    return this.#isTrusted && idPattern.test(id) && timeOf(id) > (this.#latest.get(id.slice(0, prefixLength)) ?? '');
  }
}

/** The time and what fills its millisecond's rest are left as they are written: they sort as text. */
function timeOf(id: string): string {
  return id.slice(prefixLength, prefixLength + timeLength);
}
