import type { PaymentError } from '../../contracts/booking.ts';
import type { Money } from '../../contracts/money.ts';
import type { Retention } from '../../runtime/housekeeping/housekeeping.ts';
import { dayMs, olderThan, removing } from '../../runtime/housekeeping/retentions.ts';
import { type Applied, type AppliedBatch, type Statement, type View, view } from '../../runtime/service.ts';
import type { ServiceRuntime } from '../../runtime/service-runtime.ts';
import { rowsOf } from '../../runtime/store/postgres/arrays.ts';

/** The payment service's own tables: charges, refunds and disputes for people, captures as a wall, webhooks without a match. */

export interface PaymentRow {
  readonly paymentId: string;
  readonly bookingId: string;
  readonly showId: string;
  readonly amount: Money;
  readonly status: 'open' | 'unknown' | 'unsettled' | 'succeeded' | 'failed';
  readonly error?: PaymentError | undefined;
  readonly since: string;
}

export interface RefundRow {
  readonly refundId: string;
  readonly paymentId: string;
  readonly bookingId: string;
  readonly showId: string;
  readonly amount: Money;
  readonly status: 'open' | 'due' | 'succeeded' | 'failed';
  readonly error?: PaymentError | undefined;
  readonly since: string;
}

export interface DisputeRow {
  readonly disputeId: string;
  readonly paymentId: string;
  readonly bookingId: string;
  readonly showId: string;
  readonly amount: Money;
  readonly status: 'open' | 'closed';
  readonly reason: string;
  readonly since: string;
}

/** What the facts of the tables carry, as far as they carry it. */
interface Data
  extends Omit<PaymentRow, 'status' | 'since'>,
    Pick<RefundRow, 'refundId'>,
    Pick<DisputeRow, 'disputeId' | 'reason'> {}
type Change = Applied<Data>;

const paymentAfter: Readonly<Record<string, PaymentRow['status']>> = {
  ChargeRequested: 'open',
  ChargeUnanswered: 'unknown',
  PaymentUnsettled: 'unsettled',
  PaymentSucceeded: 'succeeded',
  PaymentFailed: 'failed',
};

const refundAfter: Readonly<Record<string, RefundRow['status']>> = {
  RefundStarted: 'open',
  CashRefundDue: 'due',
  PaymentRefunded: 'succeeded',
  RefundFailed: 'failed',
  RefundCameBack: 'failed',
  RefundMadeAgain: 'succeeded',
};

const disputeAfter: Readonly<Record<string, DisputeRow['status']>> = {
  PaymentDisputed: 'open',
  PaymentDisputeClosed: 'closed',
};

const sinceOf = (change: Change) => new Date(change.envelope.time).toISOString();

const columns = {
  booking_id: { type: 'text', of: (row: { readonly bookingId: string }) => row.bookingId },
  show_id: { type: 'text', of: (row: { readonly showId: string }) => row.showId },
  status: { type: 'text', of: (row: { readonly status: string }) => row.status },
  since: { type: 'timestamptz', of: (row: { readonly since: string }) => row.since },
};

function onEach(types: Readonly<Record<string, string>>, idOf: (data: Data) => string) {
  const named = (change: Change) => (change.envelope.data === null ? undefined : idOf(change.envelope.data));
  return Object.fromEntries(Object.keys(types).map((type) => [type, named]));
}

export const payments: View = view<PaymentRow>({
  name: 'payments',
  on: onEach(paymentAfter, (data) => data.paymentId),
  fold: (row, applied) => {
    const change = applied as unknown as Change;
    const { type, data } = change.envelope;
    const status = paymentAfter[type];
    if (data === null || status === undefined) return row;
    // Asking goes on after a person was called: the row stays in the list until there is an outcome.
    if (status === 'unknown') return row?.status === 'open' ? { ...row, status } : row;
    const { paymentId, bookingId, showId, amount, error } = data;
    return { paymentId, bookingId, showId, amount, status, error, since: sinceOf(change) };
  },
  columns,
});

export const refunds: View = view<RefundRow>({
  name: 'refunds',
  on: onEach(refundAfter, (data) => data.refundId),
  fold: (row, applied) => {
    const change = applied as unknown as Change;
    const { type, data } = change.envelope;
    const status = refundAfter[type];
    if (data === null || status === undefined) return row;
    const { refundId, paymentId, bookingId, showId, amount, error } = data;
    return { refundId, paymentId, bookingId, showId, amount, status, error, since: sinceOf(change) };
  },
  columns,
});

export const disputes: View = view<DisputeRow>({
  name: 'disputes',
  on: onEach(disputeAfter, (data) => data.disputeId),
  fold: (row, applied) => {
    const change = applied as unknown as Change;
    const { type, data } = change.envelope;
    const status = disputeAfter[type];
    if (data === null || status === undefined) return row;
    const { disputeId, paymentId, bookingId, showId, amount, reason } = data;
    return { disputeId, paymentId, bookingId, showId, amount, status, reason, since: sinceOf(change) };
  },
  columns,
});

/** One capture per booking: the insert fails where a decider has gone wrong. */
export function captures({ applied }: AppliedBatch): readonly Statement[] {
  const facts = (applied as readonly Change[]).filter((each) => each.kind === 'fact');
  const surplus = new Set(facts.filter(isOf('ChargeCapturedAfterAll')).map((each) => each.envelope.data?.paymentId));
  const captured = facts.filter(isOf('PaymentSucceeded')).flatMap(({ envelope }) => envelope.data ?? []);
  if (captured.length === 0) return [];
  return [
    {
      name: 'captures-insert',
      text: `insert into captures (payment_id, booking_id, amount, currency, surplus)
             ${rowsOf('text', 'text', 'bigint', 'text', 'boolean')}`,
      values: [
        captured.map((data) => data.paymentId),
        captured.map((data) => data.bookingId),
        captured.map((data) => data.amount.amount),
        captured.map((data) => data.amount.currency),
        captured.map((data) => surplus.has(data.paymentId)),
      ],
    },
  ];
}

const isOf = (type: string) => (change: Change) => change.envelope.type === type;

export function paymentRow(service: ServiceRuntime, paymentId: string): Promise<PaymentRow | undefined> {
  return one<PaymentRow>(service, 'select body from payments where id = $1', paymentId);
}

export function refundRow(service: ServiceRuntime, refundId: string): Promise<RefundRow | undefined> {
  return one<RefundRow>(service, 'select body from refunds where id = $1', refundId);
}

async function one<Row>(service: ServiceRuntime, text: string, id: string): Promise<Row | undefined> {
  return (await service.query<{ readonly body: Row }>(text, [id]))[0]?.body;
}

export interface UnmatchedWebhook {
  readonly provider: string;
  readonly webhookId: string;
  readonly reason: string;
  readonly body: string;
}

/** Stores a genuine webhook that matches nothing; the same one again changes nothing. */
export async function storeUnmatched(service: ServiceRuntime, webhook: UnmatchedWebhook): Promise<void> {
  await service.query(
    `insert into unmatched_webhooks (provider, webhook_id, reason, body) values ($1, $2, $3, $4)
     on conflict (provider, webhook_id) do nothing`,
    [webhook.provider, webhook.webhookId, webhook.reason, webhook.body],
  );
}

/** Something that needs a person. */
export interface UnsettledRow {
  readonly kind: 'charge' | 'refund' | 'cash' | 'dispute' | 'webhook';
  readonly id: string;
  readonly since: Date;
  readonly body: Readonly<Record<string, unknown>>;
}

/** What needs a person, oldest first, after the row that `after` names by its time and id. */
export function unsettled(
  service: ServiceRuntime,
  page: { readonly limit: number; readonly after: readonly string[] | undefined },
): Promise<readonly UnsettledRow[]> {
  return service.query<UnsettledRow>(
    `select * from (
       select 'charge' kind, id, since, body from payments where status = 'unsettled'
       union all
       select 'refund', id, since, body from refunds where status = 'failed'
       union all
       select 'cash', id, since, body from refunds where status = 'due'
       union all
       select 'dispute', id, since, body from disputes where status = 'open'
       union all
       select 'webhook', provider || '/' || webhook_id, received_at,
         json_build_object('provider', provider, 'webhookId', webhook_id, 'reason', reason)
       from unmatched_webhooks
     ) waiting
     where $1::timestamptz is null or (since, id) > ($1::timestamptz, $2::text)
     order by since, id limit $3`,
    [page.after?.[0] ?? null, page.after?.[1] ?? null, page.limit],
  );
}

/** How much of each kind needs a person, with 0 where nothing does. */
export function unsettledByKind(
  service: ServiceRuntime,
): Promise<readonly { readonly kind: UnsettledRow['kind']; readonly count: number }[]> {
  return service.query(
    `select 'charge' kind, count(*) from payments where status = 'unsettled'
     union all
     select 'refund', count(*) from refunds where status = 'failed'
     union all
     select 'cash', count(*) from refunds where status = 'due'
     union all
     select 'dispute', count(*) from disputes where status = 'open'
     union all
     select 'webhook', count(*) from unmatched_webhooks`,
  );
}

/** Payments, refunds, disputes and captures are kept for good; a webhook that nobody could place is not. */
export const retentions: readonly Retention[] = [
  {
    table: 'unmatched_webhooks',
    kept: ({ retentionDays }) => retentionDays.webhooks * dayMs,
    text: removing('unmatched_webhooks', olderThan('received_at'), 'received_at'),
  },
];
