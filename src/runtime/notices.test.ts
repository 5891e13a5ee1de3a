import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { eventually } from '../../tests/support/client.ts';
import { startTestPostgres, type TestPostgres } from '../../tests/support/postgres.ts';
import { createLogger } from './logger.ts';
import { createLocalNotices, type Following, type Notice, type Notices } from './notices.ts';
import { PipelinedConnection } from './store/postgres/connection.ts';
import { createPostgresNotices } from './store/postgres/postgres-notices.ts';
import { ConstraintViolated } from './store/store.ts';

/** Instances of one service, and a database in which one of them commits. */
interface Instances {
  readonly another: () => Notices;
  /** Commits a transaction that tells something; `false`: one that fails. */
  commit(notices: Notices, notice: Notice, succeeds?: boolean): Promise<void>;
}

const about = (key: string): Notice => ({ requests: [], documents: [], references: [{ topic: 'user-profiles', key }] });

function noticesContract(name: string, open: () => Promise<Instances>): void {
  describe(`notices (${name})`, () => {
    const followings: Following[] = [];
    after(async () => {
      await Promise.all(followings.map((each) => each.stop()));
    });
    const heardBy = async (notices: Notices) => {
      const heard: Notice[] = [];
      const follower = { onNotice: (notice: Notice) => heard.push(notice), onMissed: () => assert.fail('none missed') };
      followings.push(await notices.follow(follower));
      return heard;
    };
    const keysIn = (heard: readonly Notice[]) =>
      heard.flatMap(({ references = [] }) => references.map(({ key }) => key));

    test('reach every other instance once it has committed, in order, and not the one that told', async () => {
      const { another, commit } = await open();
      const [one, two, three] = [another(), another(), another()];
      const heard = await Promise.all([one, two, three].map(heardBy));
      await commit(one, about('first'));
      await commit(two, about('second'));
      await eventually(
        async () => heard.map(keysIn),
        (keys) => keys.flat().length === 4,
      );
      assert.deepEqual(heard.map(keysIn), [['second'], ['first'], ['first', 'second']]);
    });

    test('tell nothing of what was rolled back', async () => {
      const { another, commit } = await open();
      const [one, two] = [another(), another()];
      const heard = await heardBy(two);
      await assert.rejects(commit(one, about('never'), false), ConstraintViolated);
      await commit(one, about('after it'));
      await eventually(
        async () => keysIn(heard),
        (keys) => keys.includes('after it'),
      );
      assert.deepEqual(keysIn(heard), ['after it']);
    });

    test('carry all kinds, however many there are', async () => {
      const { another, commit } = await open();
      const [one, two] = [another(), another()];
      const heard = await heardBy(two);
      const many = Array.from({ length: 500 }, (_, index) => index);
      const notice = {
        requests: many.map((partition) => ({ requestId: `req_${'0'.repeat(32)}_${partition}`, partition })),
        documents: many.map((index) => ({ view: 'bookings', id: `bkg_${'0'.repeat(32)}_${index}` })),
        references: [{ topic: 'seat-plans', key: 'spl_ü' }],
      };
      await commit(one, notice);
      const all = <Kind extends keyof Notice>(kind: Kind) => heard.flatMap((each) => [...(each[kind] ?? [])]);
      await eventually(
        async () => all('references'),
        (references) => references.length > 0,
      );
      assert.deepEqual(
        { requests: all('requests'), documents: all('documents'), references: all('references') },
        notice,
      );
    });
  });
}

noticesContract('in one process', async () => {
  const another = createLocalNotices();
  return {
    another,
    commit: async (notices, notice, succeeds = true) => {
      assert.deepEqual(notices.telling(notice), []);
      if (!succeeds) throw new ConstraintViolated('rolled back');
      notices.told(notice);
    },
  };
});

describe('over PostgreSQL', () => {
  let postgres: TestPostgres;
  before(async () => {
    postgres = await startTestPostgres();
  });
  after(() => postgres.stop());

  const instancesAt = (url: string) => {
    const options = { url, applicationName: 'notices-test', logger: createLogger('silent') };
    return {
      another: () => createPostgresNotices(options),
      commit: async (notices: Notices, notice: Notice, succeeds = true) => {
        const connection = new PipelinedConnection(options);
        const last = succeeds ? [] : [{ text: 'select 1 / 0' }];
        const telling = notices.telling(notice).map((each) => ({ ...each, values: [...each.values] }));
        await connection.transaction([...telling, ...last]).finally(() => connection.close());
        notices.told(notice);
      },
    };
  };

  noticesContract('PostgreSQL', async () => instancesAt(await postgres.emptyDatabase()));

  test('who was cut off from them is told that it may have missed some, and hears the next', async () => {
    const url = await postgres.emptyDatabase();
    const { another, commit } = instancesAt(url);
    const heard: string[] = [];
    const missed = Promise.withResolvers<void>();
    const following = await another().follow({
      onNotice: ({ references = [] }) => heard.push(...references.map(({ key }) => key)),
      onMissed: missed.resolve,
    });
    await postgres.sql(url, 'select pg_terminate_backend(pid) from pg_stat_activity where application_name = $1', [
      'notices-test',
    ]);
    await missed.promise;
    assert.equal(following.trouble, undefined);
    await commit(another(), about('the next'));
    await eventually(
      async () => heard.length,
      (count) => count > 0,
    );
    assert.deepEqual(heard, ['the next']);
    await following.stop();
  });
});
