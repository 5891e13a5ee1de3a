import type { Money } from '../../contracts/money.ts';

/** A fact as the invariants look at it. */
export interface Fact {
  readonly type: string;
  readonly version: number;
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly data: Data;
  /** An e-mail address that somebody has left in it. */
  readonly address?: string | null;
  /** Nothing in it says that money was kept. */
  readonly keepsNothing?: boolean;
}

/** The fields of facts that invariants look at; a fact has some of them. */
export interface Data {
  readonly showId?: string;
  readonly seats?: readonly string[];
  readonly indexes?: readonly number[];
  readonly areas?: readonly { readonly area: string; readonly count: number }[];
  readonly items?: readonly { readonly seat?: string; readonly area?: string; readonly price: Money }[];
  readonly fees?: readonly { readonly price: Money }[];
  readonly total?: Money;
  readonly amount?: Money;
  readonly kept?: Money;
  readonly whole?: boolean;
  readonly cause?: string;
  readonly paymentId?: string;
  readonly refundId?: string;
  readonly provider?: string;
  readonly providerReference?: string;
  readonly ticketId?: string;
  readonly userId?: string;
  readonly toUserId?: string;
  /** Of a ticket; 1 where it is not said. */
  readonly issue?: number;
  readonly seat?: string;
  readonly area?: string;
  readonly issueAt?: number;
  readonly timesOutAt?: number;
  readonly until?: string;
  readonly unsettledAt?: number;
  readonly holdExpiresAt?: string;
  readonly heldUntil?: string;
  readonly messageId?: string;
  readonly causeId?: string;
  readonly kind?: string;
  readonly channel?: string;
  readonly status?: string;
  readonly round?: number;
  readonly acceptedAt?: string;
  readonly submittedAt?: string;
  /** What is known of a payment is that there is one. */
  readonly payment?: object;
  /** Of a booking: what becomes of each of its payments is told. */
  readonly answersPayments?: boolean;
  readonly replaces?: { readonly bookingId: string };
}
