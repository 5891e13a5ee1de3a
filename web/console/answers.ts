import type { Booking } from '../kit/answers.ts';
import type { Money } from '../kit/format.ts';

/** What a write about a booking answers: all of it, or, where the outcome takes longer, how far it is. */
export type Answered = Pick<Booking, 'bookingId' | 'status'> & Partial<Booking>;

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
  readonly kind: 'charge' | 'refund' | 'cash' | 'dispute' | 'webhook' | 'message';
  readonly id: string;
  readonly since: string;
  readonly bookingId?: string;
  readonly amount?: Money;
  readonly error?: ProviderError;
  readonly reason?: string;
  readonly messageKind?: string;
  readonly channel?: string;
}

/** A message that a person may send again. */
export interface Message {
  readonly messageId: string;
  readonly bookingId: string;
  readonly kind: string;
  readonly channel: string;
  readonly error?: string;
  readonly since: string;
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

export interface Admission {
  readonly ticketId: string;
  readonly bookingId: string;
  readonly showId: string;
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

export interface SeatChange {
  readonly version: number;
  readonly at: string;
  readonly type: string;
  readonly bookingId?: string;
  readonly becomes?: 'free' | 'held' | 'sold' | 'blocked';
  readonly seats: readonly string[];
  readonly says: string;
}

export interface SeatHistory {
  readonly seat: string;
  readonly changes: readonly SeatChange[];
  readonly conclusion: string;
}

export interface Check {
  readonly runningSince: string | null;
  readonly last: {
    readonly endedAt: string;
    readonly holds: boolean;
    readonly invariants: readonly {
      readonly name: string;
      readonly says: string;
      readonly holds: boolean;
      readonly violations: number;
      readonly rows: readonly string[];
    }[];
  } | null;
}
