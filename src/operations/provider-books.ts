/** What a payment provider's own books say of a charge or a refund. */
export interface LedgerEntry {
  readonly entryId: string;
  readonly key: string;
  readonly type: 'charge' | 'refund';
  readonly amount: number;
  readonly currency: string;
  readonly outcome: 'succeeded' | 'declined';
}

/** A provider's own books, where they are with the provider: all that has come to an end, in any order. */
export interface ProviderBooks {
  readonly provider: string;
  entries(): AsyncIterable<BookEntry>;
}

export interface BookEntry extends LedgerEntry {
  readonly bookingId: string;
}
