import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Intent } from '../../runtime/service.ts';
import type { ServiceRuntime } from '../../runtime/service-runtime.ts';
import type { Channel, Outgoing } from './channels/channel.ts';
import { channelsPart, messagePlanned } from './effects.ts';
import type { Planned } from './messages.ts';

const profile = { userId: 'usr_1', name: 'Ada', email: 'ada@example.com', locale: 'en' };
const planned = (more: Partial<Planned> = {}): Planned => ({
  messageId: 'msg_1',
  bookingId: 'bkg_01a222b9-beac-7575-81f8-913c1e18c88e',
  showId: 'shw_1',
  userId: 'usr_1',
  kind: 'payment_received',
  channel: 'email',
  causeId: 'booking/3',
  details: { kind: 'payment_received', amount: { amount: 2_650, currency: 'EUR' } },
  round: 1,
  ...more,
});

/** A channel that does as told, in a runtime that knows one profile, perhaps more, and which sendings were begun. */
function scene(
  more: Partial<Channel>,
  address: object | undefined = profile,
  known: Readonly<Record<string, object>> = {},
) {
  const sent: Outgoing[] = [];
  const begun = new Set<unknown>();
  const channel: Channel = {
    idempotent: false,
    send: async (message) => {
      sent.push(message);
      return { status: 'delivered' };
    },
    ...more,
  };
  const service = {
    part: (name: string) => (name === channelsPart ? { email: channel } : () => undefined),
    reference: async (topic: string, key: string) => (topic === 'user-profiles' ? address : known[`${topic} ${key}`]),
    document: async () => undefined,
    query: async (_text: string, [key]: readonly unknown[]) => {
      if (begun.has(key)) return [];
      begun.add(key);
      return [{ delivery_key: key }];
    },
  } as unknown as ServiceRuntime;
  const run = async (data: Planned) => {
    const intent = { data } as unknown as Intent<never>;
    return (await messagePlanned.run(intent, service, AbortSignal.timeout(1_000))).data['status'];
  };
  return { sent, run };
}

describe('sending a message', () => {
  test('looks up where to at the last moment', async () => {
    const { sent, run } = scene({});
    assert.equal(await run(planned()), 'delivered');
    assert.deepEqual([sent[0]?.to, sent[0]?.deliveryKey], ['ada@example.com', 'msg_1']);
    assert.match(sent[0]?.text ?? '', /€26\.50/);
  });
  test('says seats as the plan of the show calls them', async () => {
    const row = { id: '1', name: 'A', first: 1, last: 9, step: 1, accessible: [], companion: [] };
    const plan = { sections: [{ id: 'S', name: 'Stalls', priceCategory: 'standard', rows: [row] }], areas: [] };
    const show = {
      movie: { title: 'Metropolis' },
      theatre: { name: 'Astor', location: 'Berlin', timeZone: 'Europe/Berlin' },
      screen: { number: 3 },
      startsAt: '2026-11-21T19:15:00.000Z',
      seatPlanId: 'pln_1',
    };
    const details = { kind: 'ticket_transferred', seat: 'S-1-7' } as const;
    const { sent, run } = scene({}, profile, { 'catalog shw_1': show, 'seat-plans pln_1': plan });
    await run(planned({ details }));
    assert.match(sent[0]?.text ?? '', /the ticket for row A, seat 7 that/);
    const planless = scene({}, profile, { 'catalog shw_1': show });
    await planless.run(planned({ details }));
    assert.match(planless.sent[0]?.text ?? '', /the ticket for seat S-1-7 that/);
  });
  test('is skipped when the customer or the channel has gone', async () => {
    assert.equal(await scene({}, { ...profile, email: undefined }).run(planned()), 'skipped');
    assert.equal(await scene({}).run(planned({ channel: 'sms' })), 'skipped');
  });
  test('is asked for once where the channel knows no keys: an error or a crash makes it unknown', async () => {
    let tries = 0;
    const broken = scene({
      send: async () => {
        tries += 1;
        throw new Error('connection lost');
      },
    });
    assert.equal(await broken.run(planned()), 'unknown');
    assert.equal(await broken.run(planned()), 'unknown');
    assert.equal(tries, 1);
    assert.equal(await broken.run(planned({ round: 2 })), 'unknown');
    assert.equal(tries, 2);
  });
  test('may be tried again where the channel knows keys', async () => {
    const broken = scene({ idempotent: true, send: () => Promise.reject(new Error('busy')) });
    await assert.rejects(broken.run(planned()), /busy/);
    await assert.rejects(broken.run(planned()), /busy/);
  });
});
