import type { BookingCreatedData } from '../../contracts/booking.ts';
import type { SeatPlan, Setting, Show } from '../../contracts/catalog.ts';
import { settingFrom } from '../../contracts/settings.ts';
import {
  askingItself,
  type Effect,
  type Lookup,
  type Message,
  type ReferenceKey,
  type Route,
  route,
} from '../../runtime/service.ts';
import type { BlockInput, BlockRequest, BookingCreatedInput, Input, InputOf, OfferInput } from './state.ts';

/** How messages reach the seats of a show: what a booking asks goes to its part, the organizer's requests to the show. */
const stream = 'show-seats';

type BookingType = Exclude<Input['type'], 'BookingCreated' | 'DeadlineReached' | (BlockInput | OfferInput)['type']>;

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

/** The show, and the plan that it names. */
function showAndPlan({ envelope }: Message<{ readonly showId: string }>, lookup: Lookup): readonly ReferenceKey[] {
  if (envelope.data === null) return [];
  const { showId } = envelope.data;
  const show = lookup.get<Show>('catalog', showId);
  const needed = [{ topic: 'catalog', key: showId }] as const;
  return show === undefined ? needed : [...needed, { topic: 'seat-plans', key: show.seatPlanId }];
}

function aboutBlocks(type: BlockInput['type']): Route {
  return route<BlockRequest>({
    needs: showAndPlan,
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
      waitingListMax: settingFrom((key) => lookup.get<Setting>('settings', key), 'waitingListMax'),
    };
    return [{ stream, id: showId, part: bookingId, input }];
  },
});

/** The places found go to their bookings, one after the other; then what is left is offered on. */
const placesDue = route<{ readonly showId: string; readonly bookingIds: readonly string[] }>({
  needs: showAndPlan,
  to: (message, lookup) => {
    if (message.envelope.data === null) return [];
    const { showId, bookingIds } = message.envelope.data;
    const input = offerInput(message, showId, lookup);
    return [
      ...bookingIds.map((part) => ({ stream, id: showId, part, input: { ...input, type: 'PlacesDue' } })),
      { stream, id: showId, input: { ...input, type: 'OfferDue', goesOn: true } },
    ];
  },
});

const offerDue = route<{ readonly showId: string }>({
  needs: showAndPlan,
  to: (message, lookup) => {
    if (message.envelope.data === null) return [];
    const { showId } = message.envelope.data;
    return [{ stream, id: showId, input: { ...offerInput(message, showId, lookup), type: 'OfferDue' } }];
  },
});

function offerInput({ envelope, at }: Message, showId: string, lookup: Lookup): Omit<OfferInput, 'type'> {
  const get = (key: string) => lookup.get<Setting>('settings', key);
  const show = lookup.get<Show>('catalog', showId);
  return {
    id: envelope.id,
    at,
    data: { showId },
    show,
    plan: show && lookup.get<SeatPlan>('seat-plans', show.seatPlanId),
    holdTtlMs: settingFrom(get, 'holdTtlMs'),
    waitingListHoldMs: settingFrom(get, 'waitingListHoldMs'),
  };
}

/**
 * A show's stream cannot decide for a booking in the same step as for another, nor look at the plan where a hold has just run out. So it
 * asks itself, and the answer comes with what that takes. It is the show's, whosever places became free.
 */
export const offers: Readonly<Record<string, Effect>> = {
  PlacesOffered: askingItself('OfferDue', { forWhole: true }),
  WaitingFound: askingItself('PlacesDue', { forWhole: true }),
};

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
  OfferDue: offerDue,
  PlacesDue: placesDue,
};
