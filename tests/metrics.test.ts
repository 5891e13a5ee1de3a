import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before, describe, test } from 'node:test';
import { Client, declined, eventually, visa } from './support/client.ts';
import { bookingOnce, changeSetting } from './support/operations.ts';
import { promtoolOrSkip } from './support/promtool.ts';
import { type RunningApp, runApp } from './support/servers.ts';
import { buildVenue, openShow } from './support/venue.ts';

/** The samples of an exposition: `name{labels}` and value. */
function samplesOf(text: string): ReadonlyMap<string, number> {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ')))]),
  );
}

/** What Prometheus' own tool says of an exposition. */
function promtool(text: string): Promise<string> {
  return new Promise((resolve) => {
    const child = execFile('promtool', ['check', 'metrics'], (_, stdout, stderr) => resolve(`${stdout}${stderr}`));
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(text);
  });
}

describe('metrics', () => {
  let running: RunningApp;
  let operator: Client;
  let showId: string;

  before(async () => {
    running = await runApp();
    operator = new Client(running.app.adminUrl);
    const ada = await running.anyone.register();
    showId = await openShow(running.admin, await buildVenue(running.admin));
    const bought = await ada.book({ showId, seats: ['S-A-1', 'S-A-2'], payment: visa });
    await bookingOnce(ada, bought.body.bookingId, ({ tickets }) => tickets.length === 2);
    const taken = await ada.book({ showId, seats: ['S-A-1'] });
    assert.equal(taken.body.status, 'rejected');
    await ada.book({ showId, seats: ['S-A-3'], payment: declined });
  });
  after(() => running.stop());

  const scrape = async () => String((await operator.get<string>('/metrics')).body);

  test('count bookings, seats, money and charges, once each', async () => {
    const samples = samplesOf(await scrape());
    const value = (name: string) => samples.get(name);
    assert.equal(value('fullhouse_bookings_total{outcome="confirmed",reason=""}'), 1);
    assert.equal(value('fullhouse_bookings_total{outcome="rejected",reason="seats_unavailable"}'), 1);
    assert.equal(value('fullhouse_seats_total{change="reserved"}'), 3);
    assert.equal(value('fullhouse_seats_total{change="sold"}'), 2);
    assert.equal(value('fullhouse_charges_total{outcome="captured"}'), 1);
    assert.equal(value('fullhouse_charges_total{outcome="declined"}'), 1);
    for (const kind of ['charge', 'refund', 'dispute', 'webhook'])
      assert.equal(value(`fullhouse_unsettled{kind="${kind}"}`), 0, kind);
    assert.equal(value('fullhouse_money_minor_units_total{direction="captured",currency="EUR"}'), 2_150);
    assert.equal(value('fullhouse_request_to_ticket_seconds_count'), 1);
    assert.equal(
      value('fullhouse_deadlines_armed{service="seat-inventory"}'),
      1,
      'the declined booking holds its seat',
    );
  });

  test('tell how full the shows to come are', async () => {
    const places = 5 * 10 + 8 + 50;
    // What the tables say is read again after some seconds.
    const text = await eventually(scrape, (text) => samplesOf(text).get('fullhouse_places{state="sold"}') === 2);
    const samples = samplesOf(text);
    assert.equal(samples.get('fullhouse_places{state="held"}'), 1);
    assert.equal(samples.get('fullhouse_places{state="free"}'), places - 3);
    assert.equal(samples.get('fullhouse_shows{taken="0"}'), 1);
    assert.equal(samples.get('fullhouse_shows{taken="25"}'), 0);
  });

  test('tell of requests, batches, effects, circuits, lag and what is parked', async () => {
    const samples = samplesOf(await scrape());
    const value = (name: string) => samples.get(name);
    const posted = 'server="gateway",method="POST",route="/v1/bookings",status="200"';
    assert.equal(value(`fullhouse_http_request_seconds_count{${posted}}`), 3);
    assert.ok((value('fullhouse_batch_seconds_count{service="booking"}') ?? 0) > 0);
    const ofTasks = [...samples].filter(([name]) => name.startsWith('fullhouse_task_seconds_total{service="booking"'));
    const spent = ofTasks.reduce((sum, [, seconds]) => sum + seconds, 0);
    assert.ok(Math.abs(spent - (value('fullhouse_batch_seconds_sum{service="booking"}') ?? 0)) < 1e-6);
    const charges = 'service="payment",effect="ChargeRequested",outcome="answered"';
    assert.equal(value(`fullhouse_effect_seconds_count{${charges}}`), 2);
    assert.equal(value('fullhouse_breaker_open{service="payment",effect="ChargeRequested"}'), 0);
    assert.equal(value('fullhouse_inputs_parked{service="booking"}'), 0);
    assert.equal(value('fullhouse_tasks_owned{service="booking"}'), 4);
    await Promise.all(running.app.hosts.map((host) => host.loop.caughtUp()));
    const lag = [...samplesOf(await scrape())].filter(([name]) => name.startsWith('fullhouse_lag_records'));
    assert.ok(lag.length > 40);
    assert.deepEqual(
      lag.filter(([, records]) => records !== 0),
      [],
    );
  });

  test('tell how late holds end, and what is parked', async () => {
    await changeSetting(running, 'holdTtlMs', 1_000);
    const bob = await running.anyone.register('Bob');
    assert.equal((await bob.book({ showId, seats: ['S-A-9'] })).body.status, 'awaiting_payment');
    const headers = { ce_id: 'x/1', ce_type: 'SeatsSold', ce_source: '/elsewhere', ce_subject: 'bkg_nobody' };
    await running.app.log.append([{ topic: 'seat-events', partition: 0, key: showId, headers, value: '{}' }]);
    const rang = 'fullhouse_deadline_late_seconds_count{service="seat-inventory"}';
    const parked = 'fullhouse_inputs_parked{service="booking"}';
    const isTold = (samples: ReadonlyMap<string, number>) => samples.get(rang) === 1 && samples.get(parked) === 1;
    await eventually(async () => samplesOf(await scrape()), isTold);
  });

  test('carry no id and no person in any label', async () => {
    const names = [...samplesOf(await scrape()).keys()].filter((name) => name.startsWith('fullhouse_'));
    assert.deepEqual(
      names.filter((name) => /[a-z]{3}_[0-9a-f]{8}-|@|example/.test(name)),
      [],
    );
    assert.ok(names.length < 3_000, `${names.length} series`);
  });

  test('are what Prometheus takes', async (t) => {
    if (!(await promtoolOrSkip(t))) return;
    const said = await promtool(await scrape());
    assert.doesNotMatch(said, /error/i);
    assert.deepEqual(
      said.split('\n').filter((line) => line.startsWith('fullhouse_')),
      [],
    );
    assert.match(await promtool('1 bad{ line\n'), /error/i);
  });
});
