import assert from 'node:assert/strict';
import { type AddressInfo, createServer } from 'node:net';
import { describe, type TestContext, test } from 'node:test';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import type { Outgoing } from './channel.ts';
import { type InboxMessage, inboxOver } from './inbox.ts';
import { createSmtpChannel } from './smtp.ts';

const message: Outgoing = {
  deliveryKey: 'msg_1',
  messageId: 'msg_1',
  userId: 'usr_1',
  bookingId: 'bkg_1',
  kind: 'payment_received',
  to: 'ada@example.com',
  subject: 'We received your payment for Metropolis',
  text: 'Thank you.\n.\nA line with a dot alone.',
};
const patient = () => AbortSignal.timeout(5_000);
const from = 'Fullhouse <tickets@fullhouse.example>';

async function smtpServer(context: TestContext, options: SMTPServerOptions = {}) {
  const mails: string[] = [];
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    logger: false,
    onData(stream, _session, done) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        mails.push(Buffer.concat(chunks).toString());
        done();
      });
    },
    ...options,
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  context.after(() => new Promise<void>((resolve) => server.close(resolve)));
  const { port } = server.server.address() as AddressInfo;
  return { mails, address: `127.0.0.1:${port}` };
}

function channelTo(context: TestContext, url: string, timeoutMs = 2_000) {
  const channel = createSmtpChannel({ url, from, timeoutMs });
  context.after(() => channel.close());
  return channel;
}

const refusal = (responseCode: number) => Object.assign(new Error('no'), { responseCode });

describe('e-mail over SMTP', () => {
  test('is delivered with its id, sender and whole text', async (context) => {
    const { mails, address } = await smtpServer(context);
    const channel = channelTo(context, `smtp://${address}`);
    assert.deepEqual(await channel.send(message, patient()), { status: 'delivered' });
    assert.match(mails[0] ?? '', /^Message-ID: <msg_1@fullhouse\.example>/im);
    assert.match(mails[0] ?? '', /^From: Fullhouse <tickets@fullhouse\.example>/im);
    assert.match(mails[0] ?? '', /^To: ada@example\.com/im);
    assert.match(mails[0] ?? '', /A line with a dot alone\./);
  });
  test('has failed when the server refuses the recipient, for good or for now', async (context) => {
    for (const code of [550, 450]) {
      const { address } = await smtpServer(context, { onRcptTo: (_to, _session, done) => done(refusal(code)) });
      const delivery = await channelTo(context, `smtp://${address}`).send(message, patient());
      assert.equal(delivery.status, 'failed');
    }
  });
  test('has failed when the password is wrong', async (context) => {
    const { address } = await smtpServer(context, {
      authOptional: false,
      onAuth: (_auth, _session, done) => done(refusal(535)),
    });
    assert.equal((await channelTo(context, `smtp://a:b@${address}`).send(message, patient())).status, 'failed');
  });
  test('has failed when nobody is there', async (context) => {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    assert.equal((await channelTo(context, `smtp://127.0.0.1:${port}`).send(message, patient())).status, 'failed');
  });
  test('is unknown when the server takes the text and says no more', async (context) => {
    const { address } = await smtpServer(context, { onData: (stream) => stream.resume() });
    await assert.rejects(channelTo(context, `smtp://${address}`, 300).send(message, patient()));
  });
});

describe('the inbox', () => {
  function inbox() {
    const writes: (readonly InboxMessage[])[] = [];
    const put = async (messages: readonly InboxMessage[]) => {
      writes.push(messages);
    };
    return { writes, ...inboxOver({ put, close: async () => undefined }) };
  }
  test('takes messages of both channels, those that come together in few writes', async () => {
    const { writes, channels } = inbox();
    const sent = Array.from({ length: 100 }, (_, index) => {
      const channel = index % 2 === 0 ? channels.email : channels.sms;
      return channel?.send({ ...message, deliveryKey: `msg_${index}` }, patient());
    });
    const deliveries = await Promise.all(sent);
    assert.ok(deliveries.every((delivery) => delivery?.status === 'delivered'));
    assert.equal(writes.flat().length, 100);
    assert.ok(writes.length <= 3);
    assert.deepEqual(new Set(writes.flat().map((each) => each.channel)), new Set(['email', 'sms']));
  });
  test('is where password resets go', async () => {
    const { writes, mailer } = inbox();
    await mailer.send({
      to: 'ada@example.com',
      subject: 'Reset',
      text: 'Token',
      userId: 'usr_1',
      kind: 'password_reset',
    });
    assert.deepEqual(
      writes.flat().map(({ channel, kind, bookingId }) => [channel, kind, bookingId]),
      [['email', 'password_reset', undefined]],
    );
  });
});
