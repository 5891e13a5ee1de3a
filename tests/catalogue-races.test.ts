import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import type { Client } from './support/client.ts';
import { newPerson } from './support/people.ts';
import { type RunningApp, runApp } from './support/servers.ts';
import { buildVenue, circle, floor, openShow, stalls, type Venue } from './support/venue.ts';

/** Organizers who get in each other's way are answered as if one had come after the other. */

const rounds = 30;
let running: RunningApp;
let organizer: Client;
let venue: Venue;

before(async () => {
  running = await runApp();
  organizer = (await newPerson(running, { roles: ['organizer'] })).client;
  venue = await buildVenue(organizer);
});
after(() => running.stop());

async function newPlan(): Promise<{ readonly seatPlanId: string; readonly name: string }> {
  const plan = { name: randomUUID(), sections: [stalls(1, 5), circle], areas: [floor] };
  const { body } = await organizer.post<{ seatPlanId: string; name: string }>('/v1/seat-plans', plan);
  return body;
}

/** Who builds on a plan while it is removed, and what it is answered when it comes first. */
const builders: readonly (readonly [
  what: string,
  first: number,
  build: (plan: Awaited<ReturnType<typeof newPlan>>, round: number, showId: string) => Promise<{ status: number }>,
])[] = [
  [
    'a new screen',
    201,
    ({ seatPlanId }, round) =>
      organizer.post('/v1/screens', { theatreId: venue.theatreId, number: 100 + round, seatPlanId }),
  ],
  [
    'a screen',
    200,
    ({ seatPlanId }) => organizer.call('PATCH', `/v1/screens/${venue.screenId}`, { body: { seatPlanId } }),
  ],
  [
    'a show',
    200,
    ({ seatPlanId }, _round, showId) => organizer.call('PATCH', `/v1/shows/${showId}`, { body: { seatPlanId } }),
  ],
  [
    'an import',
    200,
    ({ name }, round) => {
      const theatre = { name: `House ${name}`, location: 'London', timeZone: 'Europe/London' };
      const screen = { theatre: theatre.name, number: 1 + round, seatPlan: name };
      const text = JSON.stringify({ theatres: [theatre], screens: [screen] });
      return organizer.post('/v1/catalogue/imports', { format: 'json', text });
    },
  ],
];

describe('a seat plan that is removed while somebody builds on it', () => {
  for (const [what, first, build] of builders) {
    it(`stays, or is not there any more: for ${what}`, async () => {
      const showId = await openShow(organizer, venue);
      for (let round = 0; round < rounds; round += 1) {
        const plan = await newPlan();
        const [built, removed] = await Promise.all([
          build(plan, round, showId),
          organizer.call('DELETE', `/v1/seat-plans/${plan.seatPlanId}`),
        ]);
        const answers = [built.status, removed.status].join();
        assert.ok([`${first},409`, '422,204'].includes(answers), answers);
      }
    });
  }
});
