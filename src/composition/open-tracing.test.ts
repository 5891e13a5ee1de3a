import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultSettings } from '../contracts/settings.ts';
import { readConfiguration } from '../runtime/configuration.ts';
import { openTracing } from './open-tracing.ts';

const options = { serviceName: 'fullhouse', settings: () => ({ ...defaultSettings, traceSampleRatio: 1 }) };

test('traces are recorded where the environment says where they go, and nowhere else', async () => {
  const off = await openTracing(readConfiguration({}), options);
  assert.deepEqual([off.isOn, off.request({ traceparent: undefined, method: 'GET' })], [false, undefined]);
  const endpoint = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318' };
  const on = await openTracing(readConfiguration(endpoint), options);
  assert.equal(on.isOn, true);
  assert.match(
    on.request({ traceparent: undefined, method: 'GET' })?.traceparent ?? '',
    /^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/,
  );
  await on.stop();
});
