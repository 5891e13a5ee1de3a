import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { test } from 'node:test';
import { topicsOf } from '../composition/services.ts';
import type { Installation } from '../operations/installation.ts';
import { LocalLog } from '../runtime/log/local-log.ts';
import { createMemoryRecords } from '../runtime/log/memory-records.ts';
import { feedEndpoint } from './feed-endpoint.ts';

test('whoever goes away while they wait for news keeps nobody from waiting', async () => {
  const log = new LocalLog(createMemoryRecords(topicsOf(1)));
  let listening = 0;
  const consume = log.consume.bind(log);
  log.consume = (options) => {
    listening += 1;
    const consumption = consume(options);
    return {
      async stop() {
        listening -= 1;
        await consumption.stop();
      },
    };
  };
  const { handle } = feedEndpoint({ log: log as Installation['log'] } as Installation);
  const answers = Array.from({ length: 50 }, () => new EventEmitter());
  const ask = (raw: EventEmitter, closing: AbortSignal) =>
    handle({ query: { from: 'end', limit: 100 }, waitMs: 2_000_000, closing, reply: { raw } } as never);
  const never = new AbortController();
  const waiting = answers.map((raw) => ask(raw, never.signal));
  while (listening < answers.length) await new Promise((resolve) => setImmediate(resolve));
  for (const raw of answers) raw.emit('close');
  await Promise.all(waiting);
  const closing = new AbortController();
  const next = ask(new EventEmitter(), closing.signal);
  while (listening === 0) await new Promise((resolve) => setImmediate(resolve));
  closing.abort();
  assert.equal((await next).status, 200);
});
