import type { DataOf } from '../../contracts/event.ts';
import type { PaymentSucceeded } from '../../contracts/payment.ts';
import { type Measure, type MeasuredFact, measure } from '../../runtime/telemetry/metrics.ts';

type Moved = Pick<DataOf<typeof PaymentSucceeded>, 'amount'>;

const moved =
  (direction: 'captured' | 'refunded') =>
  ({ data: { amount } }: MeasuredFact<Moved>) => ({
    labels: { direction, currency: amount.currency },
    value: amount.amount,
  });

const outcomes = ['captured', 'declined', 'unsettled', 'refunded', 'refund_failed', 'came_back', 'disputed'] as const;
const counted = (outcome: (typeof outcomes)[number]) => () => ({ labels: { outcome }, value: 1 });

/** Money, as it moved. */
export const measures: readonly Measure[] = [
  measure<Moved>({
    name: 'fullhouse_money_minor_units_total',
    help: 'Money captured and refunded, in minor units of its currency.',
    kind: 'counter',
    labels: ['direction', 'currency'],
    on: { PaymentSucceeded: moved('captured'), PaymentRefunded: moved('refunded') },
  }),
  measure<Moved>({
    name: 'fullhouse_charges_total',
    help: 'Charges and refunds by outcome.',
    kind: 'counter',
    labels: ['outcome'],
    atStart: outcomes.map((outcome) => ({ outcome })),
    on: {
      PaymentSucceeded: counted('captured'),
      PaymentFailed: counted('declined'),
      PaymentUnsettled: counted('unsettled'),
      PaymentRefunded: counted('refunded'),
      RefundFailed: counted('refund_failed'),
      RefundCameBack: counted('came_back'),
      PaymentDisputed: counted('disputed'),
    },
  }),
];
