import { z } from 'zod';
import { event } from './event.ts';
import { bookingId, messageId, showId, userId } from './ids.ts';

/** What the notification service publishes: what became of each message. */

export const messageKind = z.enum([
  'booking_held',
  'payment_received',
  'payment_declined',
  'booking_rejected',
  'booking_expired',
  'booking_cancelled',
  'refund_made',
  'show_changed',
  'tickets_issued',
  'ticket_transferred',
  'ticket_received',
  'ticket_void',
]);
export type MessageKind = z.infer<typeof messageKind>;

export const messageChannel = z.enum(['email', 'sms']);
export type MessageChannel = z.infer<typeof messageChannel>;

export const messageStatus = z.enum(['delivered', 'failed', 'unknown', 'skipped']);
export type MessageStatus = z.infer<typeof messageStatus>;

export const NotificationSent = event(
  'NotificationSent',
  'A message of one kind about one cause has an outcome on one channel.',
  z.object({
    messageId,
    bookingId,
    showId,
    userId,
    kind: messageKind,
    channel: messageChannel,
    /** The event the message is about. */
    causeId: z.string(),
    status: messageStatus,
    error: z.string().optional(),
    /** How often the channel was asked in a row before it answered, where once was not enough. */
    tries: z.int().min(2).optional(),
  }),
);

export const notificationEvents = [NotificationSent] as const;
