import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Problem, unreachable } from '../kit/problem.ts';
import { admitted, admittedHere, conflictOf, notAdmitted, refusedHere, usedHere } from './verdict.ts';

const no = (status: number, code: string, more = {}) =>
  notAdmitted(new Problem(status, { code, detail: 'told', ...more }));

describe('the verdict about a scan', () => {
  it('lets in with an answer that does', () => {
    const verdict = admitted({
      ...{
        ticketId: 'tkt_1',
        bookingId: 'bkg_1',
        showId: 'shw_1',
        movieName: 'Laura',
        seat: 'S-A-1',
        priceCategory: 'standard',
      },
      ...{ admittedAt: '2026-01-01T20:00:00.000Z', gate: 'North' },
    });
    assert.deepEqual([verdict.tone, verdict.headline, verdict.isOpen], ['good', 'Admitted', false]);
    assert.match(verdict.detail, /standard.*Laura/);
    assert.deepEqual(verdict.place, { showId: 'shw_1', seat: 'S-A-1', area: undefined });
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
      [409, 'ticket_given'],
      [422, 'code_invalid'],
    ] as const) {
      const { tone, isOpen } = no(status, code);
      assert.deepEqual([tone, isOpen], ['bad', false], code);
    }
    assert.equal(no(409, 'wrong_show', { showId: 'shw_2' }).forShow, 'shw_2');
    assert.equal(no(409, 'ticket_void', { showId: 'shw_2' }).forShow, undefined);
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

describe('the verdict without a network', () => {
  const at = '2026-01-01T20:00:00.000Z';
  const scan = { code: 'FH1.a', gate: 'North', showId: 'shw_1', key: 'k', scannedAt: at };
  const ticket = {
    ticketId: 'tkt_1',
    seat: 'S-A-1',
    priceCategory: 'standard',
    status: 'used',
    gate: 'South',
  } as const;

  it('is a yes of its own, with the seat where it is known', () => {
    const { tone, headline, detail, place, isOpen } = admittedHere(scan, ticket, at);
    assert.deepEqual([tone, headline, isOpen], ['alone', 'Admitted without network', false]);
    assert.match(detail, /^standard · /);
    assert.deepEqual(place, { showId: 'shw_1', seat: 'S-A-1', area: undefined });
    assert.match(admittedHere(scan, undefined, at).detail, /the seat is on the ticket/);
  });

  it('keeps out for what is known, and says as of when that is', () => {
    const used = refusedHere({ is: 'used', ticket: { ...ticket, admittedAt: at } }, at);
    assert.deepEqual([used.tone, used.headline, used.isOpen], ['bad', 'Already admitted', false]);
    assert.match(used.detail, /^At .*2026.*gate South · Checked on this device, as of /);
    const headlines = (['void', 'no_ticket'] as const).map((is) => refusedHere({ is }, at).headline);
    assert.deepEqual(headlines, ['Void', 'Not a ticket']);
    const wrong = refusedHere({ is: 'wrong_show', showId: 'shw_2' }, at);
    assert.deepEqual([wrong.headline, wrong.forShow], ['Wrong show', 'shw_2']);
  });

  it('keeps out whom the device has let in, and asks whether it was scanned twice', () => {
    const after = (ms: number) => usedHere(scan, Date.parse(at) + ms).detail;
    assert.match(after(1_000), /^Just now.*gate North\. Was it scanned twice\?/);
    assert.match(after(60_000), /^At .*gate North · On this device, without network$/);
  });

  it('is a conflict with both times where another door was first, and with the why where the ticket is void', () => {
    const body = { code: 'already_admitted', admittedAt: '2026-01-01T19:00:00.000Z', gate: 'South' };
    const twice = conflictOf(new Problem(409, body), scan);
    assert.equal(twice.headline, 'Already admitted');
    assert.match(twice.detail, /^Let in here at .*gate North\. Also used at .*gate South\.$/);
    const gone = conflictOf(new Problem(409, { code: 'ticket_void', detail: 'It was cancelled.' }), scan);
    assert.equal(gone.headline, 'Void');
    assert.match(gone.detail, /gate North\. It was cancelled\.$/);
  });
});
