import type { Setting } from '../../contracts/catalog.ts';
import { type SettingKey, settingFrom } from '../../contracts/settings.ts';
import { type Lookup, type Message, type Route, route } from '../../runtime/service.ts';
import type { Input } from './state.ts';

/** Which message reaches the payments of which booking. */

interface AboutBooking {
  readonly bookingId: string;
}

/** A published fact keeps its payload in `data`; what people and providers report is laid out flat, like an answer. */
function toPayments(inputOf: (message: Message<AboutBooking>, data: AboutBooking, lookup: Lookup) => object): Route {
  return route<AboutBooking>({
    to: (message, lookup) => {
      const { id, type, data } = message.envelope;
      if (data === null) return [];
      const input = { ...inputOf(message, data, lookup), id, at: message.at, type } as unknown as Input;
      return [{ stream: 'payments', id: data.bookingId, input }];
    },
  });
}

const settingOf = (lookup: Lookup) => (key: SettingKey) => lookup.get<Setting>('settings', key);

const reported = toPayments((_message, data) => data);

export const routes: Readonly<Record<string, Route>> = {
  BookingValidated: toPayments((_message, data, lookup) => ({
    data,
    unsettledAfterMs: settingFrom(settingOf(lookup), 'paymentUnsettledAfterMs'),
    methodsOn: settingFrom(settingOf(lookup), 'paymentMethods'),
  })),
  PaymentAuthorisationBegun: toPayments((_message, data) => ({ data })),
  RefundRequested: toPayments((_message, data) => ({ data })),
  ProviderReported: reported,
  RefundReported: reported,
  DisputeReported: reported,
  SettlementRequested: reported,
  RefundRetryRequested: reported,
  RefundSettlementRequested: reported,
};
