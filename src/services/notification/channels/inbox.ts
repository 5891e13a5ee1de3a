import { Pool } from 'pg';
import { createBatcher } from '../../../runtime/batcher.ts';
import { rowsOf, texts } from '../../../runtime/store/postgres/arrays.ts';
import { survive } from '../../../runtime/store/postgres/connection.ts';
import type { Channel, Channels, Mailer, Outgoing } from './channel.ts';
import { createMailer } from './mailer.ts';

/**
 * The channels of the embedded mode: messages end in a table of the notification service's own database, where
 * `GET /dev/messages` shows them. Durable, and the same delivery key is stored once.
 */
export interface Inbox {
  readonly channels: Channels;
  readonly mailer: Mailer;
  close(): Promise<void>;
}

/** Where messages are put; told apart by their delivery keys. */
export interface InboxStore {
  put(messages: readonly InboxMessage[]): Promise<void>;
  close(): Promise<void>;
}

export interface InboxMessage extends Outgoing {
  readonly channel: 'email' | 'sms';
}

const connectionsMax = 2;
const messagesPerInsertMax = 1_000;
const messagesQueuedMax = 50_000;
const statementTimeoutMs = 10_000;

/** An inbox in the database behind a connection URL, whose table the service's migrations have made. */
export function createInbox(databaseUrl: string): Inbox {
  return inboxOver(postgresStore(databaseUrl));
}

/** An inbox over any store; messages that come together share one write. */
export function inboxOver(store: InboxStore): Inbox {
  const putting = createBatcher<InboxMessage, undefined>({
    itemsMax: messagesPerInsertMax,
    queuedMax: messagesQueuedMax,
    run: async (messages) => {
      await store.put(messages);
      return [];
    },
  });
  const channel = (name: InboxMessage['channel']): Channel => ({
    idempotent: true,
    async send(message, signal) {
      signal.throwIfAborted();
      await putting.add({ ...message, channel: name });
      return { status: 'delivered' };
    },
  });
  const email = channel('email');
  return {
    channels: { email, sms: channel('sms') },
    mailer: createMailer(email),
    async close() {
      await putting.idle();
      await store.close();
    },
  };
}

function postgresStore(connectionString: string): InboxStore {
  const pool = new Pool({ connectionString, max: connectionsMax, statement_timeout: statementTimeoutMs });
  survive(pool);
  return {
    async put(messages) {
      await pool.query({
        name: 'inbox-put',
        text: `insert into inbox_messages
                 (delivery_key, message_id, user_id, booking_id, kind, channel, recipient, subject, text)
               ${rowsOf('text', 'text', 'text', 'text', 'text', 'text', 'text', 'text', 'text')}
               on conflict (delivery_key) do nothing`,
        values: [
          texts(messages.map((each) => each.deliveryKey)),
          texts(messages.map((each) => each.messageId)),
          texts(messages.map((each) => each.userId)),
          texts(messages.map((each) => each.bookingId ?? null)),
          texts(messages.map((each) => each.kind)),
          texts(messages.map((each) => each.channel)),
          texts(messages.map((each) => each.to)),
          texts(messages.map((each) => each.subject)),
          texts(messages.map((each) => each.text)),
        ],
      });
    },
    close: () => pool.end(),
  };
}
