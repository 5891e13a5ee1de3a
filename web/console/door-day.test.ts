import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { newId } from '../../src/contracts/ids.ts';
import { createTicketCodes, newTicketKey } from '../../src/services/ticket/code.ts';
import type { Show } from '../kit/answers.ts';
import { Problem, unreachable } from '../kit/problem.ts';
import { houseDayOf, refusalOfToday } from './door-day.ts';
import type { DoorNames } from './door-names.ts';

const showId = newId('show');
const code = createTicketCodes(newTicketKey()).sign({ ticketId: newId('ticket'), showId, issue: 1 });
const theatre = { theatreId: 'the_1', name: 'Riverside', timeZone: 'Europe/London' };
const starting = (startsAt: string) =>
  ({ showOf: async () => ({ showId, startsAt, theatre }) as Show }) as unknown as DoorNames;
const failing = (error: unknown) => ({ showOf: () => Promise.reject(error) }) as unknown as DoorNames;
const now = Date.parse('2026-07-10T18:00:00Z');

describe('the day of a house', () => {
  it('ends at four in the morning by its own clocks', () => {
    const dayOf = (at: string) => houseDayOf(Date.parse(at), 'America/New_York');
    assert.equal(dayOf('2026-07-10T23:30:00Z'), '2026-07-10');
    assert.equal(dayOf('2026-07-11T07:59:00Z'), '2026-07-10');
    assert.equal(dayOf('2026-07-11T08:00:00Z'), '2026-07-11');
  });
});

describe('a door that lets in to shows of today', () => {
  const refusal = (names: DoorNames, more: { readonly code?: string; readonly theatreId?: string } = {}) =>
    refusalOfToday({ code: more.code ?? code }, { theatreId: more.theatreId ?? '', names }, now);

  it('has nothing against a ticket of today, also of a show after midnight', async () => {
    assert.equal(await refusal(starting('2026-07-10T19:00:00Z')), undefined);
    assert.equal(await refusal(starting('2026-07-10T23:30:00Z'), { theatreId: 'the_1' }), undefined);
  });

  it('keeps out a ticket of another day or another house, and says which show it is for', async () => {
    const tomorrow = await refusal(starting('2026-07-11T19:00:00Z'));
    assert.deepEqual([tomorrow?.headline, tomorrow?.forShow, tomorrow?.tone], ['Another day', showId, 'bad']);
    const elsewhere = await refusal(starting('2026-07-10T19:00:00Z'), { theatreId: 'the_2' });
    assert.deepEqual([elsewhere?.headline, elsewhere?.forShow], ['Another theatre', showId]);
  });

  it('leaves to the server what is no ticket, or of a show that there is not', async () => {
    assert.equal(await refusal(failing(new Error('not asked')), { code: 'a poster' }), undefined);
    assert.equal(await refusal(failing(new Problem(404, { code: 'not_found' }))), undefined);
  });

  it('lets nobody in where nobody can tell of which day a ticket is', async () => {
    const verdict = await refusal(failing(unreachable()));
    assert.deepEqual([verdict?.headline, verdict?.isOpen], ['Not known', true]);
  });
});
