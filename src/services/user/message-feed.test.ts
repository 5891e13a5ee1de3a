import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { pino } from 'pino';
import type { ConsumeOptions, Log, LogRecord } from '../../runtime/log/log.ts';
import { createMessageFeed, type SentMessage } from './message-feed.ts';

const bookingId = 'bkg_01890000-0000-7000-8000-000000000001';
const messageId = (n: number) => `msg_01890000-0000-7000-8000-00000000000${n}`;

const record = (n: number, more: object = {}): LogRecord => ({
  ...{ topic: 'notification-sent', partition: 0, key: 'any', offset: n, timestamp: 0 },
  headers: { ce_type: 'NotificationSent', ce_time: '2026-03-01T20:00:00.000Z' },
  value: JSON.stringify({
    ...{ messageId: messageId(n), bookingId, channel: 'email', status: 'delivered', kind: 'payment_received' },
    showId: 'shw_01890000-0000-7000-8000-000000000001',
    userId: 'usr_01890000-0000-7000-8000-000000000001',
    causeId: 'any',
    ...more,
  }),
});

/** A feed, and what brings it records as the log would. */
async function following() {
  const feed = createMessageFeed(pino({ level: 'silent' }));
  const readers: ConsumeOptions[] = [];
  await feed.start({
    topics: [{ name: 'notification-sent', partitions: 1, retentionDays: 30, id: 'any' }],
    bounds: async () => ({ first: 0, next: 7 }),
    consume: (options: ConsumeOptions) => {
      readers.push(options);
      return { stop: async () => undefined };
    },
  } as unknown as Log);
  return { feed, readers, bring: (...records: LogRecord[]) => readers[0]?.onRecords(records) };
}

const watched = (feed: Awaited<ReturnType<typeof following>>['feed'], last?: string) => {
  const messages: SentMessage[] = [];
  const stop = feed.watch(bookingId, (message) => messages.push(message), last);
  return { ids: () => messages.map((each) => each.messageId), messages, stop };
};

describe('the feed of messages', () => {
  it('begins at the end of the topic', async () => {
    const { readers } = await following();
    assert.deepEqual(readers[0]?.positions, [{ topic: 'notification-sent', partition: 0, offset: 7 }]);
  });

  it('tells who watches a booking of each message sent about it, and nobody else', async () => {
    const { feed, bring } = await following();
    const { messages } = watched(feed);
    await bring(record(1), record(2, { bookingId: bookingId.replace(/1$/, '2') }));
    const { kind, channel, status, at } = messages[0] ?? {};
    assert.deepEqual(
      [messages.length, kind, channel, status, at],
      [1, 'payment_received', 'email', 'delivered', '2026-03-01T20:00:00.000Z'],
    );
  });

  it('tells a late watcher what was sent before, and one who comes back only what is new', async () => {
    const { feed, bring } = await following();
    await bring(record(1), record(2));
    assert.deepEqual(watched(feed).ids(), [messageId(1), messageId(2)]);
    assert.deepEqual(watched(feed, messageId(1)).ids(), [messageId(2)]);
    assert.deepEqual(watched(feed, 'msg_of_another_time').ids(), [messageId(1), messageId(2)]);
  });

  it('stays quiet about a record that comes again, one that was skipped and one it cannot read', async () => {
    const { feed, bring } = await following();
    const { ids } = watched(feed);
    await bring(
      record(1),
      record(1),
      record(2, { status: 'skipped' }),
      { ...record(3), value: '{' },
      { ...record(4), value: null },
    );
    assert.deepEqual(ids(), [messageId(1)]);
  });

  it('is quiet once nobody watches', async () => {
    const { feed, bring } = await following();
    const { ids, stop } = watched(feed);
    stop();
    await bring(record(1));
    assert.deepEqual(ids(), []);
  });
});
