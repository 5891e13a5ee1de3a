import { deriveId } from '../../contracts/ids.ts';
import type { Money } from '../../contracts/money.ts';
import { about, type Event, type KnownState, type RefundCause } from './state.ts';

/** The request to give money back; the id follows from the booking and what the refund is for. */
export function refund(wanted: {
  state: KnownState;
  paymentId: string;
  amount: Money;
  cause: RefundCause;
  name: string;
}): Event {
  const { state, paymentId, amount, cause, name } = wanted;
  const refundId = deriveId('refund', state.about.bookingId, name);
  return { type: 'RefundRequested', data: { ...about(state.about), refundId, paymentId, amount, cause } };
}
