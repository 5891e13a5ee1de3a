import type { MessageChannel } from '../../../contracts/notification.ts';

/** A message on its way out. */
export interface Outgoing {
  /** The same for the same sending: a channel that remembers keys delivers each once. */
  readonly deliveryKey: string;
  readonly messageId: string;
  readonly userId: string;
  readonly bookingId: string | undefined;
  readonly kind: string;
  readonly to: string;
  readonly subject: string;
  readonly text: string;
}

export type Delivery =
  | { readonly status: 'delivered' }
  /** The other side said no: sending it again would not help. */
  | { readonly status: 'failed'; readonly error: string };

export interface Channel {
  /** Whether a repeated delivery key is delivered once. Others are never asked twice. */
  readonly idempotent: boolean;
  /** Throws where nobody knows whether it was delivered. */
  send(message: Outgoing, signal: AbortSignal): Promise<Delivery>;
}

export type Channels = Readonly<Partial<Record<MessageChannel, Channel>>>;

/** Mail that is no part of a booking, such as a password reset. */
export interface Mailer {
  send(mail: {
    readonly to: string;
    readonly subject: string;
    readonly text: string;
    readonly userId: string;
    readonly kind: string;
  }): Promise<void>;
}
