import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { startApp } from '../src/app.ts';
import { bookingNumber } from '../src/contracts/rules/booking-number.ts';
import { defaultSettings } from '../src/contracts/settings.ts';
import type { SeatChange, SeatHistory } from '../src/operations/seat-changes.ts';
import { readConfiguration } from '../src/runtime/configuration.ts';
import { createLogger } from '../src/runtime/logger.ts';
import { Client, eventually, visa } from './support/client.ts';
import { commandLine } from './support/command-line.ts';
import { administrator, temporaryDirectory } from './support/servers.ts';
import { buildVenue, openShow, type Venue } from './support/venue.ts';

/** The command line as a person uses it: a process each, against an instance and against a directory at rest. */

interface SeatChanges {
  readonly items: readonly SeatChange[];
  readonly nextCursor: string | null;
}

const directory = await temporaryDirectory();
after(() => directory.remove());

const { fullhouse, json } = commandLine(directory.path);

async function start() {
  const configuration = readConfiguration({
    PORT: '0',
    FULLHOUSE_DEMO: 'false',
    FULLHOUSE_DATA_DIR: directory.path,
    FULLHOUSE_ADMIN_EMAIL: administrator.email,
    FULLHOUSE_ADMIN_PASSWORD: administrator.password,
    LOG_LEVEL: 'silent',
  });
  return startApp(configuration, createLogger('silent'));
}

describe('wrong use', () => {
  it('of a command that does not exist or lacks something ends with 2', async () => {
    for (const parameters of [
      ['fly'],
      ['tail'],
      ['tail', 'booking-events', '--from', 'x'],
      ['tail', 'nothing'],
      ['lag', '--group', 'nobody'],
      ['topics', 'describe', 'nothing'],
      ['replay', 'nobody'],
      ['restored', 'nobody'],
      ['republish', 'booking'],
      ['republish', 'booking', '--topic', 'booking-events', '--partition', '0', '--from', '0'],
      ['republish', 'booking', '--topic', 'seat-events', '--partition', '0', '--from', '1'],
      ['rebuild', 'nothing'],
      ['rebuild', 'bookings'],
      ['timeline', 'nothing'],
      ['seat', 'nothing', 'S-A-1'],
      ['seat', 'shw_01900000-0000-7000-8000-000000000001', 'S A 1'],
      ['book', '--best', 'many'],
      ['book', '--best', '0'],
      ['book', '--show', 'nothing'],
      ['book', '--seats', 'A-1,A-1'],
      ['book', '--seats', 'A-1,'],
      ['book', '--seats', ''],
      ['book', '--best', '1', '--seats', 'A-1'],
      ['rehearse', 'nothing', '--customers', '10'],
      ['rehearse', 'shw_01900000-0000-7000-8000-000000000001'],
      ['rehearse', 'shw_01900000-0000-7000-8000-000000000001', '--recorded', '--customers', '10'],
      ['rehearse', 'shw_01900000-0000-7000-8000-000000000001', '--customers', '10', '--speed', '2'],
    ]) {
      assert.equal((await fullhouse(...parameters)).code, 2, parameters.join(' '));
    }
  });

  it('every command has a help with an example', async () => {
    const { out } = await fullhouse('--help');
    const names = [...out.matchAll(/^ {2}([a-z]+) /gm)].map(([, name]) => name ?? '').filter((name) => name !== 'help');
    assert.ok(names.length >= 14, names.join(' '));
    const helps = await Promise.all(names.map((name) => fullhouse(name, '--help')));
    for (const help of helps) assert.match(help.out, /Example:\n {2}.*fullhouse /);
  });
});

describe('where nothing runs', () => {
  it('says so in a line and ends with 1', async () => {
    const { code, error } = await fullhouse('lag');
    assert.equal(code, 1);
    assert.match(error, /^fullhouse: nothing runs on .*; start it with "fullhouse up".*\n$/);
  });
});

describe('a running instance', () => {
  let app: Awaited<ReturnType<typeof start>>;
  let admin: Client;
  let venue: Venue;
  let showId: string;
  let bookingId: string;

  before(async () => {
    app = await start();
    admin = await new Client(app.url).signIn(administrator.email, administrator.password);
    venue = await buildVenue(admin);
    showId = await openShow(admin, venue);
  });
  after(() => app?.stop());

  it('books at the terminal and shows each event as it happens', async () => {
    const { code, out, error } = await fullhouse('book', '--best', '2', '--watch');
    assert.equal(code, 0, error);
    for (const type of [
      'BookingRequested',
      'SeatsReserved',
      'PriceCalculated',
      'PaymentSucceeded',
      'BookingConfirmed',
      'TicketIssued',
    ]) {
      assert.match(out, new RegExp(`^ *\\+ \\d+ ms  [a-z-]+ +${type} `, 'm'));
    }
    assert.match(out, /SeatsReserved +Held (Stalls|Circle), row \d, seats \d, \d until /);
    assert.match(out, /^bkg_\S+ is confirmed: (Stalls|Circle), row \d, seats \d, \d\n {2}number FH(-[0-9A-Z]{4}){2}$/m);
    assert.match(out, /from request to ticket: \d+ ms/);
    bookingId = /^(bkg_\S+) is confirmed/m.exec(out)?.[1] ?? '';
    assert.notEqual(bookingId, '');
  });

  it('pays with the card that it is told', async () => {
    const { code, out } = await fullhouse('book', '--best', '1', '--token', 'tok_declined', '--json');
    const { payment } = JSON.parse(out) as { readonly payment: { readonly status: string } };
    assert.deepEqual([code, payment.status], [1, 'declined']);
    const { out: told } = await fullhouse('book', '--best', '1', '--token', 'tok_insufficient_funds');
    assert.match(told, /^bkg_\S+ is awaiting_payment \(insufficient_funds\): /m);
    assert.equal((await fullhouse('book', '--best', '1', '--token', 'pm_card_visa')).code, 1);
  });

  it('says why seats could not be booked', async () => {
    const { code, out } = await fullhouse('book', '--show', showId, '--seats', 'X-Y-1');
    assert.equal(code, 1);
    assert.match(out, /is rejected \(seat_unknown\)/);
    const taken = await admin.book({ showId, seats: ['S-E-5'], payment: visa });
    assert.equal(taken.status, 200);
    const late = await fullhouse('book', '--show', showId, '--seats', 'S-E-5', '--watch');
    assert.match(late.out, /SeatsRefused +No seats: seats unavailable \(Stalls, row 5, seat 5\)\./);
  });

  it('lets nobody who is told of write lines of their own, or to the terminal', async () => {
    const { body } = await admin.book({ showId, bestAvailable: { count: 1 }, payment: visa });
    const tickets = await eventually(
      () => admin.get<{ items: readonly { code: string }[] }>(`/v1/bookings/${body.bookingId}/tickets`),
      ({ body: { items } }) => items.length > 0,
    );
    const gate = 'A\u001b[2J\n   +1 ms  booking  BookingConfirmed: forged\u009b';
    await admin.post('/v1/check-ins', { code: tickets.body.items[0]?.code, gate });
    const told = await eventually(
      () => fullhouse('timeline', body.bookingId),
      ({ out }) => out.includes('TicketAdmitted'),
    );
    assert.match(told.out, /used at A\\u001b\[2J\\u000a {3}\+1 ms {2}booking {2}BookingConfirmed: forged\\u009b/);
    const raw = await Promise.all([told, fullhouse('timeline', body.bookingId, '--json')]);
    for (const { out } of raw) assert.doesNotMatch(out, /(?!\n)\p{Cc}/u);
    const [admitted] = (
      await json<{ entries: { type: string; says: string }[] }>('timeline', body.bookingId)
    ).entries.filter(({ type }) => type === 'TicketAdmitted');
    assert.ok(admitted?.says.includes(gate));
  });

  it('tells a booking’s story, and why it ended so', async () => {
    const told = await json<{ entries: { type: string; causedBy?: string; says: string }[]; conclusion: string }>(
      'timeline',
      bookingId,
    );
    const types = told.entries.map(({ type }) => type);
    assert.ok(types.indexOf('BookingCreated') < types.indexOf('SeatsReserved'));
    assert.ok(types.indexOf('SeatsReserved') < types.indexOf('BookingConfirmed'));
    const sold = told.entries.find(({ type }) => type === 'BookingConfirmed');
    assert.match(sold?.causedBy ?? '', /^seat-inventory SeatsSold /);
    assert.match(
      told.conclusion,
      /^It was confirmed because .* was paid and \w+, row \d, seats \d, \d could be sold\.$/,
    );
    const says = told.entries.filter(({ type }) => type === 'TicketIssued').map((each) => each.says);
    assert.match(says.join('\n'), /^The ticket for \w+, row \d, seat \d was issued \(one of 2\)\.$/m);
    assert.equal((await fullhouse('timeline', 'bkg_01900000-0000-7000-8000-000000000001')).code, 1);
  });

  it('knows a booking by its number, and says where two have one', async () => {
    const number = bookingNumber(bookingId);
    const { out } = await fullhouse('timeline', number.toLowerCase().replaceAll('-', ''));
    assert.ok(out.startsWith(`${number} (${bookingId}), from `), out);
    const nobodys = await fullhouse('timeline', 'FH-0000-0000');
    assert.deepEqual([nobodys.code, nobodys.out], [1, '']);
    assert.match(nobodys.error, /There is no booking of the number "FH-0000-0000"/);
    const namesake = `bkg_01900000-0000-7000-8000-00${bookingId.slice(-10)}`;
    await host('user').query(
      `insert into bookings select $1, partition, json_build_object('bookingId', $1::text, 'internal', null), user_id, show_id, status, created_at
       from bookings where id = $2`,
      [namesake, bookingId],
    );
    try {
      const either = await fullhouse('timeline', number);
      assert.equal(either.code, 1);
      assert.ok(
        either.error.includes(`2 bookings have the number ${number}: ${bookingId}, ${namesake}.`),
        either.error,
      );
      const found = await admin.get<{ items: { bookingId: string }[] }>(`/v1/bookings?number=${number}`);
      assert.deepEqual(
        found.body.items.map((each) => each.bookingId),
        [bookingId, namesake],
      );
    } finally {
      await host('user').query('delete from bookings where id = $1', [namesake]);
    }
  });

  it('lists topics, their records and who is behind', async () => {
    const topics = await json<{ topic: string; records: number }[]>('topics', 'list');
    assert.ok((topics.find(({ topic }) => topic === 'ticket-details')?.records ?? 0) >= 2);
    assert.match((await fullhouse('topics', 'describe', 'booking-events')).out, /BookingConfirmed/);
    const { out } = await fullhouse('tail', 'booking-movie', '--from', '0', '--key', showId, '--json');
    const records = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { type: string; key: string });
    assert.deepEqual([...new Set(records.map(({ type }) => type))], ['BookingRequested']);
    await Promise.all(app.hosts.map((host) => host.loop.caughtUp()));
    const lag = await json<{ group: string; lag: number }[]>('lag', '--group', 'fullhouse-booking');
    assert.deepEqual([...new Set(lag.map(({ lag: behind }) => behind))], [0]);
  });

  it('replays without changing anything', async () => {
    const before = await eventsOf('booking');
    const replayed = await json<{ read: number; dropped: number; applied: number }[]>(
      'replay',
      'booking',
      '--from',
      '0',
    );
    assert.ok(replayed.some(({ read }) => read > 0));
    assert.deepEqual(
      replayed.filter(({ applied }) => applied > 0),
      [],
    );
    assert.equal(await eventsOf('booking'), before);
  });

  it('republishes, and consumers drop what they know', async () => {
    const before = await eventsOf('user');
    const partition = app.hosts.find(({ definition }) => definition.name === 'booking')?.loop.partitions ?? [];
    const counts = await Promise.all(
      partition.map((each) =>
        json<{ events: number }>(
          'republish',
          'booking',
          '--topic',
          'booking-events',
          '--partition',
          String(each),
          '--from',
          '1',
        ),
      ),
    );
    assert.ok(counts.some(({ events }) => events > 0));
    const beyond = ['--topic', 'booking-events', '--partition', '0', '--from', '99999'];
    assert.match(
      (await fullhouse('republish', 'booking', ...beyond)).out,
      /nothing is stored .* from sequence 99999 on/,
    );
    await Promise.all(app.hosts.map((host) => host.loop.caughtUp()));
    assert.equal(await eventsOf('user'), before);
  });

  it('rebuilds a projection, keeps the old one where they differ, and replaces it when told to', async () => {
    const same = await json<{ equal: boolean; swapped: boolean }>('rebuild', 'user.bookings');
    assert.deepEqual([same.equal, same.swapped], [true, true]);
    await host('user').query(`update bookings set status = 'expired' where id = $1`, [bookingId]);
    const refused = await fullhouse('rebuild', 'user.bookings', '--json');
    assert.equal(refused.code, 1);
    assert.deepEqual((JSON.parse(refused.out) as { differing: string[] }).differing, [bookingId]);
    assert.equal((await fullhouse('rebuild', 'user.bookings', '--force')).code, 0);
    const [row] = await host('user').query<{ status: string }>('select status from bookings where id = $1', [
      bookingId,
    ]);
    assert.equal(row?.status, 'confirmed');
    assert.equal((await fullhouse('book', '--best', '1')).code, 0);
  });

  it('rebuilds and replays beside a parked record that has a NUL in it', async () => {
    const record = { topic: 'booking-events', partition: 0, key: showId, headers: {}, value: '\0' };
    await app.log.append([record]);
    const parked = await eventually(
      () => json<{ parkedId: string; what: string }[]>('parked', 'list', '--service', 'user'),
      (rows) => rows.length > 0,
    );
    assert.match(parked[0]?.what ?? '', /^a record from booking-events@/);
    assert.equal((await json<{ equal: boolean }>('rebuild', 'user.bookings')).equal, true);
    assert.equal((await json<{ equal: boolean }>('replay', 'user', '--shadow')).equal, true);
    const ids = (await json<{ parkedId: string }[]>('parked', 'list')).map(({ parkedId }) => parkedId);
    assert.ok(ids.length > 1);
    const { code, out, error } = await fullhouse('parked', 'discard', 'booking.prk_0_1', ...ids);
    assert.deepEqual([code, out.match(/is thrown away/g)?.length], [1, ids.length]);
    assert.match(error, /booking\.prk_0_1: Nothing is parked/);
  });

  it('shows what is parked, and throws it away', async () => {
    const headers = { ce_id: 'x/1', ce_type: 'SeatsSold', ce_source: '/elsewhere', ce_subject: 'bkg_nobody' };
    const partition = app.hosts[0]?.loop.partitions.length ?? 1;
    await Promise.all(
      Array.from({ length: partition }, (_, each) =>
        app.log.append([{ topic: 'seat-events', partition: each, key: showId, headers, value: '{}' }]),
      ),
    );
    const list = () =>
      json<{ parkedId: string; reason: string; service: string }[]>('parked', 'list', '--service', 'booking');
    const parked = await eventually(list, (rows) => rows.length > 0);
    const first = parked[0];
    assert.ok(first !== undefined);
    assert.match((await fullhouse('parked', 'show', first.parkedId)).out, /SeatsSold from seat-events/);
    assert.match((await fullhouse('parked', 'redrive', first.parkedId)).out, /1 taken up again/);
    for (const { parkedId } of parked) assert.equal((await fullhouse('parked', 'discard', parkedId)).code, 0);
    assert.equal((await fullhouse('parked', 'show', 'booking.prk_0_1')).code, 1);
  });

  it('changes settings and remembers who, when and why', async () => {
    assert.equal((await fullhouse('settings', 'set', 'holdTtlMs', '200000', '--why', 'a test')).code, 0);
    assert.equal((await fullhouse('settings', 'get', 'holdTtlMs')).out, '200000\n');
    const [change] = await json<{ value: number; who: string; why: string }[]>('settings', 'history', 'holdTtlMs');
    assert.deepEqual([change?.value, change?.who, change?.why], [200_000, 'command-line', 'a test']);
    assert.equal((await fullhouse('settings', 'set', 'holdTtlMs', '-1', '--why', 'a test')).code, 1);
  });

  it('imports a catalogue, or says per line what is wrong', async () => {
    const file = join(directory.path, 'programme.csv');
    const header = 'movie,runningTimeMinutes,theatre,location,timeZone,screen,plan,startsAt,currency,price:standard';
    const good = `Fight Club,139,Lakeview,"Chicago, Illinois",America/Chicago,1,10x16,2127-03-01 19:30,USD,12.50`;
    await writeFile(file, `${header}\n${good}\n${good.replace('12.50', 'free')}\n`);
    const refused = await fullhouse('import', file);
    assert.equal(refused.code, 1);
    assert.match(refused.error, /line 3: /);
    await writeFile(file, `${header}\n${good}\n`);
    assert.equal((await json<{ shows: number }>('import', file)).shows, 1);
    // As spreadsheets save it where they are not asked for UTF-8.
    await writeFile(file, Buffer.from(`${header}\n${good.replace('Fight Club', 'Amélie')}\n`, 'latin1'));
    const misread = await fullhouse('import', file);
    assert.equal(misread.code, 1);
    assert.match(misread.error, /programme\.csv is not in UTF-8/);
  });

  it('tells who had a seat, and who wanted it in vain', async () => {
    const { body: had } = await admin.book({ showId, seats: ['C-A-7'], payment: visa });
    const { body: late } = await admin.book({ showId, seats: ['C-A-6', 'C-A-7'] });
    await admin.post(`/v1/shows/${showId}/blocks`, { seats: ['C-A-8'] });
    const told = await json<SeatHistory>('seat', showId, 'C-A-7');
    assert.deepEqual(
      told.changes.map(({ type, bookingId: whose, becomes }) => [type, whose, becomes]),
      [
        ['SeatsReserved', had.bookingId, 'held'],
        ['SeatsSold', had.bookingId, 'sold'],
        ['SeatsRefused', late.bookingId, undefined],
      ],
    );
    assert.match(told.conclusion, new RegExp(`^It is sold to ${had.bookingId}\\.$`));
    const { out } = await fullhouse('seat', showId, 'C-A-8');
    assert.match(out, /the organizer {2}Kept off sale by usr_\S+: Circle, row 1, seat 8\.\n\nIt is kept off sale\./);
    assert.ok(out.startsWith(`Circle, row 1, seat 8 (C-A-8) of ${showId}\n`), out);
    assert.match((await fullhouse('seat', showId, 'C-A-6')).out, /It is free, and nobody has had it\./);
    const nobody = 'shw_01900000-0000-7000-8000-000000000001';
    assert.match((await fullhouse('seat', showId, 'X-1')).error, /The show has no seat "X-1"/);
    assert.match((await fullhouse('seat', nobody, 'C-A-6')).error, /There is no show/);
  });

  it('reports what was booked and what was paid in a period, as a spreadsheet takes it', async () => {
    const { body } = await admin.book({ showId, seats: ['C-A-5'], payment: visa });
    const today = new Date().toISOString().slice(0, 10);
    const period = ['--from', `${today}T00:00:00Z`, '--to', new Date(Date.now() + 1).toISOString()];
    const [head, ...lines] = (await fullhouse('report', 'bookings', '--show', showId, ...period)).out.split('\r\n');
    assert.match(head ?? '', /^booked_at,booking,status,reason,movie,/);
    assert.match(
      lines.at(-2) ?? '',
      new RegExp(`,${body.bookingId},confirmed,,.*,1,C-A-5,[A-Z]{3},1\\.50,[\\d.]+,yes,$`),
    );
    const money = (await fullhouse('report', 'money', ...period)).out;
    assert.match(money, new RegExp(`,charge,[A-Z]{3},[\\d.]+,${body.bookingId},pay_\\S+,,sandbox,`));
    const { out } = await fullhouse('report', 'money', '--json', ...period);
    const last = JSON.parse(out.trimEnd().split('\n').at(-1) ?? '') as { readonly bookingId: string };
    assert.equal(last.bookingId, body.bookingId);
    for (const from of ['yesterday', '2025-11-31', '2025-02-29T00:00:00Z']) {
      const wrong = await fullhouse('report', 'money', '--from', from, '--to', today);
      assert.deepEqual([wrong.code, /must be a day like 2026-11-01/.test(wrong.error)], [2, true], from);
    }
    const empty = await fullhouse('report', 'money', '--from', today, '--to', today);
    assert.deepEqual([empty.code, /must be later than/.test(empty.error)], [1, true]);
  });

  it('tells what other pricing rules would have made of a show', async () => {
    await admin.book({ showId, seats: ['C-A-4'], payment: visa });
    const file = join(directory.path, 'rules.json');
    await writeFile(file, JSON.stringify({ ...defaultSettings.pricingRules, timeToShow: [], occupancy: [] }));
    const { code, out, error } = await fullhouse('backtest', file, showId);
    assert.equal(code, 0, error);
    assert.match(out, /^rules +places +revenue [A-Z]{3} +changes/m);
    assert.match(out, /^as sold +\d+ +[\d.]+ /m);
    assert.match(out, /^-?[\d.]+ [A-Z]{3}, -?[\d.]+ %; 0 bookings refused by their limit\.$/m);
    await writeFile(file, (await fullhouse('settings', 'get', 'pricingRules', '--json')).out);
    assert.match((await fullhouse('backtest', file, showId)).out, /^0\.00 [A-Z]{3}, 0\.0 %/m);
    await writeFile(file, '{"floorPercent": 120}');
    assert.match((await fullhouse('backtest', file, showId)).error, /floorPercent/);
    await writeFile(file, 'floor 80 %');
    assert.match((await fullhouse('backtest', file, showId)).error, /rules\.json is not JSON/);
    assert.match((await fullhouse('backtest', 'nothing.json', showId)).error, /nothing\.json cannot be read: ENOENT/);
  });

  it('tells all changes of a hall in pages', async () => {
    const path = `/v1/ops/shows/${showId}/seat-changes`;
    const all = await admin.get<SeatChanges>(path);
    assert.equal(all.body.nextCursor, null);
    const paged: SeatChange[] = [];
    for (let cursor: string | null = ''; cursor !== null; ) {
      const { body }: { body: SeatChanges } = await admin.get(`${path}?limit=2${cursor && `&cursor=${cursor}`}`);
      paged.push(...body.items);
      cursor = body.nextCursor;
    }
    assert.deepEqual(paged, all.body.items);
    assert.ok(paged.length > 4, `${paged.length}`);
    assert.equal((await admin.get(`${path}?cursor=${Buffer.from('["x"]').toString('base64url')}`)).status, 422);
  });

  it('answers operators over HTTP, and nobody else', async () => {
    const stranger = await new Client(app.url).register();
    for (const path of [
      '/v1/ops/topics',
      '/v1/ops/groups',
      '/v1/ops/parked',
      `/v1/ops/bookings/${bookingId}/timeline`,
      `/v1/ops/shows/${showId}/seat-changes`,
      `/v1/ops/shows/${showId}/seats/S-A-1/history`,
    ]) {
      assert.equal((await admin.get(path)).status, 200, path);
      assert.equal((await stranger.get(path)).status, 403, path);
    }
    assert.equal((await admin.post('/v1/ops/parked/booking.prk_0_1/discard', undefined)).status, 404);
  });

  it('proves its promises', async () => {
    const { code, out } = await fullhouse('check');
    assert.equal(code, 0, out);
    assert.match(out, /^✔ seat-has-one-owner: .* looked at\)$/m);
    assert.match(out, /All \d+ invariants hold\.\n$/);
  });

  it('leaves a directory that can be asked when it has stopped', async () => {
    await app.stop();
    assert.equal((await json<{ holds: boolean }>('check')).holds, true);
    assert.match((await fullhouse('timeline', bookingId)).out, /It was confirmed/);
    assert.match((await fullhouse('seat', showId, 'C-A-7')).out, /It is sold to /);
    assert.match((await fullhouse('tail', 'ticket-details')).out, /TicketIssued/);
    assert.equal((await fullhouse('migrate')).code, 0);
    assert.match((await fullhouse('parked')).error, /nothing runs/);
  });

  function host(name: string) {
    const found = app.hosts.find(({ definition }) => definition.name === name);
    assert.ok(found !== undefined);
    return found;
  }

  async function eventsOf(name: string): Promise<number> {
    const [row] = await host(name).query<{ count: number }>('select count(*)::int as count from events');
    return row?.count ?? 0;
  }
});
