import { LRUCache } from 'lru-cache';
import { NotificationSent } from '../../contracts/notification.ts';
import { dataIn } from '../../runtime/log/data-in.ts';
import { follow } from '../../runtime/log/follower.ts';
import type { Consumption, Log, LogRecord } from '../../runtime/log/log.ts';
import type { Logger } from '../../runtime/logger.ts';

/**
 * Messages as they are sent, for those who follow a booking: one reader of `notification-sent` for all of them, from the
 * end of the topic, outside the consumer groups. The last ones of each booking are kept for a while, so that who opens a
 * stream a moment after booking, or comes back to it, misses none.
 */
export interface SentMessage {
  readonly messageId: string;
  readonly bookingId: string;
  /** Who was written to: also those who were given a ticket of the booking. */
  readonly userId: string;
  readonly kind: string;
  readonly channel: string;
  readonly status: string;
  readonly at: string;
}

export interface BookingMessages {
  /** Calls back with every message that is kept, those after `lastMessageId` where that is one of them, and every later one. */
  watch(bookingId: string, listener: (message: SentMessage) => void, lastMessageId?: string): () => void;
}

export interface MessageFeed extends BookingMessages {
  start(log: Log): Promise<void>;
  stop(): Promise<void>;
}

export const messageFeedPart = 'booking-messages';

const topic = 'notification-sent';
const bookingsMax = 20_000;
const messagesPerBookingMax = 50;

export function createMessageFeed(logger: Logger): MessageFeed {
  const recent = new LRUCache<string, readonly SentMessage[]>({ max: bookingsMax });
  const listeners = new Map<string, Set<(message: SentMessage) => void>>();
  let consumption: Consumption | undefined;

  const keep = (record: LogRecord): void => {
    const message = messageOf(record);
    if (message === undefined) return;
    const known = recent.get(message.bookingId) ?? [];
    // Delivered again: a repeated record, or the same outcome of a message that a person has ordered once more.
    if (known.some((each) => each.messageId === message.messageId && each.status === message.status)) return;
    recent.set(message.bookingId, [...known, message].slice(-messagesPerBookingMax));
    for (const listener of listeners.get(message.bookingId) ?? []) listener(message);
  };

  return {
    watch(bookingId, listener, lastMessageId) {
      const known = recent.get(bookingId) ?? [];
      const seen = known.findLastIndex((each) => each.messageId === lastMessageId);
      for (const message of known.slice(seen + 1)) listener(message);
      const watching = listeners.get(bookingId) ?? new Set();
      listeners.set(bookingId, watching.add(listener));
      return () => {
        watching.delete(listener);
        if (watching.size === 0 && listeners.get(bookingId) === watching) listeners.delete(bookingId);
      };
    },
    async start(log) {
      consumption = await follow(log, {
        topic,
        from: ({ next }) => next,
        onRecords: (records) => records.forEach(keep),
        logger,
      });
    },
    async stop() {
      await consumption?.stop();
    },
  };
}

/** What a record says was sent; `undefined` for one that was skipped, is unknown here or cannot be read. */
function messageOf(record: LogRecord): SentMessage | undefined {
  const { headers, timestamp } = record;
  if (headers['ce_type'] !== NotificationSent.type) return undefined;
  const data = dataIn(record, NotificationSent);
  if (data === undefined || data.status === 'skipped') return undefined;
  const { messageId, bookingId, userId, kind, channel, status } = data;
  return {
    messageId,
    bookingId,
    userId,
    kind,
    channel,
    status,
    at: headers['ce_time'] ?? new Date(timestamp).toISOString(),
  };
}
