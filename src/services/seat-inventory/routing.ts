import type { BookingCreatedData } from '../../contracts/booking.ts';
import type { SeatPlan, Setting, Show } from '../../contracts/catalog.ts';
import { settingFrom } from '../../contracts/settings.ts';
import { type Route, route } from '../../runtime/service.ts';
import type { BlockInput, BlockRequest, BookingCreatedInput, Input, InputOf } from './state.ts';

/** How messages reach the seats of a show: what a booking asks goes to its part, the organizer's requests to the show. */
const stream = 'show-seats';

type BookingType = Exclude<Input['type'], 'BookingCreated' | 'DeadlineReached' | BlockInput['type']>;

/** Needs nothing but its own data. */
function aboutBooking<Type extends BookingType>(type: Type): Route {
  return route<InputOf<Type>['data']>({
    to: ({ envelope, at }) => {
      if (envelope.data === null) return [];
      const { showId, bookingId } = envelope.data;
      return [{ stream, id: showId, part: bookingId, input: { type, id: envelope.id, at, data: envelope.data } }];
    },
  });
}

function aboutBlocks(type: BlockInput['type']): Route {
  return route<BlockRequest>({
    needs: ({ envelope }, lookup) => {
      if (envelope.data === null) return [];
      const show = lookup.get<Show>('catalog', envelope.data.showId);
      const needed = [{ topic: 'catalog', key: envelope.data.showId }] as const;
      return show === undefined ? needed : [...needed, { topic: 'seat-plans', key: show.seatPlanId }];
    },
    to: ({ envelope, at }, lookup) => {
      if (envelope.data === null) return [];
      const show = lookup.get<Show>('catalog', envelope.data.showId);
      const plan = show && lookup.get<SeatPlan>('seat-plans', show.seatPlanId);
      const input: BlockInput = { type, id: envelope.id, at, data: envelope.data, plan };
      return [{ stream, id: envelope.data.showId, input }];
    },
  });
}

/** A booking was checked against the show it names, and names the plan it was checked with. */
const bookingCreated = route<BookingCreatedData>({
  needs: ({ envelope }) =>
    envelope.data === null
      ? []
      : [
          { topic: 'catalog', key: envelope.data.showId },
          { topic: 'seat-plans', key: envelope.data.seatPlanId },
        ],
  to: ({ envelope, at }, lookup) => {
    if (envelope.data === null) return [];
    const { showId, bookingId, seatPlanId } = envelope.data;
    const input: BookingCreatedInput = {
      type: 'BookingCreated',
      id: envelope.id,
      at,
      data: envelope.data,
      show: lookup.get<Show>('catalog', showId),
      plan: lookup.get<SeatPlan>('seat-plans', seatPlanId),
      holdTtlMs: settingFrom((key) => lookup.get<Setting>('settings', key), 'holdTtlMs'),
    };
    return [{ stream, id: showId, part: bookingId, input }];
  },
});

export const routes: Readonly<Record<string, Route>> = {
  BookingCreated: bookingCreated,
  BookingPaymentStarted: aboutBooking('BookingPaymentStarted'),
  PaymentDeclined: aboutBooking('PaymentDeclined'),
  BookingPaid: aboutBooking('BookingPaid'),
  BookingRejected: aboutBooking('BookingRejected'),
  BookingExpired: aboutBooking('BookingExpired'),
  BookingCancelled: aboutBooking('BookingCancelled'),
  BlockRequested: aboutBlocks('BlockRequested'),
  UnblockRequested: aboutBlocks('UnblockRequested'),
};
