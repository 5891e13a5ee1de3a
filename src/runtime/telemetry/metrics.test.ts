import assert from 'node:assert/strict';
import { test } from 'node:test';
import Fastify from 'fastify';
import { Metrics, type Observed } from './metrics.ts';

const quiet: Observed = {
  ...{ service: 'booking', measures: [], gauges: [], tellsGauges: () => true },
  ...{ tasks: () => 0, queued: () => 0, parked: () => 0, deadlines: () => 0, effectsOpen: () => 0 },
  ...{ breakers: () => [], lag: async () => [] },
};

/** What a scrape says of these services: the lines of the metrics named. */
async function scraped(metrics: Metrics, ...names: readonly string[]): Promise<readonly string[]> {
  const lines = (await metrics.registry.metrics()).split('\n');
  return lines.filter((line) => names.some((name) => line.startsWith(`${name}{`) || line.startsWith(`${name} `)));
}

test('a circuit counts as open until it is closed again', async () => {
  const metrics = new Metrics();
  const breakers = (['open', 'half-open', 'closed'] as const).map((state) => ({ effect: `Ask ${state}`, state }));
  metrics.observe({ ...quiet, service: 'payment', breakers: () => breakers });
  assert.deepEqual(await scraped(metrics, 'fullhouse_breaker_open'), [
    'fullhouse_breaker_open{service="payment",effect="Ask open"} 1',
    'fullhouse_breaker_open{service="payment",effect="Ask half-open"} 1',
    'fullhouse_breaker_open{service="payment",effect="Ask closed"} 0',
  ]);
});

test('what waits is told as it is at the scrape, for each service', async () => {
  const metrics = new Metrics();
  let parked = 3;
  metrics.observe({ ...quiet, parked: () => parked, deadlines: () => 7 });
  metrics.observe({ ...quiet, service: 'ticket', effectsOpen: () => 2 });
  const names = ['fullhouse_inputs_parked', 'fullhouse_deadlines_armed', 'fullhouse_effects_open'];
  assert.deepEqual(await scraped(metrics, ...names), [
    ...['fullhouse_inputs_parked{service="booking"} 3', 'fullhouse_inputs_parked{service="ticket"} 0'],
    ...['fullhouse_deadlines_armed{service="booking"} 7', 'fullhouse_deadlines_armed{service="ticket"} 0'],
    ...['fullhouse_effects_open{service="booking"} 0', 'fullhouse_effects_open{service="ticket"} 2'],
  ]);
  parked = 0;
  assert.deepEqual(
    (await scraped(metrics, 'fullhouse_inputs_parked'))[0],
    'fullhouse_inputs_parked{service="booking"} 0',
  );
});

test('a batch is told by its size and its time, and each task has its share of that', async () => {
  const metrics = new Metrics();
  const { loop } = metrics.observe(quiet);
  loop.batch(
    new Map([
      [0, 30],
      [2, 10],
    ]),
    0.4,
  );
  const names = ['fullhouse_batch_inputs_sum', 'fullhouse_batch_seconds_sum', 'fullhouse_task_seconds_total'];
  const values = (await scraped(metrics, ...names)).map((line) => line.replace(/^fullhouse_/, ''));
  assert.deepEqual(
    values.map((line) => line.split(' ')[0]),
    [
      ...['batch_seconds_sum{service="booking"}', 'batch_inputs_sum{service="booking"}'],
      ...['task_seconds_total{service="booking",partition="0"}', 'task_seconds_total{service="booking",partition="2"}'],
    ],
  );
  const told = values.map((line) => Number(Number(line.split(' ')[1]).toFixed(6)));
  assert.deepEqual(told, [0.4, 40, 0.3, 0.1]);
});

test('a deadline that rings tells how late it is, and never that it is early', async () => {
  const metrics = new Metrics();
  const { loop } = metrics.observe({ ...quiet, service: 'seat-inventory' });
  loop.rang(1.5);
  loop.rang(-0.002);
  assert.deepEqual(
    await scraped(metrics, 'fullhouse_deadline_late_seconds_sum', 'fullhouse_deadline_late_seconds_count'),
    [
      'fullhouse_deadline_late_seconds_sum{service="seat-inventory"} 1.5',
      'fullhouse_deadline_late_seconds_count{service="seat-inventory"} 2',
    ],
  );
});

test('effects are counted by their outcome', async () => {
  const metrics = new Metrics();
  const { loop } = metrics.observe({ ...quiet, service: 'payment' });
  for (const outcome of ['answered', 'answered', 'unanswered', 'failed'] as const)
    loop.effect('ChargeRequested', outcome, 0.1);
  const counts = await scraped(metrics, 'fullhouse_effect_seconds_count');
  assert.deepEqual(
    counts.map((line) => line.replace(/.*outcome=/, '')),
    ['"answered"} 2', '"unanswered"} 1', '"failed"} 1'],
  );
});

test('what cannot be read at the moment is left out, and the rest is told', async () => {
  const metrics = new Metrics();
  metrics.observe({ ...quiet, lag: () => Promise.reject(new Error('Kafka does not answer')) });
  metrics.observe({ ...quiet, service: 'user', lag: async () => [{ topic: 'catalog', partition: 3, records: 12 }] });
  assert.deepEqual(await scraped(metrics, 'fullhouse_lag_records'), [
    'fullhouse_lag_records{service="user",topic="catalog",partition="3"} 12',
  ]);
});

test('what does not answer keeps no scrape waiting', async () => {
  const metrics = new Metrics({ readWithinMs: 20 });
  const never = () => new Promise<never>(() => undefined);
  metrics.observe({ ...quiet, lag: never });
  metrics.observe({ ...quiet, service: 'user', lag: async () => [{ topic: 'catalog', partition: 3, records: 12 }] });
  const places = { name: 'fullhouse_places', help: 'Places.', labels: ['state'], read: never };
  metrics.observe({ ...quiet, service: 'catalog', gauges: [places], tellsGauges: () => true });
  assert.deepEqual(await scraped(metrics, 'fullhouse_lag_records', 'fullhouse_places', 'fullhouse_tasks_owned'), [
    'fullhouse_tasks_owned{service="booking"} 0',
    'fullhouse_tasks_owned{service="user"} 0',
    'fullhouse_tasks_owned{service="catalog"} 0',
    'fullhouse_lag_records{service="user",topic="catalog",partition="3"} 12',
  ]);
});

test('a count of the tables is told by one of the instances only', async () => {
  const metrics = new Metrics();
  let tells = false;
  const read = async () => [{ labels: { state: 'free' }, value: 108 }];
  const places = { name: 'fullhouse_places', help: 'Places.', labels: ['state'], read };
  metrics.observe({ ...quiet, gauges: [places], tellsGauges: () => tells });
  assert.deepEqual(await scraped(metrics, 'fullhouse_places'), []);
  tells = true;
  assert.deepEqual(await scraped(metrics, 'fullhouse_places'), ['fullhouse_places{state="free"} 108']);
});

test('faults of ours are counted from the start, so that the first is an increase; what is too much is none', async () => {
  const metrics = new Metrics();
  const server = Fastify();
  metrics.watch('gateway', server);
  server.get('/:status', (request, reply) => reply.code(Number((request.params as { status: string }).status)).send());
  const faults = async () => (await scraped(metrics, 'fullhouse_http_faults_total'))[0];
  assert.equal(await faults(), 'fullhouse_http_faults_total{server="gateway"} 0');
  for (const status of [200, 404, 503, 500, 502]) await server.inject(`/${status}`);
  assert.equal(await faults(), 'fullhouse_http_faults_total{server="gateway"} 2');
});

test('the delay of the event loop and the time of the processor are told', async () => {
  const metrics = new Metrics();
  const lines = await scraped(metrics, 'nodejs_eventloop_lag_p99_seconds', 'process_cpu_seconds_total');
  assert.equal(lines.length, 2);
  for (const line of lines) assert.ok(Number(line.split(' ')[1]) >= 0, line);
});
