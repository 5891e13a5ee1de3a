import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, type TestContext, test } from 'node:test';
import type { Outgoing } from './channel.ts';
import { createTwilioChannel, type TwilioOptions } from './twilio.ts';

const accountSid = `AC${'0'.repeat(32)}`;
const message: Outgoing = {
  ...{ deliveryKey: 'msg_1', messageId: 'msg_1', userId: 'usr_1', bookingId: 'bkg_1', kind: 'tickets_issued' },
  ...{ to: '+442071234567', subject: 'Your tickets', text: '2 tickets are ready & paid: Ünter den Linden.' },
};
const patient = () => AbortSignal.timeout(5_000);

interface Asked {
  readonly path: string | undefined;
  readonly authorization: string | undefined;
  readonly form: URLSearchParams;
}

/** What Twilio would answer, by a server that keeps what it was asked. */
async function standIn(context: TestContext, answer: (response: ServerResponse) => void) {
  const asked: Asked[] = [];
  const server = createServer(async (request: IncomingMessage, response) => {
    const { url: path, headers } = request;
    asked.push({ path, authorization: headers.authorization, form: new URLSearchParams(await text(request)) });
    answer(response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  context.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { asked, apiUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

const says = (status: number, body: unknown) => (response: ServerResponse) =>
  void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
const taken = says(201, { sid: `SM${'1'.repeat(32)}`, status: 'queued' });
const channel = (apiUrl: string, more: Partial<TwilioOptions> = {}) =>
  createTwilioChannel({
    ...{ accountSid, authToken: 'secret', from: '+442070000000', apiUrl, timeoutMs: 2_000 },
    ...more,
  });

describe('SMS over Twilio', () => {
  test('are delivered to the number with the whole text', async (context) => {
    const { asked, apiUrl } = await standIn(context, taken);
    assert.deepEqual(await channel(apiUrl).send(message, patient()), { status: 'delivered' });
    assert.equal(asked[0]?.path, `/2010-04-01/Accounts/${accountSid}/Messages.json`);
    assert.equal(asked[0]?.authorization, `Basic ${Buffer.from(`${accountSid}:secret`).toString('base64')}`);
    assert.deepEqual(Object.fromEntries(asked[0]?.form ?? []), {
      ...{ To: message.to, From: '+442070000000', Body: message.text },
    });
  });
  test('can be sent by a messaging service, which chooses the number', async (context) => {
    const { asked, apiUrl } = await standIn(context, taken);
    const from = `MG${'2'.repeat(32)}`;
    await channel(apiUrl, { from }).send(message, patient());
    assert.deepEqual([asked[0]?.form.get('MessagingServiceSid'), asked[0]?.form.has('From')], [from, false]);
  });
  test('have failed when Twilio says no, and nobody reads the number in why', async (context) => {
    const no = { code: 21_211, message: `The 'To' number ${message.to} is not a valid phone number.`, status: 400 };
    const { apiUrl } = await standIn(context, says(400, no));
    const delivery = await channel(apiUrl).send(message, patient());
    assert.deepEqual(delivery, { status: 'failed', error: 'the SMS provider answered 400 (21211)' });
  });
  test('have failed when the token is wrong', async (context) => {
    const { apiUrl } = await standIn(context, says(401, { code: 20_003 }));
    assert.equal((await channel(apiUrl).send(message, patient())).status, 'failed');
  });
  test('are sent again when there were too many at a time, for none of those was taken', async (context) => {
    const tooMany = says(429, { code: 20_429 });
    const answers = [tooMany, tooMany];
    const { asked, apiUrl } = await standIn(context, (response) => (answers.pop() ?? taken)(response));
    assert.deepEqual(await channel(apiUrl).send(message, patient()), { status: 'delivered' });
    assert.equal(asked.length, 3);
  });
  test('have failed when there are too many for long', async (context) => {
    const { asked, apiUrl } = await standIn(context, says(429, { code: 20_429 }));
    const delivery = await channel(apiUrl, { timeoutMs: 10_000 }).send(message, AbortSignal.timeout(10_000));
    assert.deepEqual(delivery, { status: 'failed', error: 'the SMS provider answered 429 (20429)' });
    assert.equal(asked.length, 5);
  });
  test('have failed when nobody is there', async (context) => {
    const { apiUrl } = await standIn(context, taken);
    const gone = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => gone.once('listening', resolve));
    const { port } = gone.address() as AddressInfo;
    await new Promise((resolve) => gone.close(resolve));
    assert.equal((await channel(`http://127.0.0.1:${port}`).send(message, patient())).status, 'failed');
    assert.equal((await channel(apiUrl).send(message, patient())).status, 'delivered');
  });
  test('are unknown when the answer is lost, late or an error of theirs, and are not sent again', async (context) => {
    const answers: readonly ((response: ServerResponse) => void)[] = [
      (response) => void response.destroy(),
      () => undefined,
      says(503, {}),
      (response) => void response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end(),
    ];
    for (const answer of answers) {
      const { asked, apiUrl } = await standIn(context, answer);
      await assert.rejects(channel(apiUrl, { timeoutMs: 300 }).send(message, patient()));
      assert.equal(asked.length, 1);
    }
  });
});
