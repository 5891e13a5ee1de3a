import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type App, startApp } from '../src/app.ts';
import { databaseOf, definitions } from '../src/composition/services.ts';
import { topicNames } from '../src/contracts/topics.ts';
import { openInstallation } from '../src/operations/installation.ts';
import { replay } from '../src/operations/replay.ts';
import { readConfiguration } from '../src/runtime/configuration.ts';
import { createLogger } from '../src/runtime/logger.ts';
import { contentsOf } from './support/audit.ts';
import { Client, eventually, visa } from './support/client.ts';
import { bookingOnce, messagesAbout } from './support/operations.ts';
import { assertRefused } from './support/refusals.ts';
import { administrator, runProcess, signInTo, temporaryDirectory } from './support/servers.ts';
import { buildVenue, openShow } from './support/venue.ts';

/** Somebody whose name, address, number and password stand nowhere else in the world. */
const canary = {
  name: 'Zephyrine Quillfeather',
  email: 'zephyrine.quillfeather@canary.example',
  phone: '+4915199988877',
  password: 'parrots-keep-no-secrets',
  locale: 'en',
};
const personal = [canary.name, canary.email, canary.phone];

/** Registers the canary and lets it buy, pay, be refused, sign in wrongly and be told by message. */
async function liveALittle(url: string): Promise<{
  readonly client: Client;
  readonly userId: string;
  readonly bookingId: string;
  readonly secrets: readonly string[];
}> {
  const anyone = new Client(url);
  const admin = await signInTo(anyone);
  const showId = await openShow(admin, await buildVenue(admin));
  // Two at once: one of them meets the wall of the database.
  const registered = await Promise.all([anyone.post('/v1/users', canary), anyone.post('/v1/users', canary)]);
  assert.deepEqual(registered.map(({ status }) => status).sort(), [201, 409]);
  const session = await anyone.post<Record<string, string>>('/v1/sessions', canary);
  assert.equal(session.status, 422);
  const { email, password } = canary;
  const { body } = await anyone.post<Record<string, string>>('/v1/sessions', { email, password });
  const { accessToken = '', refreshToken = '' } = body;
  const client = new Client(url, accessToken);
  await anyone.post('/v1/sessions', { email, password: `${password}!` });
  await anyone.post('/v1/sessions/refresh', { refreshToken: `${refreshToken}x` });
  await anyone.post('/v1/password-resets', { email });
  await anyone.get('/v1/me', { headers: { authorization: `Bearer ${accessToken}x` } });
  await client.post('/v1/bookings', `{"customerName":"${canary.name}"`, { key: 'x' });
  await client.book({ showId, seats: ['S-A-99'] });
  const booked = await client.book({ showId, seats: ['S-A-1'], payment: visa });
  assert.equal(booked.body.status, 'confirmed');
  const { bookingId } = booked.body;
  await bookingOnce(client, bookingId, ({ tickets }) => tickets.length > 0);
  await eventually(
    () => messagesAbout(admin, bookingId),
    (messages) => messages.some(({ kind }) => kind === 'tickets_issued'),
  );
  const tickets = await client.get<{ items: { ticketId: string; code: string }[] }>(
    `/v1/bookings/${bookingId}/tickets`,
  );
  const codes = tickets.body.items.map(({ code }) => code);
  const offered = `/v1/tickets/${tickets.body.items[0]?.ticketId}/transfer`;
  const { code: offer = '' } = (await client.post<Record<string, string>>(offered, {})).body;
  assert.equal((await client.post('/v1/transfers/acceptance', { code: offer })).status, 409);
  assert.equal((await client.post('/v1/transfers/acceptance', { code: `${offer}x` })).status, 404);
  const { userId = '' } = (await client.get<Record<string, string>>('/v1/me')).body;
  return { client, userId, bookingId, secrets: [password, accessToken, refreshToken, offer, ...codes] };
}

describe('what a process writes down, however much it is asked to', async () => {
  await it('has no personal data and no secret in it', async () => {
    const directory = await temporaryDirectory();
    const given = {
      QUOTE_SECRET: randomBytes(32).toString('hex'),
      SANDBOX_WEBHOOK_SECRET: randomBytes(32).toString('hex'),
    };
    const data = join(directory.path, 'data');
    const server = await runProcess(data, { LOG_LEVEL: 'trace', ...given });
    const { client, secrets } = await liveALittle(server.url);
    assert.equal((await client.call('DELETE', '/v1/me')).status, 204);
    assert.equal(await server.end('SIGTERM'), 0);
    const written = `${server.output()}\n${await readFile(join(data, 'postgres', 'server.log'), 'utf8')}`;
    assert.match(written, /"level":30/, 'nothing was logged at all');
    const passwords = ['booking-password', 'user-password', 'payment-password', 'ticket-signing-key'];
    const kept = await Promise.all(
      passwords.map(async (name) => (await readFile(join(data, 'keys', name), 'utf8')).trim()),
    );
    for (const secret of [...personal, ...secrets, ...Object.values(given), ...kept, administrator.password]) {
      const line = written.split('\n').find((each) => each.includes(secret));
      assert.equal(line, undefined, `${secret} is written down`);
    }
    await directory.remove();
  });
});

describe('personal data', async () => {
  let directory: { readonly path: string; remove(): Promise<void> };
  let app: App;
  let lived: Awaited<ReturnType<typeof liveALittle>>;
  const start = () =>
    startApp(
      readConfiguration({
        ...{ PORT: '0', FULLHOUSE_DEMO: 'false', FULLHOUSE_DATA_DIR: directory.path },
        ...{ FULLHOUSE_ADMIN_EMAIL: administrator.email, FULLHOUSE_ADMIN_PASSWORD: administrator.password },
      }),
      createLogger('error'),
    );
  before(async () => {
    directory = await temporaryDirectory();
    app = await start();
    lived = await liveALittle(app.url);
  });
  after(async () => {
    await app.stop();
    await directory.remove();
  });

  await it('travels on user-profiles, and the name on ticket-details, and on no other topic', async () => {
    const found = new Map<string, Set<string>>();
    for (const name of topicNames) {
      const texts = await recordsOf(app, name);
      const seen = personal.filter((each) => texts.some((text) => text.includes(each)));
      if (seen.length > 0) found.set(name, new Set(seen));
    }
    assert.deepEqual([...found.keys()].sort(), ['ticket-details', 'user-profiles']);
    assert.deepEqual(found.get('ticket-details'), new Set([canary.name]));
    assert.deepEqual(found.get('user-profiles'), new Set(personal));
  });

  await it('is kept by the user service, in the profiles that others read, and in the messages that were delivered', async () => {
    assert.deepEqual((await tablesWith(app, personal)).toSorted(), [
      'notification.inbox_messages',
      'notification.reference_records',
      'ticket.reference_records',
      'user.events',
      'user.users',
    ]);
  });

  await it('is gone after erasing, but for printed tickets; the booking and its money stay', async () => {
    const { client, bookingId } = lived;
    assert.equal((await client.call('DELETE', '/v1/me')).status, 204);
    assertRefused(await client.get('/v1/me'), { status: 401, code: 'unauthenticated' });
    const { email, password } = canary;
    const again = await client.post('/v1/sessions', { email, password });
    assertRefused(again, { status: 401, code: 'bad_credentials' });
    assertRefused(await client.post('/v1/sessions/refresh', { refreshToken: lived.secrets[2] }), {
      status: 401,
      code: 'unauthenticated',
    });
    await app.stop();
    // Compacted topics are cleaned at a start.
    app = await start();
    await eventually(
      () => tablesWith(app, personal),
      (tables) => tables.length === 0,
    );
    assert.deepEqual(await tablesWith(app, personal), []);
    const profiles = await recordsOf(app, 'user-profiles');
    assert.ok(!personal.some((each) => profiles.some((text) => text.includes(each))));
    const admin = await signInTo(app);
    const { body } = await admin.booking(bookingId);
    assert.deepEqual([body.status, body.seats], ['confirmed', ['S-A-1']]);
    const tickets = await admin.get<{ items: { bookedUnder?: string; status: string }[] }>(
      `/v1/bookings/${bookingId}/tickets`,
    );
    assert.deepEqual(
      tickets.body.items.map(({ status, bookedUnder }) => [status, bookedUnder]),
      [['valid', undefined]],
    );
    // Whatever is read again brings none of it back, and sends nothing.
    const before = await contentsOf(app);
    await replayAll(app);
    assert.deepEqual(await contentsOf(app), before);
    assert.deepEqual(await tablesWith(app, personal), []);
    // The address is free again, and whoever takes it is somebody else.
    const reborn = await new Client(app.url).post<{ userId: string }>('/v1/users', canary);
    assert.equal(reborn.status, 201);
    assert.notEqual(reborn.body.userId, lived.userId);
  });
});

/** Every service reads all its topics again from their beginnings. */
async function replayAll({ log, hosts, postgres }: App): Promise<void> {
  const urlOf = (name: string) => postgres.url(databaseOf(name));
  const installation = openInstallation({ definitions, log, hosts, urlOf });
  let read = 0;
  for (const { name } of definitions) {
    for await (const partition of replay(installation, { service: name }, new AbortController().signal))
      read += partition.read;
  }
  await installation.close();
  assert.ok(read > 0);
}

async function recordsOf(app: App, name: string): Promise<readonly string[]> {
  const texts: string[] = [];
  const partitions = app.log.topics.find((topic) => topic.name === name)?.partitions ?? 0;
  for (let partition = 0; partition < partitions; partition += 1) {
    for (let { first, next } = await app.log.bounds({ topic: name, partition }); first < next; ) {
      const records = await app.log.read({ topic: name, partition, offset: first }, 500);
      if (records.length === 0) break;
      texts.push(...records.map((record) => JSON.stringify(record)));
      first = (records.at(-1)?.offset ?? next) + 1;
    }
  }
  return texts;
}

/** Every table of every service that has one of these texts in it. */
async function tablesWith(app: App, texts: readonly string[]): Promise<readonly string[]> {
  const found: string[] = [];
  for (const host of app.hosts) {
    const tables = await host.query<{ name: string }>(
      `select table_name as name from information_schema.tables where table_schema = 'public'`,
    );
    for (const { name } of tables) {
      const rows = await host.query(
        `select 1 from "${name}" as each where exists (select from unnest($1::text[]) as t where position(t in each::text) > 0) limit 1`,
        [texts],
      );
      if (rows.length > 0) found.push(`${host.definition.name}.${name}`);
    }
  }
  return found;
}
