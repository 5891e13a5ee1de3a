import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { newId } from '../../../contracts/ids.ts';
import { providerContract } from './provider.contract.ts';
import { createSandboxProvider, sandboxTokens } from './sandbox.ts';
import { createMemoryLedger, type SandboxLedger } from './sandbox-ledger.ts';
import { createWebhookSignature } from './webhooks.ts';

const secret = `whsec_${Buffer.from('a secret of at least thirty-two bytes').toString('base64')}`;
const amount = { amount: 2_650, currency: 'EUR' };
const charge = (token: string) => ({
  key: newId('payment'),
  bookingId: newId('booking'),
  amount,
  token,
  description: 'Metropolis',
});
const tokens = { succeeds: 'tok_visa', declines: 'tok_declined', answersNever: 'tok_lost' };

providerContract('the sandbox', async () => ({
  provider: createSandboxProvider({ ledger: createMemoryLedger() }),
  tokens,
}));

/** A place that receives webhooks; the first few are answered with 503. */
async function receiver(context: TestContext, refuse = 0) {
  const received: { readonly body: Buffer; readonly headers: Readonly<Record<string, unknown>> }[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    received.push({ body: Buffer.concat(chunks), headers: request.headers });
    response.writeHead(received.length > refuse ? 200 : 503).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  context.after(() => server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  return { received, target: { url: () => url, secret } };
}

describe('the tokens', () => {
  test('are known by name, and slow ones by their seconds', () => {
    for (const token of ['tok_visa', 'tok_declined', 'tok_insufficient_funds', 'tok_slow_3', 'tok_lost', 'tok_error']) {
      assert.equal(sandboxTokens.looksKnown(token), true);
    }
    for (const token of ['', 'tok_visa ', 'tok_slow_', 'tok_slow_-1', 'tok_slow_1.5', 'tok_slow_3601', 'constructor']) {
      assert.equal(sandboxTokens.looksKnown(token), false);
    }
  });
  test('tok_error answers 500 twice, then succeeds, and is charged once', async () => {
    const ledger = createMemoryLedger();
    const provider = createSandboxProvider({ ledger });
    const request = charge('tok_error');
    const signal = AbortSignal.timeout(1_000);
    await assert.rejects(provider.charge(request, signal), /500/);
    await assert.rejects(provider.charge(request, signal), /500/);
    assert.deepEqual(await provider.lookup(request, signal), { outcome: 'none' });
    assert.equal((await provider.charge(request, signal)).outcome, 'succeeded');
    assert.equal((await ledger.moved({ now: Date.now(), limit: 10 })).length, 1);
  });
  test('tok_insufficient_funds says so', async () => {
    const provider = createSandboxProvider({ ledger: createMemoryLedger() });
    const outcome = await provider.charge(charge('tok_insufficient_funds'), AbortSignal.timeout(1_000));
    assert.ok(outcome.outcome === 'declined' && outcome.error.code === 'insufficient_funds');
  });
});

describe('a slow charge', () => {
  const pendingFor = (ledger: SandboxLedger, ms: number) => ({
    ...ledger,
    enter: (entries: Parameters<SandboxLedger['enter']>[0]) =>
      ledger.enter(entries.map((entry) => ({ ...entry, dueAt: entry.createdAt + ms }))),
  });

  test('is pending until its time, and whoever asks again joins it', async () => {
    const provider = createSandboxProvider({ ledger: pendingFor(createMemoryLedger(), 150) });
    const request = charge('tok_slow_1');
    await assert.rejects(provider.charge(request, AbortSignal.timeout(20)));
    assert.deepEqual(await provider.lookup(request, AbortSignal.timeout(1_000)), { outcome: 'pending' });
    assert.equal((await provider.charge(request, AbortSignal.timeout(1_000))).outcome, 'succeeded');
  });

  test('that nobody waited for is told by a signed webhook, again when it was refused', async (context) => {
    const { received, target } = await receiver(context, 1);
    const ledger = createMemoryLedger();
    const provider = createSandboxProvider({ ledger: pendingFor(ledger, 50), webhook: target });
    context.after(() => provider.stop());
    const request = charge('tok_slow_1');
    await assert.rejects(provider.charge(request, AbortSignal.timeout(10)));
    while (received.length < 2 || (await ledger.openWebhooks(10)).length > 0) await delay(20);
    const last = received.at(-1);
    assert.ok(last);
    assert.equal(createWebhookSignature(secret).verify(last.body, last.headers), true);
    const report = JSON.parse(last.body.toString());
    assert.deepEqual(
      [report.type, report.data.paymentId, report.data.amount],
      ['charge.succeeded', request.key, amount],
    );
  });

  test('survives the process that took it: the next one sends the webhook', async (context) => {
    const { received, target } = await receiver(context);
    const ledger = pendingFor(createMemoryLedger(), 100);
    const before = createSandboxProvider({ ledger, webhook: target });
    await assert.rejects(before.charge(charge('tok_slow_1'), AbortSignal.timeout(10)));
    await before.stop();
    const after = createSandboxProvider({ ledger, webhook: target });
    context.after(() => after.stop());
    await after.start();
    while (received.length === 0) await delay(20);
    assert.equal(received.length, 1);
  });

  test('whose caller had the answer, and one that is lost, send no webhook', async (context) => {
    const { received, target } = await receiver(context);
    const provider = createSandboxProvider({ ledger: pendingFor(createMemoryLedger(), 20), webhook: target });
    context.after(() => provider.stop());
    assert.equal((await provider.charge(charge('tok_slow_1'), AbortSignal.timeout(1_000))).outcome, 'succeeded');
    await assert.rejects(provider.charge(charge('tok_lost'), AbortSignal.timeout(50)));
    // One that is due later than theirs would have been has come: theirs never will.
    const unanswered = charge('tok_slow_1');
    await assert.rejects(provider.charge(unanswered, AbortSignal.timeout(10)));
    while (received.length === 0) await delay(20);
    const told = received.map(
      ({ body }) => (JSON.parse(body.toString()) as { data: { paymentId: string } }).data.paymentId,
    );
    assert.deepEqual(told, [unanswered.key]);
  });
});

describe('a webhook signature', () => {
  const signature = createWebhookSignature(secret);
  const body = '{"type":"charge.succeeded"}';

  test('proves the very bytes, with the secret as base64 or as it is', () => {
    assert.equal(signature.verify(Buffer.from(body), signature.sign('evt_1', Date.now(), body)), true);
    const raw = createWebhookSignature('not base64, but thirty-two bytes long');
    assert.equal(raw.verify(Buffer.from(body), raw.sign('evt_1', Date.now(), body)), true);
  });
  test('proves nothing else: other bytes, another id, another secret, none', () => {
    const headers = signature.sign('evt_1', Date.now(), body);
    assert.equal(signature.verify(Buffer.from(`${body} `), headers), false);
    assert.equal(signature.verify(Buffer.from(body), { ...headers, 'webhook-id': 'evt_2' }), false);
    assert.equal(createWebhookSignature(`${secret.slice(0, -4)}AAAA`).verify(Buffer.from(body), headers), false);
    assert.equal(signature.verify(Buffer.from(body), {}), false);
  });
  test('is too old or too new beyond five minutes', () => {
    for (const minutes of [-6, 6]) {
      const headers = signature.sign('evt_1', Date.now() + minutes * 60_000, body);
      assert.equal(signature.verify(Buffer.from(body), headers), false);
    }
  });
});
