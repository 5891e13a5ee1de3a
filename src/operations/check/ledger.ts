import type { LedgerEntry } from '../provider-books.ts';
import type { Data, Fact } from './fact.ts';
import type { Examined } from './status.ts';

/** The provider's own ledger, row by row: what it charged and gave back is known to us, or openly unsettled. */
export function theirsIsOurs({ facts }: Examined): readonly string[] {
  return facts.theirs.flatMap((entry) => faultOf(entry, facts.payments).map((fault) => `${fault} (${entry.entryId})`));
}

/** Why a row of the ledger cannot be explained. */
function faultOf(row: LedgerEntry, facts: readonly Fact[]): readonly string[] {
  const isCharge = row.type === 'charge';
  const about = facts.filter((fact) => concerns(fact, row));
  const asked = isCharge ? 'ChargeRequested' : 'RefundStarted';
  if (!about.some(({ type }) => type === asked)) return [`has a ${row.type} at the provider that was never asked for`];
  const succeeded = about.some(({ type }) => type === (isCharge ? 'PaymentSucceeded' : 'PaymentRefunded'));
  const failed = about.some(({ type }) => type === (isCharge ? 'PaymentFailed' : 'RefundFailed'));
  if (row.outcome === 'succeeded' && !succeeded && failed)
    return [`has a ${row.type} of ${row.amount} at the provider that we call failed`];
  // Neither: openly unsettled, it is asked for again until there is an outcome.
  if (row.outcome === 'declined' && succeeded && isCharge)
    return ['has a charge that the provider declined and we call captured'];
  return [];
}

const aboutCharges: ReadonlySet<string> = new Set(['ChargeRequested', 'PaymentSucceeded', 'PaymentFailed']);
const aboutRefunds: ReadonlySet<string> = new Set(['RefundStarted', 'PaymentRefunded', 'RefundFailed']);

function concerns(fact: Fact, { type, key }: LedgerEntry): boolean {
  if (type === 'charge') return aboutCharges.has(fact.type) && fact.data.paymentId === key;
  return aboutRefunds.has(fact.type) && keysOf(fact.data).includes(key);
}

/** A refund's keys: a person's later tries have keys of their own. */
function keysOf({ refundId, round = 1 }: Data): readonly string[] {
  if (refundId === undefined) return [];
  return round === 1 ? [refundId] : [refundId, `${refundId}-${round}`];
}
