import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { pino } from 'pino';
import type { ConsumeOptions, Log, LogRecord } from '../runtime/log/log.ts';
import { type Availability, AvailabilityFeed } from './availability-feed.ts';

const showId = 'shw_01890000-0000-7000-8000-000000000001';

const plan = 'pln_01890000-0000-7000-8000-000000000001';
const otherPlan = 'pln_01890000-0000-7000-8000-000000000002';

const snapshotOf = ({ version, seatPlanId }: Pick<Availability, 'version' | 'seatPlanId'>): Availability => ({
  ...{ showId, version, seatPlanId, seats: `map at ${version}`, areas: [] },
});

/** The record that says a seat is held from a version of the show on. */
const held = (version: number, index: number, key = showId, seatPlanId = plan): LogRecord => ({
  ...{ topic: 'seat-events', partition: 0, key, offset: version, timestamp: 0 },
  headers: { ce_type: 'SeatsReserved', ce_streamversion: String(version) },
  value: JSON.stringify({
    bookingId: 'bkg_01890000-0000-7000-8000-000000000001',
    userId: 'usr_01890000-0000-7000-8000-000000000001',
    seatPlanId,
    ...{ showId, seats: [`A-1-${index}`], indexes: [index], areas: [] },
    ...{ holdExpiresAt: '2026-03-01T20:00:00.000Z', acceptedAt: '2026-03-01T19:55:00.000Z' },
  }),
});

/** A client that keeps what it is told: `snapshot 3`, or `4: 0 1` for the version and the seats of a delta. */
function client() {
  const told: string[] = [];
  let isOpen = true;
  return {
    told,
    get isOpen() {
      return isOpen;
    },
    send: (event: string, data: unknown) => {
      told.push(`${event} ${(data as Availability).version}`);
    },
    sendFrame: (frame: Buffer) => {
      const { version, seats } = JSON.parse(/data: (.*)\n/.exec(frame.toString())?.[1] ?? '') as {
        version: number;
        seats: [number, number][];
      };
      told.push(`${version}: ${seats.map(([index]) => index).join(' ')}`);
    },
    close: () => {
      isOpen = false;
    },
  };
}

/** A feed over a show whose version the test sets, and what brings records as the log would. */
async function feedAt(version: number, options: { readonly changesOfAllMax?: number } = {}) {
  const now = { version, seatPlanId: plan };
  const readers: ConsumeOptions[] = [];
  const feed = new AvailabilityFeed({
    ...options,
    logger: pino({ level: 'silent' }),
    tellingShare: 1,
    snapshot: async (id) => (id === showId ? snapshotOf(now) : undefined),
  });
  await feed.start({
    topics: [{ name: 'seat-events', partitions: 1, retentionDays: 30, id: 'any' }],
    bounds: async () => ({ first: 0, next: 0 }),
    consume: (options: ConsumeOptions) => {
      readers.push(options);
      return { stop: async () => undefined };
    },
  } as unknown as Log);
  return { feed, now, bring: async (...records: LogRecord[]) => readers[0]?.onRecords(records) };
}

describe('the feed of seat maps', () => {
  it('sends a snapshot first, then what changes', async () => {
    const { feed, bring } = await feedAt(3);
    const watcher = client();
    await feed.watch(showId, watcher, undefined);
    await bring(held(4, 0), held(5, 1));
    assert.deepEqual(watcher.told, ['snapshot 3', '5: 0 1']);
  });

  it('lets who has a snapshot come back to it, although nothing had happened before', async () => {
    const { feed, now, bring } = await feedAt(0);
    const first = client();
    await feed.watch(showId, first, undefined);
    feed.unwatch(showId, first);
    // Version 1 concerned no seat, so it is not on the topic.
    now.version = 2;
    await bring(held(2, 7));
    const again = client();
    await feed.watch(showId, again, 0);
    assert.deepEqual(again.told, ['2: 7']);
  });

  it('sends nothing to who comes back with a version that concerned no seat', async () => {
    const { feed, now, bring } = await feedAt(0);
    const watching = client();
    await feed.watch(showId, watching, undefined);
    await bring(held(1, 7));
    now.version = 2;
    const again = client();
    await feed.watch(showId, again, 2);
    assert.deepEqual(again.told, []);
    await bring(held(3, 8));
    assert.deepEqual([again.told, watching.told], [['3: 8'], ['snapshot 0', '1: 7', '3: 8']]);
  });

  it('begins anew for a show that sells by another plan: its seats are others', async () => {
    const { feed, now, bring } = await feedAt(3);
    const watching = client();
    await feed.watch(showId, watching, undefined);
    await bring(held(4, 0), held(5, 1, showId, otherPlan));
    assert.deepEqual([watching.isOpen, watching.told], [false, ['snapshot 3']]);
    feed.unwatch(showId, watching);
    now.version = 5;
    const again = client();
    await feed.watch(showId, again, 4);
    await bring(held(6, 2, showId, otherPlan));
    // The test's snapshot still names the first plan, and so begins anew once more.
    assert.deepEqual(again.told, ['snapshot 5']);
  });

  it('sends a snapshot to who comes back to a show that has taken on another plan before anything changed', async () => {
    for (const isBegunAnew of [false, true]) {
      const { feed, now, bring } = await feedAt(3);
      const before = client();
      // Not where another instance was watched at.
      if (!isBegunAnew) await feed.watch(showId, before, undefined);
      feed.unwatch(showId, before);
      now.seatPlanId = otherPlan;
      const [first, second] = [client(), client()];
      await feed.watch(showId, first, 3);
      await feed.watch(showId, second, 3);
      await bring(held(4, 0, showId, otherPlan));
      for (const { told } of [first, second]) assert.deepEqual(told, ['snapshot 3', '4: 0']);
    }
  });

  it('sends a snapshot to who has the version before the first change by a plan, from another instance', async () => {
    const { feed, now, bring } = await feedAt(4);
    now.seatPlanId = otherPlan;
    await bring(held(4, 0, showId, otherPlan));
    const again = client();
    await feed.watch(showId, again, 3);
    assert.deepEqual(again.told, ['snapshot 4']);
  });

  it('does not send again what a snapshot ahead of the log has', async () => {
    const { feed, now, bring } = await feedAt(0);
    const early = client();
    await feed.watch(showId, early, undefined);
    now.version = 2;
    const late = client();
    await feed.watch(showId, late, undefined);
    await bring(held(1, 1), held(2, 2));
    await bring(held(3, 3));
    assert.deepEqual(early.told, ['snapshot 0', '2: 1 2', '3: 3']);
    assert.deepEqual(late.told, ['snapshot 2', '3: 3']);
  });

  it('tells who comes back all they have missed, also where a snapshot would be ahead of the log', async () => {
    const { feed, now, bring } = await feedAt(5);
    const before = client();
    await feed.watch(showId, before, undefined);
    feed.unwatch(showId, before);
    await bring(held(6, 0), held(7, 1), held(8, 2));
    now.version = 10;
    const again = client();
    await feed.watch(showId, again, 7);
    await bring(held(9, 3), held(10, 4));
    await bring(held(11, 5));
    assert.deepEqual(again.told, ['8: 2', '10: 3 4', '11: 5']);
  });

  it('forgets a client that is dropped by what it is told', async () => {
    const { feed, bring } = await feedAt(0);
    const slow = client();
    const dropped = {
      ...slow,
      sendFrame: (frame: Buffer) => {
        slow.sendFrame(frame);
        feed.unwatch(showId, dropped);
      },
    };
    await feed.watch(showId, dropped, undefined);
    await bring(held(1, 1));
    await bring(held(2, 2));
    assert.deepEqual(slow.told, ['snapshot 0', '1: 1']);
  });

  it('sends a snapshot to who has been away for too long or names a version that is not there yet', async () => {
    const { feed, now, bring } = await feedAt(0);
    const watching = client();
    await feed.watch(showId, watching, undefined);
    for (let version = 1; version <= 600; version += 1) await bring(held(version, 1));
    now.version = 600;
    for (const version of [1, 601]) {
      const watcher = client();
      await feed.watch(showId, watcher, version);
      assert.deepEqual(watcher.told, ['snapshot 600'], String(version));
    }
  });

  it('keeps the late changes of all shows together within a limit: those of the show that changed last', async () => {
    const { feed, now, bring } = await feedAt(0, { changesOfAllMax: 10 });
    const others = Array.from({ length: 3 }, (_, each) => `shw_01890000-0000-7000-8000-10000000000${each}`);
    for (const other of others) for (let version = 1; version <= 4; version += 1) await bring(held(version, 1, other));
    now.version = 3;
    await bring(held(1, 1), held(2, 2), held(3, 3));
    const late = client();
    await feed.watch(showId, late, 1);
    assert.deepEqual(late.told, ['3: 2 3']);
    // With ten more of another one, there is no room for it any more.
    for (let version = 5; version <= 14; version += 1) await bring(held(version, 1, others[0]));
    const later = client();
    await feed.watch(showId, later, 1);
    assert.deepEqual(later.told, ['snapshot 3']);
  });

  it('forgets a client that has gone while its show was looked up', async () => {
    const { feed, bring } = await feedAt(0);
    const gone = client();
    const watching = feed.watch(showId, gone, undefined);
    gone.close();
    feed.unwatch(showId, gone);
    await watching;
    await bring(held(1, 1));
    assert.deepEqual(gone.told, []);
  });

  it('closes the stream of a show that is not there', async () => {
    const { feed } = await feedAt(0);
    const watcher = client();
    await feed.watch('shw_01890000-0000-7000-8000-000000000009', watcher, undefined);
    assert.equal(watcher.isOpen, false);
    assert.equal(await feed.exists('shw_01890000-0000-7000-8000-000000000009'), false);
  });
});
