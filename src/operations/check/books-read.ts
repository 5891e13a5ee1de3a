import type { BookEntry, ProviderBooks } from '../provider-books.ts';
import { textOf } from './lines.ts';
import { firstBooking, lastBooking, type Selection } from './selection.ts';

/**
 * A copy of such books, read once for a look at everything: a provider cannot be asked by ranges of our ids. Some hundred
 * bytes each are kept.
 */
export class BooksRead {
  readonly provider: string;
  readonly #byBooking: ReadonlyMap<string, readonly BookEntry[]>;
  readonly #ids: readonly string[];

  private constructor(provider: string, byBooking: ReadonlyMap<string, readonly BookEntry[]>) {
    this.provider = provider;
    this.#byBooking = byBooking;
    this.#ids = [...byBooking.keys()].sort();
  }

  static async of({ provider, entries }: ProviderBooks): Promise<BooksRead> {
    const byBooking = new Map<string, BookEntry[]>();
    for await (const entry of entries()) {
      const known = byBooking.get(entry.bookingId);
      if (known === undefined) byBooking.set(entry.bookingId, [entry]);
      else known.push(entry);
    }
    return new BooksRead(provider, byBooking);
  }

  /** The rows of some bookings as a database would give them; with the first page and the last one also what is of no booking. */
  rowsOf(selection: Selection): string {
    const rows = this.#within(selection).flatMap((id) => this.#byBooking.get(id) ?? []);
    return textOf(
      rows.map(({ bookingId, entryId, key, type, amount, currency, outcome }) => [
        ...[bookingId, entryId, key, type, String(amount), currency, outcome, 'true'],
      ]),
    );
  }

  #within(selection: Selection): readonly string[] {
    if ('ids' in selection) return selection.ids.filter((id) => this.#byBooking.has(id)).toSorted();
    const after = selection.after === firstBooking ? undefined : selection.after;
    const upTo = selection.upTo === lastBooking ? undefined : selection.upTo;
    return this.#ids.slice(
      after === undefined ? 0 : this.#placeAfter(after),
      upTo === undefined ? undefined : this.#placeAfter(upTo),
    );
  }

  /** How many ids are not after this one. */
  #placeAfter(id: string): number {
    let [low, high] = [0, this.#ids.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#ids[middle] ?? '') <= id) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
