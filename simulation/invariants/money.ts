import { eventsOf, type SimulatedInvariant } from './evidence.ts';

/** Our books and the provider's, both ways round. Whether each booking's own sum is right is examined booking by booking. */

interface Paid {
  readonly paymentId: string;
  readonly refundId?: string;
  readonly bookingId: string;
  readonly provider?: string;
  readonly providerReference: string;
  readonly amount: { readonly amount: number };
}

export const providersBooksAreOurs: SimulatedInvariant = {
  name: 'providers-books-are-ours',
  says: "everything in the provider's ledger is in our books",
  *examine({ ledger, stored }) {
    const ours = new Map(
      eventsOf({ stored }, 'payment')
        .filter(({ type }) => type === 'PaymentSucceeded' || type === 'PaymentRefunded')
        .map(({ data }) => [(data as Paid).providerReference, data as Paid]),
    );
    for (const { entryId, type, bookingId, amount, outcome } of ledger) {
      if (outcome !== 'succeeded') continue;
      const known = ours.get(entryId);
      if (known === undefined)
        yield `the provider has a ${type} of ${amount.amount} for ${bookingId} that we know nothing of`;
      else if (known.amount.amount !== amount.amount)
        yield `${entryId} is ${amount.amount} there and ${known.amount.amount} here`;
    }
  },
};

export const chargedAsAsked: SimulatedInvariant = {
  name: 'charged-as-asked',
  says: 'every charge is one that a booking has asked for, under its own key and at its own price',
  *examine({ ledger, bookings }) {
    const asked = new Map(
      bookings.flatMap(({ bookingId, booking }) =>
        booking
          .filter(({ type }) => type === 'BookingValidated')
          .map(({ data }) => [data.paymentId ?? '', { bookingId, amount: data.amount?.amount }] as const),
      ),
    );
    for (const { key, type, bookingId, amount } of ledger) {
      if (type !== 'charge') continue;
      const wanted = asked.get(key);
      if (wanted === undefined) yield `${key} charges ${bookingId}, and no booking has asked for it`;
      else if (wanted.bookingId !== bookingId || wanted.amount !== amount.amount)
        yield `${key} charges ${amount.amount} for ${bookingId} where ${wanted.bookingId} asked for ${wanted.amount}`;
    }
  },
};

export const oneChargeStays: SimulatedInvariant = {
  name: 'one-charge-stays',
  says: "by the provider's ledger, of all charges of a booking at most one is not given back",
  *examine({ ledger }) {
    const succeeded = ledger.filter(({ outcome }) => outcome === 'succeeded');
    for (const [bookingId, entries] of Map.groupBy(succeeded, (entry) => entry.bookingId)) {
      const charges = entries.filter(({ type }) => type === 'charge');
      const refunded = (key: string) =>
        entries.filter(({ chargeKey }) => chargeKey === key).reduce((sum, { amount }) => sum + amount.amount, 0);
      const staying = charges.filter(({ key, amount }) => refunded(key) === 0 && amount.amount > 0);
      if (staying.length > 1) yield `${bookingId} has paid ${staying.length} times and got nothing back`;
      for (const { key, amount } of charges)
        if (refunded(key) > amount.amount)
          yield `${bookingId} was charged ${amount.amount} and got ${refunded(key)} back`;
    }
  },
};

const ends = ['BookingRejected', 'BookingExpired', 'BookingCancelled'];
const outcomes = ['PaymentSucceeded', 'PaymentFailed'];

export const noEndWhileCharged: SimulatedInvariant = {
  name: 'no-end-while-charged',
  says: 'no booking ends while one of its charges has no outcome',
  *examine({ bookings, order }) {
    for (const { bookingId, booking, payments } of bookings) {
      const at = (service: string, version: number) => order.get(`${service} ${bookingId}/${version}`) ?? 0;
      for (const end of booking.filter(({ type }) => ends.includes(type))) {
        const ended = at('booking', end.version);
        for (const { type, data, version } of booking) {
          if (type !== 'BookingPaymentStarted' || version > end.version) continue;
          const outcome = payments.find(
            (each) => outcomes.includes(each.type) && each.data.paymentId === data.paymentId,
          );
          if (outcome === undefined || at('payment', outcome.version) > ended)
            yield `${bookingId} ended (${end.type}) while ${data.paymentId} had no outcome`;
        }
      }
    }
  },
};
