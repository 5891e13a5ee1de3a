import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { after, before, describe, it } from 'node:test';
import { decodeJwt } from 'jose';
import type { ClusterProcess } from '../../src/cluster.ts';
import { roles } from '../../src/composition/roles.ts';
import { newId } from '../../src/contracts/ids.ts';
import { TicketIssued } from '../../src/contracts/ticket.ts';
import type { GroupPosition } from '../../src/operations/lag.ts';
import { partitionOf } from '../../src/runtime/log/partitioner.ts';
import { lagIn, parkedIn } from '../support/audit.ts';
import { Client, eventually, visa } from '../support/client.ts';
import { type ClusterGround, clusterGround } from '../support/cluster.ts';
import { consumerGroups, kafkaOrSkip } from '../support/kafka.ts';
import { type ForeignRecord, kcatOrSkip, kcatRead, kcatWrite } from '../support/kcat.ts';
import { bookingOnce, hasStatus } from '../support/operations.ts';
import { administrator } from '../support/servers.ts';
import { buildVenue, openShow } from '../support/venue.ts';

const environment = {
  PORT: '0',
  LOG_LEVEL: 'fatal',
  FULLHOUSE_ADMIN_EMAIL: administrator.email,
  FULLHOUSE_ADMIN_PASSWORD: administrator.password,
};
/** What the AsyncAPI page says of headers. */
interface PageHeaders {
  readonly required: readonly string[];
  readonly properties: Readonly<Record<string, unknown>>;
}

const what = 'programs that are not ours';

if ((await kafkaOrSkip(what)) && (await kcatOrSkip(what))) {
  describe(what, { timeout: 300_000 }, () => {
    let ground: ClusterGround;
    let cluster: ClusterProcess;
    let admin: Client;
    let customer: Client;
    let userId: string;
    let showId: string;

    before(async () => {
      ground = await clusterGround(environment);
      cluster = await ground.start(roles);
      admin = await new Client(cluster.url).signIn(administrator.email, administrator.password);
      showId = await openShow(admin, await buildVenue(admin));
      customer = await new Client(cluster.url).register();
      userId = decodeJwt(customer.token ?? '').sub ?? '';
    });
    after(() => ground.stop());

    const brokers = () => ground.kafka.broker.brokers;
    const ticketsOf = async (bookingId: string) =>
      (await kcatRead(brokers(), 'ticket-details')).filter(({ headers }) => headers['ce_subject'] === bookingId);
    /** A request as the AsyncAPI page has it, of a producer that keeps no count. */
    const requested = (bookingId: string, seat: string): Omit<ForeignRecord, 'partition'> => ({
      key: showId,
      headers: {
        ce_specversion: '1.0',
        ce_id: randomUUID(),
        ce_type: 'BookingRequested',
        ce_source: '/elsewhere/box-office',
        ce_subject: bookingId,
        'content-type': 'application/json',
      },
      value: JSON.stringify({
        bookingId,
        showId,
        userId,
        wanted: { kind: 'seats', seats: [seat] },
        payment: visa,
        acceptedAt: new Date().toISOString(),
      }),
    });

    it('follow the tickets, and find every header and value as the AsyncAPI page says', async () => {
      const { body } = await customer.book({ showId, seats: ['S-A-1', 'S-A-2'], payment: visa });
      await bookingOnce(customer, body.bookingId, ({ tickets }) => tickets.length === 2);
      const records = await eventually(
        () => ticketsOf(body.bookingId),
        (found) => found.length === 2,
      );
      const page = JSON.parse(await readFile('docs/api/asyncapi.json', 'utf8'));
      const { required, properties } = page.components.messageTraits.cloudEvent.headers as PageHeaders;
      for (const { key, headers, partition, value } of records) {
        assert.deepEqual(
          Object.keys(headers).filter((name) => !Object.hasOwn(properties, name)),
          [],
          'a header that the page does not know',
        );
        for (const name of required) assert.ok(Object.hasOwn(headers, name), `${name} is missing`);
        assert.deepEqual(
          [headers['ce_specversion'], headers['ce_type'], headers['ce_source'], headers['content-type']],
          ['1.0', 'TicketIssued', '/fullhouse/ticket', 'application/json'],
        );
        assert.deepEqual([key, partition], [showId, partitionOf(showId, 4)]);
        assert.ok(Number.isSafeInteger(Number(headers['ce_sequence'])));
        assert.ok(!Number.isNaN(Date.parse(headers['ce_time'] ?? '')));
        assert.match(headers['traceparent'] ?? '', /^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/);
        TicketIssued.data.parse(JSON.parse(value));
      }
      const issued = records.map(({ value }) => TicketIssued.data.parse(JSON.parse(value)));
      assert.deepEqual(issued.map(({ seat }) => seat).sort(), ['S-A-1', 'S-A-2']);
    });

    it('ask for a booking, and find its ticket', async () => {
      const bookingId = newId('booking');
      await kcatWrite(brokers(), 'booking-movie', requested(bookingId, 'S-B-1'));
      const [ticket, ...more] = await eventually(
        () => ticketsOf(bookingId),
        (found) => found.length > 0,
      );
      assert.deepEqual([TicketIssued.data.parse(JSON.parse(ticket?.value ?? '')).seat, more], ['S-B-1', []]);
    });

    it('ask twice, and get one booking', async () => {
      const bookingId = newId('booking');
      const record = requested(bookingId, 'S-B-2');
      await kcatWrite(brokers(), 'booking-movie', record);
      await kcatWrite(brokers(), 'booking-movie', record);
      await eventually(
        () => ticketsOf(bookingId),
        (found) => found.length > 0,
      );
      await Promise.all(cluster.hosts.map(({ loop }) => loop.caughtUp()));
      assert.equal((await ticketsOf(bookingId)).length, 1);
      const ledger = await admin.get<{ items: unknown[] }>(`/v1/dev/ledger?bookingId=${bookingId}`);
      assert.equal(ledger.body.items.length, 1);
    });

    it('ask on the wrong partition: it is set aside and shown, and what comes after it goes on', async () => {
      const bookingId = newId('booking');
      const wrong = (partitionOf(showId, 4) + 1) % 4;
      await kcatWrite(brokers(), 'booking-movie', { ...requested(bookingId, 'S-B-3'), partition: wrong });
      const audited = { postgres: ground.postgres, log: cluster.log };
      const parked = await eventually(
        () => parkedIn(audited),
        (found) => found.length > 0,
      );
      assert.deepEqual(
        [...new Set(parked.map(({ reason, partition }) => `${reason} ${partition}`))],
        [`wrong_partition ${wrong}`],
      );
      const { body } = await customer.book({ showId, seats: ['S-B-3'], payment: visa });
      assert.ok(hasStatus('confirmed')(body));
      assert.deepEqual(await ticketsOf(bookingId), []);
    });

    it('ask how far each group has come, and are told what "fullhouse lag" says', async () => {
      await Promise.all(cluster.hosts.map(({ loop }) => loop.caughtUp()));
      await cluster.stop();
      // Nobody is there to read them.
      const behind = ['S-C-1', 'S-C-2', 'S-C-3'];
      for (const seat of behind) await kcatWrite(brokers(), 'booking-movie', requested(newId('booking'), seat));
      const log = await ground.openLog();
      const ours = await lagIn({ postgres: ground.postgres, log });
      await log.close();
      const line = ({ group, topic, partition, position, end, lag }: GroupPosition) =>
        `${group} ${topic}/${partition}: ${position} of ${end}, ${lag} behind`;
      // Of what was never read there is nothing that Kafka could know.
      const read = ours.filter(({ position, lag }) => position > 0 || lag > 0);
      assert.deepEqual((await consumerGroups(ground.kafka)).map(line).sort(), read.map(line).sort());
      const { partition, lag } = ours.find(({ group, lag: left }) => group === 'fullhouse-booking' && left > 0) ?? {};
      assert.deepEqual([partition, lag], [partitionOf(showId, 4), behind.length]);
    });
  });
}
