import type { Money } from '../../../contracts/money.ts';

/**
 * The sandbox provider's own books: what it charged and gave back, whoever heard of it. They are kept apart from the
 * payment service's database, like a real provider's, so that the two can be compared.
 */
export interface LedgerEntry {
  readonly entryId: string;
  /** The idempotency key: one entry each. */
  readonly key: string;
  readonly type: 'charge' | 'refund';
  readonly bookingId: string;
  readonly amount: Money;
  readonly outcome: 'succeeded' | 'declined';
  readonly errorCode: string | undefined;
  /** The charge that a refund belongs to. */
  readonly chargeKey: string | undefined;
  readonly createdAt: number;
  /** When the outcome is there: later than `createdAt` for a slow charge. Milliseconds since 1970. */
  readonly dueAt: number;
  /** `open`: whoever asked may still have to be told by a webhook once the outcome is there. */
  readonly webhook: 'none' | 'open';
}

export interface SandboxLedger {
  /** Adds entries whose keys are new; answers, in order, what the books say under each key. */
  enter(entries: readonly LedgerEntry[]): Promise<readonly LedgerEntry[]>;
  find(key: string): Promise<LedgerEntry | undefined>;
  /** What was given back of a charge so far, in minor units. */
  refundedOf(chargeKey: string): Promise<number>;
  /** Entries that somebody has yet to be told of. */
  openWebhooks(limit: number): Promise<readonly LedgerEntry[]>;
  /** Nobody has to be told of these any more. */
  closeWebhooks(keys: readonly string[]): Promise<void>;
  /** Money that has moved by `now`, of one booking if it is named, latest first, after the entry `before` if one is named. */
  moved(page: {
    readonly now: number;
    readonly limit: number;
    readonly before?: string | undefined;
    readonly bookingId?: string | undefined;
  }): Promise<readonly LedgerEntry[]>;
  close(): Promise<void>;
}

/** Books that last as long as the process: for tests and simulations. */
export function createMemoryLedger(): SandboxLedger {
  const byKey = new Map<string, LedgerEntry>();
  return {
    enter: async (entries) =>
      entries.map((entry) => {
        const known = byKey.get(entry.key);
        if (known !== undefined) return known;
        byKey.set(entry.key, entry);
        return entry;
      }),
    find: async (key) => byKey.get(key),
    refundedOf: async (chargeKey) =>
      [...byKey.values()]
        .filter((entry) => entry.chargeKey === chargeKey && entry.outcome === 'succeeded')
        .reduce((total, entry) => total + entry.amount.amount, 0),
    openWebhooks: async (limit) => [...byKey.values()].filter((entry) => entry.webhook === 'open').slice(0, limit),
    closeWebhooks: async (keys) => {
      for (const key of keys) {
        const entry = byKey.get(key);
        if (entry !== undefined) byKey.set(key, { ...entry, webhook: 'none' });
      }
    },
    moved: async ({ now, limit, before, bookingId }) =>
      [...byKey.values()]
        .filter((entry) => entry.outcome === 'succeeded' && entry.dueAt <= now)
        .filter((entry) => before === undefined || entry.entryId < before)
        .filter((entry) => bookingId === undefined || entry.bookingId === bookingId)
        .sort((a, b) => (a.entryId < b.entryId ? 1 : -1))
        .slice(0, limit),
    close: async () => undefined,
  };
}
