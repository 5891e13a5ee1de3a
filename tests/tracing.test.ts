import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { type Client, eventually, visa } from './support/client.ts';
import { type RunningApp, runApp } from './support/servers.ts';
import { buildVenue, openShow } from './support/venue.ts';

interface ExportedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly links?: readonly { readonly traceId: string; readonly spanId: string }[];
  readonly attributes: readonly { readonly key: string; readonly value: Readonly<Record<string, unknown>> }[];
}

interface Exported {
  readonly resourceSpans: readonly { readonly scopeSpans: readonly { readonly spans: readonly ExportedSpan[] }[] }[];
}

/** A collector of OTLP over HTTP that keeps what it is sent. */
async function collector(): Promise<{ server: Server; url: string; spans: ExportedSpan[]; bodies: string[] }> {
  const spans: ExportedSpan[] = [];
  const bodies: string[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString();
      bodies.push(body);
      const { resourceSpans } = JSON.parse(body) as Exported;
      for (const { scopeSpans } of resourceSpans) for (const each of scopeSpans) spans.push(...each.spans);
      response.setHeader('content-type', 'application/json').end('{}');
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, spans, bodies };
}

const until = (holds: () => boolean | Promise<boolean>) =>
  eventually(
    async () => holds(),
    (held) => held,
  );

describe('the trace of a booking', () => {
  let running: RunningApp;
  let ada: Client;
  let showId: string;
  let collected: Awaited<ReturnType<typeof collector>>;

  before(async () => {
    collected = await collector();
    running = await runApp({ OTEL_EXPORTER_OTLP_ENDPOINT: collected.url });
    ada = await running.anyone.register();
    showId = await openShow(running.admin, await buildVenue(running.admin));
  });
  after(async () => {
    await running.stop();
    collected.server.close();
  });

  const bookWith = (traceId: string, flags: '00' | '01') =>
    ada.book(
      { showId, bestAvailable: { count: 2 }, payment: visa },
      { headers: { traceparent: `00-${traceId}-b7ad6b7169203331-${flags}` } },
    );
  const spansOf = (traceId: string) => collected.spans.filter((span) => span.traceId === traceId);

  test('goes from the request through every service to the ticket and back, each step the child of the one before', async () => {
    const traceId = 'af7651916cd43dd8448eb211c80319c1';
    assert.equal((await bookWith(traceId, '01')).body.status, 'confirmed');
    const names = () => new Set(spansOf(traceId).map((span) => span.name));
    await until(() => names().has('commit user') && names().has('process ticket-details'));
    const services = ['user', 'booking', 'seat-inventory', 'pricing', 'payment', 'notification', 'ticket'];
    const wanted = [
      'POST /v1/bookings',
      ...services.map((service) => `commit ${service}`),
      ...['booking-movie', 'booking-events', 'seat-events', 'price-events', 'movie-found', 'payment-topic'].map(
        (topic) => `process ${topic}`,
      ),
      ...['process notification-sent', 'effect ChargeRequested'],
    ];
    await until(() => wanted.every((name) => names().has(name)));
    const spans = spansOf(traceId);
    const ids = new Set(spans.map((span) => span.spanId));
    const strays = spans.filter(
      ({ parentSpanId }) => parentSpanId !== 'b7ad6b7169203331' && !ids.has(parentSpanId ?? ''),
    );
    assert.deepEqual(
      strays.map((span) => span.name),
      [],
    );
    const ticket = spans.find((span) => span.name === 'process ticket-details');
    const way: string[] = [];
    for (let at = ticket; at !== undefined; at = spans.find((span) => span.spanId === at?.parentSpanId))
      way.push(at.name);
    assert.equal(way.at(-1), 'POST /v1/bookings');
    assert.ok(way.length >= 10, way.join(' < '));
  });

  test('speaks of messages and databases by the conventions of OpenTelemetry', () => {
    const conventions: Readonly<Record<string, readonly string[]>> = {
      'process seat-events': [
        ...['messaging.system', 'messaging.operation.name', 'messaging.operation.type', 'messaging.destination.name'],
        ...['messaging.destination.partition.id', 'messaging.message.id', 'messaging.consumer.group.name'],
      ],
      'commit booking': ['db.system.name', 'db.operation.name', 'db.operation.batch.size'],
      'POST /v1/bookings': ['http.request.method', 'http.route', 'http.response.status_code'],
    };
    for (const [name, wanted] of Object.entries(conventions)) {
      const keys = new Set(collected.spans.find((span) => span.name === name)?.attributes.map(({ key }) => key));
      assert.deepEqual(
        wanted.filter((key) => !keys.has(key)),
        [],
        name,
      );
    }
  });

  test('is linked to those of other bookings that the same batch committed', async () => {
    const traceIds = ['df7651916cd43dd8448eb211c80319d', 'ef7651916cd43dd8448eb211c80319e'].flatMap((begin) =>
      ['0', '1', '2', '3'].map((end) => begin + end),
    );
    await Promise.all(traceIds.map((traceId) => bookWith(traceId, '01')));
    const linked = () =>
      collected.spans.flatMap(({ traceId, name, parentSpanId, links = [] }) =>
        links.filter((link) => link.traceId !== traceId).map((link) => ({ name, parentSpanId, link })),
      );
    const messages = () =>
      new Map(collected.spans.filter(({ name }) => name.startsWith('process ')).map((span) => [span.spanId, span]));
    await until(() => linked().some(({ link }) => messages().has(link.spanId)));
    for (const { name, parentSpanId, link } of linked()) {
      assert.match(name, /^commit /);
      // Whoever is linked to links back: either message was in the batch.
      const back = linked().some((each) => each.parentSpanId === link.spanId && each.link.spanId === parentSpanId);
      if (messages().has(link.spanId)) assert.ok(back, `${name} of ${parentSpanId}`);
    }
  });

  test('is not recorded where it was not sampled, and its id is in the problem all the same', async () => {
    const traceId = 'bf7651916cd43dd8448eb211c80319c2';
    await bookWith(traceId, '00');
    const refused = await ada.call<{ traceId: string }>('GET', '/v1/bookings/bkg_nothing', {
      headers: { traceparent: `00-${traceId}-b7ad6b7169203331-00` },
    });
    assert.equal(refused.body.traceId, traceId);
    await bookWith('cf7651916cd43dd8448eb211c80319c3', '01');
    await until(() => spansOf('cf7651916cd43dd8448eb211c80319c3').length > 20);
    assert.deepEqual(spansOf(traceId), []);
  });

  test('is begun for as many requests as the setting says, without a restart', async () => {
    const value = { value: 1, why: 'every request of this test' };
    assert.equal((await running.admin.call('PUT', '/v1/settings/traceSampleRatio', { body: value })).status, 200);
    await until(async () => {
      await ada.get('/v1/movies');
      return collected.spans.some((span) => span.name === 'GET /v1/movies');
    });
  });

  test('names no person', () => {
    const text = collected.bodies.join();
    assert.ok(text.length > 1_000);
    assert.doesNotMatch(text, /@example|Ada/);
  });
});
