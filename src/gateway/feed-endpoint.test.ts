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

test('many who read at once leave turns to everybody else', async () => {
  const log = new LocalLog(createMemoryRecords(topicsOf(1)));
  const { handle } = feedEndpoint({ log: log as Installation['log'] } as Installation);
  const closing = new AbortController().signal;
  let turns = 0;
  let isOver = false;
  const others = (async () => {
    for (; !isOver; turns += 1) await new Promise((resolve) => setImmediate(resolve));
  })();
  const readers = 20;
  const ask = () =>
    handle({ query: { from: 'start', limit: 100 }, waitMs: 0, closing, reply: { raw: new EventEmitter() } } as never);
  await Promise.all(Array.from({ length: readers }, ask));
  isOver = true;
  await others;
  assert.ok(turns >= readers, `${turns} turns beside ${readers} pages`);
});
