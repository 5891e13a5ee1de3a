import type { DataOf } from '../../contracts/event.ts';
import { timeOfId } from '../../contracts/ids.ts';
import type { TicketIssued } from '../../contracts/ticket.ts';
import { type Measure, measure } from '../../runtime/telemetry/metrics.ts';

/** How long a customer waits for a ticket. */
export const measures: readonly Measure[] = [
  measure<DataOf<typeof TicketIssued>>({
    name: 'fullhouse_request_to_ticket_seconds',
    help: 'From the request for a booking to its last ticket; who pays later is in the long buckets.',
    kind: 'seconds',
    labels: [],
    on: {
      TicketIssued: ({ data, time }) =>
        (data.ordinal ?? data.ticketCount) < data.ticketCount
          ? undefined
          : { labels: {}, value: (time - timeOfId(data.bookingId)) / 1_000 },
    },
  }),
];
