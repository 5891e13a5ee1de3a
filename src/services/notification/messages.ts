import type { BookingEvent, RejectionReason } from '../../contracts/booking.ts';
import type { Fact, InputContext } from '../../contracts/decider.ts';
import type { DataOf } from '../../contracts/event.ts';
import type { Money } from '../../contracts/money.ts';
import type { MessageChannel, MessageStatus, NotificationSent } from '../../contracts/notification.ts';
import type { PaymentEvent } from '../../contracts/payment.ts';
import type { AreaCount } from '../../contracts/seats.ts';
import type { TicketEvent, TicketTransferred, TicketVoided } from '../../contracts/ticket.ts';

/** What the message stream hears, says and remembers. */

export interface Places {
  readonly seats: readonly string[];
  readonly areas: readonly AreaCount[];
}

/** What a message of each kind tells; ids and places only, nothing that says who the customer is. */
export type Details =
  | ({ readonly kind: 'booking_held'; readonly total: Money; readonly holdExpiresAt: string } & Places)
  | { readonly kind: 'payment_received'; readonly amount: Money }
  | {
      readonly kind: 'payment_declined';
      readonly why: string;
      readonly attemptsLeft: number;
      readonly holdExpiresAt: string;
    }
  | { readonly kind: 'booking_rejected'; readonly reason: RejectionReason; readonly newTotal?: Money | undefined }
  | ({ readonly kind: 'booking_expired' } & Places)
  | ({
      readonly kind: 'booking_cancelled';
      readonly whole: boolean;
      readonly cause: 'customer' | 'organizer' | 'show_cancelled';
      readonly refund?: Money | undefined;
      readonly kept?: Money | undefined;
      readonly inCash?: true | undefined;
    } & Places)
  | { readonly kind: 'refund_made'; readonly amount: Money; readonly inCash?: true | undefined }
  | { readonly kind: 'show_changed'; readonly movedAt?: string | undefined; readonly toReceiver?: true | undefined }
  | { readonly kind: 'tickets_issued'; readonly ticketCount: number }
  /** To whoever had the ticket before: who has it now is not told. */
  | ({ readonly kind: 'ticket_transferred' } & OnePlace)
  | ({ readonly kind: 'ticket_received'; readonly ticketId: string } & OnePlace)
  | ({ readonly kind: 'ticket_void'; readonly ticketId: string; readonly reason: string } & OnePlace);

export interface OnePlace {
  readonly seat?: string | undefined;
  readonly area?: string | undefined;
}

interface About {
  readonly bookingId: string;
  readonly showId: string;
  readonly userId: string;
}

/** Where the customer can be reached now: the channels in use, and those of them there is an address for. */
export interface Reach {
  readonly channels: readonly MessageChannel[];
  readonly addressed: readonly MessageChannel[];
}

type Heard = 'BookingHeld' | 'PaymentDeclined' | 'BookingRejected' | 'BookingExpired' | 'BookingCancelled';
type Happened =
  | Extract<BookingEvent, { readonly type: Heard }>
  | Extract<PaymentEvent, { readonly type: 'PaymentSucceeded' | 'PaymentRefunded' }>
  | Extract<TicketEvent, { readonly type: 'TicketIssued' }>
  /** The same event, to whoever had the ticket and to whoever has it now. */
  | { readonly type: 'TicketGivenAway' | 'TicketReceived'; readonly data: DataOf<typeof TicketTransferred> }
  /** `movedAt` tells one move from another, whichever way it is heard of. */
  | {
      readonly type: 'ShowMoved';
      readonly data: { readonly movedAt?: string | undefined; readonly toReceiver?: true | undefined } | null;
    };

/** Something a customer is told of; `causeId` is the id of the event that says so. */
export type Cause = Happened & About & InputContext & { readonly causeId: string; readonly reach: Reach };

export interface Answer {
  readonly type: 'MessageSettled';
  readonly messageId: string;
  readonly round: number;
  readonly status: MessageStatus;
  readonly error?: string | undefined;
  /** How often the channel was asked in a row, where once was not enough. */
  readonly tries?: number | undefined;
}

export interface Resend {
  readonly type: 'ResendRequested';
  readonly messageId: string;
  readonly who: string;
}

/** Concerns who was given the ticket, if anybody was: the customer is told of the booking. */
export interface Voided {
  readonly type: 'TicketVoided';
  readonly data: DataOf<typeof TicketVoided>;
  readonly causeId: string;
  readonly channels: readonly MessageChannel[];
}

export type Input = Cause | ((Voided | Answer | Resend | { readonly type: 'DeadlineReached' }) & InputContext);

type Named = Omit<DataOf<typeof NotificationSent>, 'status' | 'error' | 'tries'>;

/** A message to be sent; `round` counts the times a person has ordered it. */
export interface Planned extends Named {
  readonly details: Details;
  readonly round: number;
  /** The person who ordered it again. */
  readonly orderedBy?: string | undefined;
}

export interface Message extends Named {
  readonly status: MessageStatus | 'sending';
  readonly details: Details | undefined;
  readonly round: number;
}

/** Who was given which ticket of the booking. */
export interface Received extends OnePlace {
  readonly bookingId: string;
  readonly ticketId: string;
  readonly userId: string;
}

export interface State {
  readonly messages: readonly Message[];
  readonly received: readonly Received[];
}

export type Event =
  | Fact<'TicketHolderNoted', Received>
  | Fact<'MessagePlanned', Planned>
  | Fact<'NotificationSent', DataOf<typeof NotificationSent>>;
