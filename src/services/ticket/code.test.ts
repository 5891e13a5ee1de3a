import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { newId } from '../../contracts/ids.ts';
import { createTicketCodes, newTicketKey } from './code.ts';
import { localTime } from './local-time.ts';
import { qrCode } from './routes.ts';

const key = newTicketKey();
const codes = createTicketCodes(key);
const content = () => ({ ticketId: newId('ticket'), showId: newId('show'), issue: 1 });

describe('a ticket code', () => {
  test('says what was signed, always in the same words', () => {
    const ticket = content();
    assert.deepEqual(codes.verify(codes.sign(ticket)), ticket);
    assert.equal(codes.sign(ticket), codes.sign(ticket));
  });
  test('with any letter changed, cut or added is refused', () => {
    const code = codes.sign(content());
    for (let index = 0; index < code.length; index += 1) {
      const other = code[index] === 'A' ? 'B' : 'A';
      assert.equal(codes.verify(code.slice(0, index) + other + code.slice(index + 1)), undefined);
    }
    for (const wrong of ['', code.slice(0, -1), `${code}A`, ` ${code}`, code.toLowerCase()]) {
      assert.equal(codes.verify(wrong), undefined);
    }
  });
  test('of a stranger is refused, of an earlier key of ours is not', () => {
    const ticket = content();
    const before = createTicketCodes(newTicketKey()).sign(ticket);
    assert.equal(codes.verify(before), undefined);
    assert.deepEqual(createTicketCodes(newTicketKey(), [key]).verify(codes.sign(ticket)), ticket);
  });
  test('is short enough to be a picture that scans well', () => {
    const code = codes.sign(content());
    assert.ok(code.length <= 140);
    const svg = qrCode(code);
    assert.match(svg, /^<svg /);
    assert.match(svg, /#000000/);
    assert.match(svg, /#ffffff/);
  });
});

describe('the local time', () => {
  test('is that of the clock in the theatre, midnight and summer time included', () => {
    assert.equal(localTime('2026-11-21T19:15:00.000Z', 'Europe/Berlin'), 'Sat 21 Nov 2026, 20:15');
    assert.equal(localTime('2026-07-04T22:00:00Z', 'Europe/Berlin'), 'Sun 05 Jul 2026, 00:00');
    assert.equal(localTime('2026-11-21T04:45:00Z', 'America/New_York'), 'Fri 20 Nov 2026, 23:45');
  });
});
