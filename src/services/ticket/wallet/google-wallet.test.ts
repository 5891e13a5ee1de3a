import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { describe, it } from 'node:test';
import { decodeJwt } from 'jose';
import { createTicketCodes, newTicketKey } from '../code.ts';
import { createGoogleWallet } from './google-wallet.ts';
import type { Pass } from './pass.ts';

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
const wallet = createGoogleWallet({
  issuerId: '3388000000012345678',
  clientEmail: 'wallet@riverside-theatre.iam.gserviceaccount.com',
  privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
});
const ids = {
  ticketId: 'tkt_0192f0c4-7b1e-7c3a-9d2e-3f4a5b6c7d8e',
  showId: 'shw_0192f0c4-7b1e-7c3a-9d2e-3f4a5b6c7d8f',
  issue: 1,
};
const code = createTicketCodes(newTicketKey()).sign(ids);
const long = 'n'.repeat(200);
const pass: Pass = {
  ...ids,
  ...{ code, movieName: long, theatreName: long, theatreLocation: long, place: long, priceCategory: long },
  ...{ screenNumber: 12, startsAt: '2026-11-21T20:15:00+01:00', expiresAt: '2026-11-21T23:48:00Z' },
  bookedUnder: long,
};
const tokenOf = async (changed: Partial<Pass> = {}) =>
  (await wallet.saveUrl({ ...pass, ...changed })).slice('https://pay.google.com/gp/v/save/'.length);
const idsIn = (token: string) => {
  const { eventTicketClasses: classes, eventTicketObjects: objects } = decodeJwt<{
    readonly payload: Readonly<Record<'eventTicketClasses' | 'eventTicketObjects', readonly { readonly id: string }[]>>;
  }>(token).payload;
  return { event: classes[0]?.id, ticket: objects[0]?.id };
};

describe('a link to save a ticket', () => {
  for (const letter of ['n', 'é', 'Щ', '映', '🎭', '"'])
    it(`fits an address, however long names of ${letter} are`, async () => {
      const name = letter.repeat(100);
      const token = await tokenOf({ movieName: name, theatreName: name, theatreLocation: name, place: name });
      assert.ok(token.length <= 1_800, `${token.length} characters`);
    });

  it('is about the same ticket of the same show each time', async () => {
    assert.deepEqual(idsIn(await tokenOf()), idsIn(await tokenOf({ code: 'another' })));
  });

  it('is about another ticket once it was given away, and about another show once that was moved', async () => {
    const first = idsIn(await tokenOf());
    const given = idsIn(await tokenOf({ issue: 2 }));
    assert.equal(given.event, first.event);
    assert.notEqual(given.ticket, first.ticket);
    const moved = idsIn(await tokenOf({ startsAt: '2026-11-21T21:15:00+01:00' }));
    assert.notEqual(moved.event, first.event);
    assert.notEqual(moved.ticket, first.ticket);
  });
});
