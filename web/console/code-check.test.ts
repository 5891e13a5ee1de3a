import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { newId } from '../../src/contracts/ids.ts';
import { createTicketCodes, newTicketKey } from '../../src/services/ticket/code.ts';
import { checkCode, verifyingKeys } from './code-check.ts';
import type { KnownTicket, Preparation } from './preparation.ts';

const showId = newId('show');
const earlier = newTicketKey();
const codes = createTicketCodes(newTicketKey(), [earlier]);
const scannedAt = '2026-01-01T20:00:00.000Z';

/** What a device knows of a show with such tickets. */
function known(...tickets: readonly KnownTicket[]): Preparation {
  const asOf = '2026-01-01T19:59:00.000Z';
  const byId = new Map(tickets.map((ticket) => [ticket.ticketId, ticket]));
  return { showId, asOf, allAsOf: asOf, issue: 1, keys: codes.keys, tickets: byId };
}
const ticket = (more: Partial<KnownTicket> = {}): KnownTicket => ({
  ...{ ticketId: newId('ticket'), seat: 'S-A-1', priceCategory: 'standard', status: 'valid' },
  ...more,
});

async function checked(code: string, preparation = known()) {
  const keys = await verifyingKeys(preparation.keys);
  assert.ok(keys !== undefined);
  return checkCode({ code, gate: 'North', scannedAt }, preparation, keys);
}
const signed = ({ ticketId }: Pick<KnownTicket, 'ticketId'>, more: object = {}) =>
  codes.sign({ ticketId, showId, issue: 1, ...more });

describe('a code that is checked on the device', () => {
  it('is good where the server signed it for this show, and nothing else is known of the ticket', async () => {
    const listed = ticket();
    const { ticketId } = listed;
    assert.deepEqual(await checked(signed(listed), known(listed)), { is: 'good', ticketId, ticket: listed });
  });

  it('is good where the ticket was sold later, and where it was signed with an earlier key', async () => {
    const { ticketId } = ticket();
    const good = { is: 'good', ticketId, ticket: undefined };
    assert.deepEqual(await checked(signed({ ticketId })), good);
    assert.deepEqual(await checked(createTicketCodes(earlier).sign({ ticketId, showId, issue: 1 })), good);
  });

  it('is no ticket with any letter changed, cut or added', async () => {
    const code = signed(ticket());
    const changed = Array.from(code, (letter, index) => {
      const other = letter === 'A' ? 'B' : 'A';
      return code.slice(0, index) + other + code.slice(index + 1);
    });
    for (const wrong of ['', code.slice(0, -1), `${code}A`, ` ${code}`, code.toLowerCase(), ...changed])
      assert.deepEqual(await checked(wrong), { is: 'no_ticket' }, wrong);
  });

  it('is no ticket where a stranger signed it', async () => {
    const stranger = createTicketCodes(newTicketKey());
    assert.deepEqual(await checked(stranger.sign({ ...ticket(), showId, issue: 1 })), { is: 'no_ticket' });
  });

  it('is an old one where the ticket was given to somebody else; the one that they have lets in', async () => {
    const given = ticket({ issue: 3 });
    const { ticketId } = given;
    for (const issue of [1, 2])
      assert.deepEqual(await checked(signed(given, { issue }), known(given)), { is: 'given' });
    assert.deepEqual(await checked(signed(given, { issue: 3 }), known(given)), { is: 'good', ticketId, ticket: given });
    const used = ticket({ issue: 3, status: 'used', admittedAt: scannedAt, gate: 'South' });
    assert.deepEqual(await checked(signed(used, { issue: 2 }), known(used)), { is: 'given' });
    assert.deepEqual(await checked(signed(used, { issue: 3 }), known(used)), { is: 'used', ticket: used });
  });

  it('is good where the ticket was given to somebody after the server told of it, with whichever code comes', async () => {
    const before = ticket();
    for (const issue of [1, 2]) assert.equal((await checked(signed(before, { issue }), known(before))).is, 'good');
    assert.equal((await checked(signed(ticket(), { issue: 2 }))).is, 'good', 'sold and given away since');
  });

  it('lets nobody in to another show, with a void ticket, or with one that was used', async () => {
    const gone = ticket({ status: 'void' });
    const used = ticket({ status: 'used', admittedAt: scannedAt, gate: 'South' });
    const other = newId('show');
    assert.deepEqual(await checked(signed(ticket(), { showId: other })), { is: 'wrong_show', showId: other });
    assert.deepEqual(await checked(signed(gone), known(gone)), { is: 'void' });
    assert.deepEqual(await checked(signed(used), known(used)), { is: 'used', ticket: used });
  });

  it('is good where the server counted this very scan, and only its answer was lost', async () => {
    const counted = ticket({ status: 'used', admittedAt: scannedAt, gate: 'North' });
    assert.equal((await checked(signed(counted), known(counted))).is, 'good');
  });
});

describe('keys that the browser cannot verify with', () => {
  it('make no door that decides by itself', async () => {
    assert.equal(await verifyingKeys([{ kid: '00000000', kty: 'OKP', crv: 'Ed25519', x: 'short' }]), undefined);
  });
});
