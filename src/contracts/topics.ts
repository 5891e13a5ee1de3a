import { bookingEvents, movieFoundEvents } from './booking.ts';
import { catalogEvents, seatPlanEvents, settingsEvents } from './catalog.ts';
import type { EventDefinition } from './event.ts';
import { notificationEvents } from './notification.ts';
import { paymentEvents } from './payment.ts';
import { priceEvents } from './pricing.ts';
import { seatEvents } from './seat-inventory.ts';
import { ticketEvents } from './ticket.ts';
import { bookingMovieEvents, userProfileEvents } from './user.ts';

/**
 * The topic catalogue: every topic, who writes it, how it is keyed and kept, and what is on it.
 *
 * A topic has exactly one writing service. `partitions: 'shows'` means key = showId and the installation's one partition
 * count, so that everything about a show travels in the same partition number everywhere; `'one'` is a global topic,
 * written and read by task 0. A compacted topic keeps the last record of each key for ever; the others are transport,
 * kept for `retentionDays`, since the producers' databases hold the truth.
 */
export const serviceNames = [
  'catalog',
  'user',
  'booking',
  'seat-inventory',
  'pricing',
  'payment',
  'notification',
  'ticket',
] as const;
export type ServiceName = (typeof serviceNames)[number];

export interface Topic {
  readonly name: string;
  readonly owner: ServiceName;
  readonly key: 'showId' | 'seatPlanId' | 'userId' | 'setting';
  readonly partitions: 'shows' | 'one';
  readonly retentionDays: number | 'compacted';
  readonly events: readonly EventDefinition[];
  readonly says: string;
}

const show = { key: 'showId', partitions: 'shows' } as const;

export const topics = {
  catalog: {
    ...show,
    name: 'catalog',
    owner: 'catalog',
    retentionDays: 'compacted',
    events: catalogEvents,
    says: 'Shows with all that others need to know of them.',
  },
  'seat-plans': {
    name: 'seat-plans',
    owner: 'catalog',
    key: 'seatPlanId',
    partitions: 'one',
    retentionDays: 'compacted',
    events: seatPlanEvents,
    says: 'Immutable seat plans; rows as ranges, so that 50,000 seats fit one record.',
  },
  settings: {
    name: 'settings',
    owner: 'catalog',
    key: 'setting',
    partitions: 'one',
    retentionDays: 'compacted',
    events: settingsEvents,
    says: 'Settings that change while the system runs, with who, when and why.',
  },
  'user-profiles': {
    name: 'user-profiles',
    owner: 'user',
    key: 'userId',
    partitions: 'one',
    retentionDays: 'compacted',
    events: userProfileEvents,
    says: 'Names and addresses; erasing a user is a tombstone.',
  },
  'booking-movie': {
    ...show,
    name: 'booking-movie',
    owner: 'user',
    retentionDays: 30,
    events: bookingMovieEvents,
    says: 'What customers ask for.',
  },
  'booking-events': {
    ...show,
    name: 'booking-events',
    owner: 'booking',
    retentionDays: 30,
    events: bookingEvents,
    says: 'Every change of a booking.',
  },
  'movie-found': {
    ...show,
    name: 'movie-found',
    owner: 'booking',
    retentionDays: 30,
    events: movieFoundEvents,
    says: 'Bookings to be charged, once per payment attempt.',
  },
  'seat-events': {
    ...show,
    name: 'seat-events',
    owner: 'seat-inventory',
    retentionDays: 30,
    events: seatEvents,
    says: 'Who holds, owns or lost which seats.',
  },
  'price-events': {
    ...show,
    name: 'price-events',
    owner: 'pricing',
    retentionDays: 30,
    events: priceEvents,
    says: 'Prices of bookings and price lists of shows.',
  },
  'payment-topic': {
    ...show,
    name: 'payment-topic',
    owner: 'payment',
    retentionDays: 30,
    events: paymentEvents,
    says: 'Outcomes of charges and refunds.',
  },
  'notification-sent': {
    ...show,
    name: 'notification-sent',
    owner: 'notification',
    retentionDays: 30,
    events: notificationEvents,
    says: 'What became of each message.',
  },
  'ticket-details': {
    ...show,
    name: 'ticket-details',
    owner: 'ticket',
    retentionDays: 30,
    events: ticketEvents,
    says: 'Tickets as people hold them, with the name they are booked under.',
  },
} as const satisfies Record<string, Topic>;

export type TopicName = keyof typeof topics;
export const topicNames = Object.keys(topics) as readonly TopicName[];

/** A topic by a name that came from outside; `undefined` when there is none. */
export function topicNamed(name: string): Topic | undefined {
  return Object.hasOwn(topics, name) ? topics[name as TopicName] : undefined;
}

const definitionsByType = new Map<string, { readonly topic: Topic; readonly definition: EventDefinition }>();
for (const topic of Object.values<Topic>(topics)) {
  for (const definition of topic.events) definitionsByType.set(definition.type, { topic, definition });
}

/** Where an event type is published and what it looks like; `undefined` for facts a service keeps to itself. */
export function publication(type: string): { readonly topic: Topic; readonly definition: EventDefinition } | undefined {
  return definitionsByType.get(type);
}
