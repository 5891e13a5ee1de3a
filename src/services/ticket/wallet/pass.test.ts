import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { SeatPlan, Show } from '../../../contracts/catalog.ts';
import { printedOf } from '../decider.ts';
import { passOf } from './pass.ts';

const row = { id: 'A', name: 'A', first: 1, last: 9, step: 1, accessible: [], companion: [] };
const plan: SeatPlan = {
  seatPlanId: 'pln_1',
  name: 'Main hall',
  sections: [{ id: 'S', name: 'Stalls', priceCategory: 'standard', rows: [row] }],
  areas: [{ area: 'FLOOR', name: 'Standing', capacity: 10, priceCategory: 'standing' }],
};
const show = (timeZone: string, startsAt: string, runningTimeMinutes?: number) =>
  ({
    showId: 'shw_1',
    movie: { movieId: 'mov_1', title: 'Metropolis', ...(runningTimeMinutes && { runningTimeMinutes }) },
    theatre: { theatreId: 'thr_1', name: 'Astor', location: 'Berlin', timeZone },
    screen: { screenId: 'scr_1', number: 3 },
    startsAt,
  }) as Show;
const place = { ticketId: 'tkt_1', bookingId: 'bkg_1', showId: 'shw_1', seat: 'S-A-3', priceCategory: 'standard' };
const more = { code: 'F1x', issue: 1, bookedUnder: 'Ada', plan };
const berlin = show('Europe/Berlin', '2026-11-21T19:15:00.000Z', 153);
const pass = (of = berlin, ticket: object = place, changed: object = {}) =>
  passOf({ ...place, ...ticket, ...printedOf(of) }, { ...more, show: of, ...changed });

describe('a pass', () => {
  it('says when the show starts by the clock of the theatre', () => {
    const at = (timeZone: string, moment: string) => pass(show(timeZone, moment)).startsAt;
    assert.equal(at('Europe/Berlin', '2026-11-21T19:15:00.000Z'), '2026-11-21T20:15:00+01:00');
    assert.equal(at('Europe/Berlin', '2026-06-21T22:30:00.000Z'), '2026-06-22T00:30:00+02:00');
    assert.equal(at('America/St_Johns', '2026-11-21T19:15:00.000Z'), '2026-11-21T15:45:00-03:30');
    assert.equal(at('Asia/Kathmandu', '2026-11-21T19:15:00.000Z'), '2026-11-22T01:00:00+05:45');
    assert.equal(at('UTC', '2026-11-21T19:15:00.000Z'), '2026-11-21T19:15:00+00:00');
    assert.equal(at('Europe/Berlin', '2026-11-21T19:15:59.999Z'), '2026-11-21T20:15:00+01:00');
  });

  it('is old two hours after the show, as long as that is, or may be', () => {
    assert.equal(pass().expiresAt, '2026-11-21T23:48:00Z');
    assert.equal(pass(show('UTC', '2026-11-21T19:15:00.000Z')).expiresAt, '2026-11-22T01:15:00Z');
    assert.equal(pass(berlin, {}, { show: undefined }).expiresAt, '2026-11-22T01:15:00Z');
  });

  it('names the place as the hall does, and by its id where nobody knows the hall', () => {
    assert.equal(pass().place, 'row A, seat 3');
    assert.equal(pass(berlin, { seat: undefined, area: 'FLOOR' }).place, 'Standing');
    assert.equal(pass(berlin, {}, { plan: undefined }).place, 'S-A-3');
  });
});
