import type { BookingRejected } from '../../contracts/booking.ts';
import type { DataOf } from '../../contracts/event.ts';
import { type Measure, measure } from '../../runtime/telemetry/metrics.ts';

const ended = (outcome: string) => () => ({ labels: { outcome, reason: '' }, value: 1 });

/** How bookings end. */
export const measures: readonly Measure[] = [
  measure<DataOf<typeof BookingRejected>>({
    name: 'fullhouse_bookings_total',
    help: 'Bookings by outcome; a confirmed one that is cancelled later counts as both.',
    kind: 'counter',
    labels: ['outcome', 'reason'],
    on: {
      BookingConfirmed: ended('confirmed'),
      BookingExpired: ended('expired'),
      BookingCancelled: ended('cancelled'),
      BookingRejected: ({ data }) => ({ labels: { outcome: 'rejected', reason: data.reason }, value: 1 }),
    },
  }),
];
