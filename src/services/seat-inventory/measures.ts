import { type Measure, measure } from '../../runtime/telemetry/metrics.ts';

const seats =
  (change: string) =>
  ({
    data,
  }: {
    readonly data: { readonly indexes?: readonly number[]; readonly areas?: readonly { readonly count: number }[] };
  }) => ({
    labels: { change },
    value: (data.indexes?.length ?? 0) + (data.areas ?? []).reduce((sum, { count }) => sum + count, 0),
  });

/** Seats and places that changed hands. */
export const measures: readonly Measure[] = [
  measure<{ readonly indexes?: readonly number[]; readonly areas?: readonly { readonly count: number }[] }>({
    name: 'fullhouse_seats_total',
    help: 'Seats and places reserved, sold and released.',
    kind: 'counter',
    labels: ['change'],
    on: { SeatsReserved: seats('reserved'), SeatsSold: seats('sold'), SeatsReleased: seats('released') },
  }),
];
