import assert from 'node:assert/strict';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { ApiRefused, signInAsCustomer } from './customer.ts';

/** Something that answers like the API: with one answer after the other, the last one again and again. */
async function answering(t: TestContext, ...answers: readonly ((response: ServerResponse) => void)[]) {
  let asked = 0;
  const server = createServer((_, response) => {
    answers[Math.min(asked, answers.length - 1)]?.(response);
    asked += 1;
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked: () => asked };
}

const said = (status: number, body: object, headers: Record<string, string> = {}) => {
  return (response: ServerResponse) => void response.writeHead(status, headers).end(JSON.stringify(body));
};
const tooMany = said(429, { code: 'rate_limited', detail: 'Too many attempts.' }, { 'retry-after': '0' });
const signedIn = said(200, { accessToken: 'token' });

test('a customer who signs in too often goes on when they may', async (t) => {
  const api = await answering(t, tooMany, tooMany, signedIn);
  await signInAsCustomer(api.url);
  assert.equal(api.asked(), 3);
});

test('a customer who may not sign in at all is told so', async (t) => {
  for (const [no, times] of [
    [tooMany, 5],
    [said(429, { code: 'rate_limited', detail: 'Too many attempts.' }), 1],
    [said(503, { code: 'overloaded', detail: 'Come back.' }, { 'retry-after': '0' }), 1],
  ] as const) {
    const api = await answering(t, no);
    await assert.rejects(signInAsCustomer(api.url), ApiRefused);
    assert.equal(api.asked(), times);
  }
});
