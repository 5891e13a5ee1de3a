import type { Money } from '../kit/format.ts';

/** What the server tells of that which the console shows. */
export interface Booking {
  readonly bookingId: string;
  readonly showId: string;
  readonly userId: string;
  readonly status: 'requested' | 'awaiting_payment' | 'paying' | 'confirmed' | 'rejected' | 'expired' | 'cancelled';
  readonly reason?: string;
  readonly seats: readonly string[];
  readonly areas?: readonly AreaCount[];
  readonly total?: Money;
  readonly holdExpiresAt?: string;
  readonly payment: { readonly status: string; readonly attempts: number; readonly error?: ProviderError };
  readonly refund?: { readonly status: 'pending' | 'succeeded' | 'failed'; readonly amount: Money };
  readonly tickets: readonly string[];
  readonly history: readonly { readonly status: string; readonly at: string }[];
  readonly createdAt: string;
}

/** What a write about a booking answers: all of it, or, where the outcome takes longer, how far it is. */
export type Answered = Pick<Booking, 'bookingId' | 'status'> & Partial<Booking>;

export interface AreaCount {
  readonly area: string;
  readonly count: number;
}

interface ProviderError {
  readonly code: string;
  readonly message: string;
}

export interface Ticket {
  readonly ticketId: string;
  readonly seat?: string;
  readonly area?: string;
  readonly priceCategory: string;
  readonly bookedUnder?: string;
  readonly status: 'valid' | 'used' | 'void';
  readonly admittedAt?: string;
  readonly code: string;
}

export interface Timeline {
  readonly entries: readonly TimelineEntry[];
  readonly conclusion: string;
}

export interface TimelineEntry {
  readonly at: string;
  readonly ms: number;
  readonly service: string;
  readonly kind: 'event' | 'provider' | 'parked' | 'effect' | 'deadline' | 'request';
  readonly type: string;
  readonly id: string;
  readonly causedBy?: string;
  readonly topic?: string;
  readonly says: string;
}

export interface Unsettled {
  readonly kind: 'charge' | 'refund' | 'webhook' | 'message';
  readonly id: string;
  readonly since: string;
  readonly bookingId?: string;
  readonly amount?: Money;
  readonly error?: ProviderError;
  readonly reason?: string;
  readonly messageKind?: string;
  readonly channel?: string;
}

export interface Parked {
  readonly parkedId: string;
  readonly service: string;
  readonly partition: number;
  readonly subject: string;
  readonly reason: string;
  readonly detail: string;
  readonly parkedAt: string;
  readonly waitUntil?: string;
  readonly what: string;
  readonly waiting: number;
}

export interface GroupPosition {
  readonly group: string;
  readonly topic: string;
  readonly partition: number;
  readonly lag: number;
}

export interface Topic {
  readonly topic: string;
  readonly owner: string;
  readonly partitions: number;
  readonly retention: string;
  readonly records: number;
  readonly says: string;
}

export interface Theatre {
  readonly theatreId: string;
  readonly name: string;
  readonly location: string;
  readonly timeZone: string;
}

export interface Show {
  readonly showId: string;
  readonly movie: { readonly title: string };
  readonly theatre: Theatre;
  readonly screen: { readonly number: number };
  readonly startsAt: string;
  readonly seatPlanId: string;
  readonly priceCategories: readonly { readonly name: string; readonly price: Money }[];
  readonly status: 'scheduled' | 'on_sale' | 'sold_out' | 'closed' | 'cancelled';
}

export interface SeatPlan {
  readonly areas: readonly { readonly area: string; readonly name: string }[];
}

export interface Sales {
  readonly capacity: number;
  readonly sold: number;
  readonly held: number;
  readonly blocked: number;
  readonly revenue: Money;
  readonly categories: readonly {
    readonly priceCategory: string;
    readonly capacity: number;
    readonly sold: number;
    readonly held: number;
    readonly revenue: Money;
  }[];
}

export interface Quote {
  readonly quote: string;
  readonly seats: readonly string[];
  readonly areas: readonly AreaCount[];
  readonly total: Money;
  readonly expiresAt: string;
}

export interface Admission {
  readonly ticketId: string;
  readonly bookingId: string;
  readonly movieName: string;
  readonly seat?: string;
  readonly area?: string;
  readonly priceCategory: string;
  readonly admittedAt: string;
  readonly gate: string;
}

export interface Setting {
  readonly key: string;
  readonly value: unknown;
  readonly default: unknown;
  readonly version: number;
  readonly who?: string;
  readonly when?: string;
  readonly why?: string;
}

export interface SettingWithHistory extends Setting {
  readonly history: readonly {
    readonly value: unknown;
    readonly version: number;
    readonly who: string;
    readonly when: string;
    readonly why: string;
  }[];
}

export interface User {
  readonly userId: string;
  readonly name: string;
  readonly email?: string;
  readonly phone?: string;
  readonly roles: readonly string[];
}
