import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Problem, unreachable } from '../kit/problem.ts';
import { admitted, notAdmitted } from './verdict.ts';

const no = (status: number, code: string, more = {}) =>
  notAdmitted(new Problem(status, { code, detail: 'told', ...more }));

describe('the verdict about a scan', () => {
  it('lets in with an answer that does', () => {
    const verdict = admitted({
      ...{ ticketId: 'tkt_1', bookingId: 'bkg_1', movieName: 'Laura', seat: 'S-A-1', priceCategory: 'standard' },
      ...{ admittedAt: '2026-01-01T20:00:00.000Z', gate: 'North' },
    });
    assert.deepEqual([verdict.tone, verdict.headline, verdict.isOpen], ['good', 'Admitted', false]);
    assert.match(verdict.detail, /S-A-1.*Laura/);
  });

  it('says when and where somebody was let in with the ticket before', () => {
    const verdict = no(409, 'already_admitted', { admittedAt: '2026-01-01T20:00:00.000Z', gate: 'North' });
    assert.deepEqual([verdict.tone, verdict.headline, verdict.isOpen], ['bad', 'Already admitted', false]);
    assert.match(verdict.detail, /2026.*gate North/);
  });

  it('says so where that was a moment ago, as when a scanner reads twice', () => {
    const body = { code: 'already_admitted', admittedAt: '2026-01-01T20:00:00.000Z', gate: 'North' };
    const after = (ms: number) => notAdmitted(new Problem(409, body), Date.parse(body.admittedAt) + ms).detail;
    assert.match(after(2_000), /^Just now.*gate North\. Was it scanned twice\?$/);
    assert.match(after(60_000), /^At .*gate North$/);
  });

  it('keeps out for another show, a void ticket, and what is no ticket', () => {
    for (const [status, code] of [
      [409, 'wrong_show'],
      [409, 'ticket_void'],
      [422, 'code_invalid'],
    ] as const) {
      const { tone, isOpen } = no(status, code);
      assert.deepEqual([tone, isOpen], ['bad', false], code);
    }
  });

  it('lets nobody in without an answer, and leaves it open', () => {
    const unanswered = [unreachable(), new DOMException('late', 'TimeoutError'), new TypeError('broken')].map(
      notAdmitted,
    );
    const undecided = [
      no(503, 'unavailable'),
      no(429, 'rate_limited'),
      no(401, 'unauthenticated'),
      no(500, 'internal'),
    ];
    for (const verdict of [...unanswered, ...undecided]) {
      assert.deepEqual([verdict.tone, verdict.isOpen], ['warn', true]);
    }
  });
});
