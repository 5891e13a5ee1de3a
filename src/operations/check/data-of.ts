import type { Data } from './fact.ts';

/**
 * The fields of facts that rules look at, read from their JSON. Nearly all facts of a type look the same but for their
 * values; these are read without building what nobody looks at. What does not look like them from the first character to
 * the last one is parsed.
 */
export function dataOf(type: string, json: string): Data {
  return shapes[type]?.(json) ?? (JSON.parse(json) as Data);
}

/** Names of types that are the same string wherever they occur: comparing them is then comparing places in memory. */
export const knownTypes: ReadonlyMap<string, string> = new Map(
  [
    ...[
      'RequestAccepted',
      'BookingCreated',
      'BookingWaits',
      'BookingHeld',
      'BookingPaymentStarted',
      'BookingValidated',
      'BookingPaid',
    ],
    ...[
      'BookingConfirmed',
      'BookingExpired',
      'BookingCancelled',
      'BookingRejected',
      'PaymentDeclined',
      'RefundRequested',
    ],
    ...[
      'BookingRefunded',
      'SeatsAwaited',
      'WaitEnded',
      'SeatsReserved',
      'HoldMoved',
      'SeatsSold',
      'SeatsReleased',
      'ChargeRequested',
    ],
    ...['PaymentSucceeded', 'PaymentFailed', 'RefundStarted', 'PaymentRefunded', 'MessagePlanned', 'NotificationSent'],
    ...['PaymentMessageSeen', 'TicketIssued', 'TicketVoided', 'TicketAdmitted', 'TicketTransferred'],
  ].map((type) => [type, type]),
);

const id = '"[\\w-]+"';
const text = '"[^"\\\\]*"';
const ids = `"bookingId":${id},"showId":${id},"userId":${id}`;
const money = '\\{"amount":(\\d+),"currency":"(\\w+)"\\}';
const message = `\\{"messageId":"([\\w-]+)","bookingId":${id},"showId":${id},"userId":"([\\w-]+)","kind":"(\\w+)","channel":"(\\w+)","causeId":"([\\w/@-]+)"`;
/** Braces in braces, no deeper, and no quotation marks that are no ends of strings. */
const details = '\\{[^{}\\\\]*(?:\\{[^{}\\\\]*\\}[^{}\\\\]*)*\\}';
const paid = `"paymentId":"([\\w-]+)"`;
const seats = '"seats":\\[((?:"[\\w-]+",?)*)\\]';

const planned = new RegExp(`^${message},"details":${details},"round":(\\d+)\\}$`);
const sent = new RegExp(`^${message},"status":"(\\w+)"\\}$`);
const reserved = new RegExp(
  `^\\{${ids},${seats},"indexes":\\[([\\d,]*)\\],"areas":\\[\\],"seatPlanId":${id},"holdExpiresAt":(${text}),"acceptedAt":${text}\\}$`,
);
const moved = new RegExp(`^\\{"bookingId":${id},"showId":${id},"heldUntil":(${text})\\}$`);
const asked = new RegExp(
  `^\\{${ids},"attempt":\\d+,${paid},"amount":${money},"payment":\\{"method":${id},"token":${id}\\},"unsettledAt":(\\d+)\\}$`,
);
const captured = new RegExp(
  `^\\{${ids},${paid},"attempt":\\d+,"amount":${money},"provider":"(\\w+)","providerReference":"([\\w-]+)"\\}$`,
);

const shapes: Readonly<Record<string, (json: string) => Data | undefined>> = {
  MessagePlanned: (json) => {
    const found = planned.exec(json);
    return found === null ? undefined : { ...messageIn(found), round: Number(found[6]) };
  },
  NotificationSent: (json) => {
    const found = sent.exec(json);
    return found === null ? undefined : { ...messageIn(found), status: found[6] as string };
  },
  SeatsReserved: (json) => {
    const found = reserved.exec(json);
    if (found === null) return undefined;
    const [, names = '', indexes = '', until = ''] = found;
    return {
      seats: names === '' ? [] : names.slice(1, -1).split('","'),
      indexes: indexes === '' ? [] : indexes.split(',').map(Number),
      areas: [],
      holdExpiresAt: until.slice(1, -1),
    };
  },
  HoldMoved: (json) => {
    const found = moved.exec(json);
    return found === null ? undefined : { heldUntil: (found[1] as string).slice(1, -1) };
  },
  ChargeRequested: (json) => {
    const found = asked.exec(json);
    return found === null ? undefined : { ...chargeIn(found), unsettledAt: Number(found[4]) };
  },
  PaymentSucceeded: (json) => {
    const found = captured.exec(json);
    if (found === null) return undefined;
    return { ...chargeIn(found), provider: found[4] as string, providerReference: found[5] as string };
  },
};

function messageIn(found: RegExpExecArray): Data {
  const [, messageId = '', userId = '', kind = '', channel = '', causeId = ''] = found;
  return { messageId, userId, kind, channel, causeId };
}

function chargeIn(found: RegExpExecArray): Data {
  const [, paymentId = '', amount, currency = ''] = found;
  return { paymentId, amount: { amount: Number(amount), currency } };
}
