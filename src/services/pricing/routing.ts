import type { SeatPlan, Setting, Show } from '../../contracts/catalog.ts';
import { settingFrom, settingVersion } from '../../contracts/settings.ts';
import { type Lookup, type ReferenceKey, type Route, route } from '../../runtime/service.ts';
import type { Input, InputOf, Terms } from './state.ts';

/** How seat events reach the prices of their show, with show, plan and rules as they are at that moment. */
const stream = 'show-prices';

function seatEvent<Type extends Input['type']>(type: Type): Route {
  return route<InputOf<Type>['data']>({
    needs: ({ envelope }, lookup) => (envelope.data === null ? [] : needed(envelope.data, lookup)),
    to: ({ envelope, at }, lookup) => {
      if (envelope.data === null) return [];
      const { data } = envelope;
      const input = { type, id: envelope.id, at, data, terms: termsOf(data, lookup) };
      const address = { stream, id: data.showId, input };
      return ['bookingId' in data ? { ...address, part: data.bookingId } : address];
    },
  });
}

/** The plan the seats were reserved by, else the one of the show. */
function planOf(data: Input['data'], lookup: Lookup): string | undefined {
  return 'seatPlanId' in data ? data.seatPlanId : lookup.get<Show>('catalog', data.showId)?.seatPlanId;
}

function needed(data: Input['data'], lookup: Lookup): readonly ReferenceKey[] {
  const seatPlanId = planOf(data, lookup);
  const show = { topic: 'catalog', key: data.showId } as const;
  return seatPlanId === undefined ? [show] : [show, { topic: 'seat-plans', key: seatPlanId }];
}

function termsOf(data: Input['data'], lookup: Lookup): Terms {
  const get = (key: string) => lookup.get<Setting>('settings', key);
  const seatPlanId = planOf(data, lookup);
  return {
    show: lookup.get<Show>('catalog', data.showId),
    plan: seatPlanId === undefined ? undefined : lookup.get<SeatPlan>('seat-plans', seatPlanId),
    rules: settingFrom(get, 'pricingRules'),
    rulesVersion: settingVersion(get, 'pricingRules'),
    bookingFeeMinor: settingFrom(get, 'bookingFeeMinor'),
  };
}

export const routes: Readonly<Record<string, Route>> = {
  SeatsReserved: seatEvent('SeatsReserved'),
  SeatsSold: seatEvent('SeatsSold'),
  SeatsReleased: seatEvent('SeatsReleased'),
  SeatsLost: seatEvent('SeatsLost'),
  SeatsBlocked: seatEvent('SeatsBlocked'),
  SeatsUnblocked: seatEvent('SeatsUnblocked'),
};
