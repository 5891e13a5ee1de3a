import type { ServiceName, TopicName } from '../../src/contracts/topics.ts';

/**
 * What one booking brings about (one seat, paid at once, confirmed, with its ticket and its two messages), as counted on a
 * running system: which service writes which rows when it meets which event, and how long these are. The baselines move
 * the same bytes by the same ways, without any rule.
 */
export interface Step {
  readonly service: ServiceName;
  /** The event that sets it off; `Request` is the customer's. */
  readonly on: string;
  readonly events: readonly StepEvent[];
  /** Characters of each document row that is written. */
  readonly documents: readonly number[];
}

export interface StepEvent {
  readonly type: string;
  /** Where it is published; an event that is kept is an input of its own service. */
  readonly topic: TopicName | undefined;
  /** Characters of its JSON. */
  readonly length: number;
}

const event = (type: string, topic: TopicName | undefined, length: number): StepEvent => ({ type, topic, length });

export const request = 'Request';
/** With it a booking is done. */
export const lastEvent = 'TicketIssued';

export const steps: readonly Step[] = [
  {
    ...{ service: 'user', on: request, documents: [1_200] },
    events: [event('BookingRequested', 'booking-movie', 291)],
  },
  {
    ...{ service: 'booking', on: 'BookingRequested', documents: [280] },
    events: [event('RequestAccepted', undefined, 303), event('BookingCreated', 'booking-events', 336)],
  },
  {
    ...{ service: 'seat-inventory', on: 'BookingCreated', documents: [130] },
    events: [event('SeatsReserved', 'seat-events', 344)],
  },
  {
    ...{ service: 'pricing', on: 'SeatsReserved', documents: [] },
    events: [event('DemandMoved', undefined, 300), event('PriceCalculated', 'price-events', 609)],
  },
  {
    ...{ service: 'booking', on: 'PriceCalculated', documents: [] },
    events: [
      event('BookingHeld', 'booking-events', 478),
      event('BookingPaymentStarted', 'booking-events', 351),
      event('BookingValidated', 'movie-found', 345),
    ],
  },
  { service: 'user', on: 'BookingHeld', documents: [1_200], events: [] },
  {
    ...{ service: 'payment', on: 'BookingValidated', documents: [500] },
    events: [event('ChargeRequested', undefined, 344)],
  },
  {
    ...{ service: 'payment', on: 'ChargeRequested', documents: [160] },
    events: [event('PaymentSucceeded', 'payment-topic', 353)],
  },
  {
    ...{ service: 'booking', on: 'PaymentSucceeded', documents: [] },
    events: [event('BookingPaid', 'booking-events', 299)],
  },
  {
    ...{ service: 'notification', on: 'PaymentSucceeded', documents: [760] },
    events: [event('MessagePlanned', undefined, 389), event('MessageSkipped', 'notification-sent', 332)],
  },
  {
    ...{ service: 'notification', on: 'MessagePlanned', documents: [] },
    events: [event('NotificationSent', 'notification-sent', 332)],
  },
  {
    ...{ service: 'seat-inventory', on: 'BookingPaid', documents: [] },
    events: [event('HoldMoved', undefined, 147), event('SeatsSold', 'seat-events', 219)],
  },
  { service: 'pricing', on: 'SeatsSold', documents: [], events: [event('DemandLowered', undefined, 300)] },
  {
    ...{ service: 'booking', on: 'SeatsSold', documents: [] },
    events: [event('BookingConfirmed', 'booking-events', 382)],
  },
  { service: 'user', on: 'BookingConfirmed', documents: [1_200], events: [] },
  {
    ...{ service: 'ticket', on: 'BookingConfirmed', documents: [740, 110] },
    events: [event('TicketsPlanned', undefined, 56), event(lastEvent, 'ticket-details', 508)],
  },
  { service: 'user', on: lastEvent, documents: [1_200], events: [] },
  {
    ...{ service: 'notification', on: lastEvent, documents: [760] },
    events: [event('TicketsMessagePlanned', undefined, 389), event('TicketsMessageSkipped', 'notification-sent', 332)],
  },
  {
    ...{ service: 'notification', on: 'TicketsMessagePlanned', documents: [] },
    events: [event('TicketsMessageSent', 'notification-sent', 332)],
  },
];

/** What each service reads, as in the topic catalogue: also where most of it does not concern it. */
export const inputs: Readonly<Record<string, readonly TopicName[]>> = {
  user: ['booking-events', 'ticket-details'],
  booking: ['booking-movie', 'seat-events', 'price-events', 'payment-topic', 'ticket-details'],
  'seat-inventory': ['booking-events'],
  pricing: ['seat-events'],
  payment: ['movie-found', 'booking-events', 'booking-movie'],
  notification: ['payment-topic', 'ticket-details', 'booking-events'],
  ticket: ['notification-sent', 'payment-topic', 'booking-events'],
};

/**
 * The longest way through it, from the request to the ticket: what is published and read by the next one, and what is
 * committed before, the request itself and the charge's intent among it.
 */
export const hopsToTicket = 10;
export const commitsToTicket = 12;

/** Steps of a service by what sets them off. */
export function stepsOf(service: string): ReadonlyMap<string, Step> {
  return new Map(steps.filter((step) => step.service === service).map((step) => [step.on, step]));
}

/** The services that do anything. */
export const stepServices: readonly string[] = Object.keys(inputs);

/** What a booking leaves on the log. */
export const publishedRecords = steps.flatMap(({ events }) => events).filter(({ topic }) => topic !== undefined).length;
