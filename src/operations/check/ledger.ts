import type { Installation } from '../installation.ts';
import type { Data, LedgerEntry } from './booking-facts.ts';
import type { Examination } from './finding.ts';

/** The provider's own ledger, row by row: what it charged and gave back is known to us, or openly unsettled. */

const theirsIsOurs = {
  name: 'ledger-known',
  promise: 3,
  says: "each row of the provider's ledger is known to us or openly unsettled",
} as const;
const pageMax = 2_000;

interface Row extends LedgerEntry {
  readonly bookingId: string;
}

interface PaymentFact {
  readonly bookingId: string;
  readonly type: string;
  readonly data: Data;
}

export const ledgerExamination: Examination = {
  invariants: [theirsIsOurs],
  examine: async function* (installation, only) {
    for (let after = ''; ; ) {
      const page = await entries(installation, after, only);
      if (only === undefined) yield { looked: { [theirsIsOurs.name]: page.length } };
      const known = await paymentsOf(installation, page);
      for (const row of page) {
        const wrong = faultOf(row, known.get(row.bookingId) ?? []);
        if (wrong !== undefined)
          yield {
            finding: {
              invariant: theirsIsOurs.name,
              key: row.entryId,
              says: `${row.entryId} of ${row.bookingId}: ${wrong}`,
            },
          };
      }
      if (page.length < pageMax || only !== undefined) return;
      after = page.at(-1)?.entryId ?? after;
    }
  },
};

function entries(
  { query }: Installation,
  after: string,
  only: ReadonlySet<string> | undefined,
): Promise<readonly Row[]> {
  return query<Row>(
    'sandbox_provider',
    `select entry_id as "entryId", key, type, booking_id as "bookingId", amount, currency, outcome from ledger
     where due_at <= extract(epoch from clock_timestamp()) * 1000 and
       ${only === undefined ? 'entry_id > $1' : 'entry_id = any ($1)'} order by entry_id limit ${pageMax}`,
    [only === undefined ? after : [...only]],
  );
}

async function paymentsOf(
  { query }: Installation,
  page: readonly Row[],
): Promise<ReadonlyMap<string, readonly PaymentFact[]>> {
  const rows = await query<PaymentFact>(
    'payment',
    'select stream as "bookingId", type, data from events where stream = any ($1) order by stream, stream_version',
    [[...new Set(page.map(({ bookingId }) => bookingId))]],
  );
  return Map.groupBy(rows, ({ bookingId }) => bookingId);
}

/** Why a row of the ledger cannot be explained; `undefined` where it can. */
function faultOf(row: Row, facts: readonly PaymentFact[]): string | undefined {
  const isCharge = row.type === 'charge';
  const [done, refused, asked] = isCharge
    ? ['PaymentSucceeded', 'PaymentFailed', ['ChargeRequested']]
    : ['PaymentRefunded', 'RefundFailed', ['RefundStarted']];
  const about = facts.filter(({ data }) => (isCharge ? data.paymentId === row.key : keysOf(data).includes(row.key)));
  if (!about.some(({ type }) => asked.includes(type))) return `the provider has a ${row.type} that was never asked for`;
  const succeeded = about.some(({ type }) => type === done);
  const failed = about.some(({ type }) => type === refused);
  if (row.outcome === 'succeeded' && !succeeded && failed)
    return `the provider has a ${row.type} of ${row.amount} that we call failed`;
  // Neither: openly unsettled, it is asked for again until there is an outcome.
  if (row.outcome === 'declined' && succeeded && isCharge)
    return 'the provider declined a charge that we call captured';
  return undefined;
}

/** A refund's keys: a person's later tries have keys of their own. */
function keysOf({ refundId, round = 1 }: Data): readonly string[] {
  if (refundId === undefined) return [];
  return round === 1 ? [refundId] : [refundId, `${refundId}-${round}`];
}
