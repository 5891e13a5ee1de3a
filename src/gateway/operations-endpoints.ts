import { z } from 'zod';
import { bookingId, bookingNumberText, showId } from '../contracts/ids.ts';
import { areaCount, seatId } from '../contracts/seats.ts';
import { serviceNames } from '../contracts/topics.ts';
import type { Installation } from '../operations/installation.ts';
import { groupLag } from '../operations/lag.ts';
import { discardParked, listParked, parkedInput, redriveParked } from '../operations/parked.ts';
import { seatChanges, seatChangesMax, seatHistory } from '../operations/seat-changes.ts';
import { timeline } from '../operations/timeline.ts';
import { listTopics } from '../operations/topics.ts';
import { type Answered, type Endpoint, endpoint } from '../runtime/http/endpoint.ts';
import { decodeCountCursor, page, pageOf, pageQuery } from '../runtime/http/page.ts';
import { backtestEndpoint } from './backtest-endpoint.ts';
import { feedEndpoint } from './feed-endpoint.ts';
import { refusing } from './refusing.ts';
import { reportEndpoints } from './report-endpoints.ts';

/** What operators ask of an installation: offsets, lag, a booking's story, and what is parked. */

const tag = 'operations';
const staff = { tag, who: ['staff'] } as const;
const listOf = <Item extends z.ZodType>(item: Item) => z.object({ items: z.array(item), nextCursor: z.null() });
const answer = (items: readonly unknown[]): Answered => ({ status: 200, body: { items, nextCursor: null } });

const topic = z.object({
  topic: z.string(),
  owner: z.string(),
  key: z.string(),
  partitions: z.int(),
  retention: z.string(),
  records: z.int(),
  says: z.string(),
  offsets: z.array(z.object({ partition: z.int(), first: z.int(), next: z.int() })),
});

const group = z.object({
  group: z.string(),
  topic: z.string(),
  partition: z.int(),
  position: z.int(),
  end: z.int(),
  lag: z.int(),
});

const entry = z.object({
  at: z.iso.datetime(),
  ms: z.int(),
  service: z.string(),
  kind: z.enum(['event', 'provider', 'parked', 'effect', 'deadline', 'request']),
  type: z.string(),
  id: z.string(),
  causedBy: z.string().optional(),
  topic: z.string().optional(),
  says: z.string(),
});

const seatChange = z.object({
  version: z.int(),
  at: z.iso.datetime(),
  type: z.string(),
  bookingId: z.string().optional(),
  becomes: z.enum(['free', 'held', 'sold', 'blocked']).optional(),
  seats: z.array(z.string()),
  areas: z.array(areaCount),
  says: z.string(),
});

export function operationsEndpoints(installation: Installation): readonly Endpoint[] {
  return [
    ...lists(installation),
    timelineEndpoint(installation),
    ...seatEndpoints(installation),
    ...parkedEndpoints(installation),
    ...reportEndpoints(installation),
    backtestEndpoint(installation),
    feedEndpoint(installation),
  ];
}

function lists(installation: Installation): readonly Endpoint[] {
  return [
    endpoint({
      ...{ method: 'GET', path: '/ops/topics', summary: 'All topics with their offsets', ...staff },
      answers: { 200: { says: 'The topics', body: listOf(topic) } },
      handle: async () => answer(await listTopics(installation)),
    }),
    endpoint({
      ...{ method: 'GET', path: '/ops/groups', summary: 'How far each consumer group has come', ...staff },
      query: z.strictObject({ group: z.string().max(100).optional() }),
      answers: { 200: { says: 'Position and lag of each input partition', body: listOf(group) } },
      problems: ['not_found'],
      handle: ({ query }) => refusing(async () => answer(await groupLag(installation, query.group))),
    }),
  ];
}

function timelineEndpoint(installation: Installation): Endpoint {
  return endpoint({
    ...{ method: 'GET', path: '/ops/bookings/{bookingId}/timeline', ...staff },
    summary: 'All that happened to a booking, named by its id or its number, in all services, with causes',
    params: z.strictObject({ bookingId: z.union([bookingId, bookingNumberText]) }),
    answers: {
      200: {
        says: 'Every fact in order, what still waits, and why it ended as it did',
        body: z.object({ bookingId, number: z.string(), entries: z.array(entry), conclusion: z.string() }),
      },
    },
    problems: ['not_found', 'conflict'],
    handle: ({ params }) =>
      refusing(async () => ({ status: 200, body: await timeline(installation, params.bookingId) })),
  });
}

function seatEndpoints(installation: Installation): readonly Endpoint[] {
  return [
    endpoint({
      ...{ method: 'GET', path: '/ops/shows/{showId}/seat-changes', ...staff },
      summary: 'All that happened to the seats of a show, in order: the hall at any moment',
      params: z.strictObject({ showId }),
      query: z.strictObject({
        ...pageQuery,
        limit: z.coerce.number().int().min(1).max(seatChangesMax).default(seatChangesMax),
      }),
      answers: {
        200: { says: 'Changes, oldest first; none where nobody has wanted a seat yet', body: pageOf(seatChange) },
      },
      handle: async ({ params, query: { limit, cursor } }) => {
        const after = decodeCountCursor(cursor);
        const changes = await seatChanges(installation, params.showId, { after, limit: limit + 1 });
        return { status: 200, body: page(changes, limit, ({ version }) => [version]) };
      },
    }),
    endpoint({
      ...{ method: 'GET', path: '/ops/shows/{showId}/seats/{seat}/history', ...staff },
      summary: 'Who had a seat and when, and who wanted it in vain',
      params: z.strictObject({ showId, seat: seatId }),
      answers: {
        200: {
          says: 'Its changes, oldest first, and what it is now',
          body: z.object({
            showId: z.string(),
            seat: z.string(),
            place: z.string(),
            changes: z.array(seatChange),
            conclusion: z.string(),
          }),
        },
      },
      problems: ['not_found'],
      handle: ({ params }) =>
        refusing(async () => ({ status: 200, body: await seatHistory(installation, params.showId, params.seat) })),
    }),
  ];
}

function parkedEndpoints(installation: Installation): readonly Endpoint[] {
  const params = z.strictObject({ parkedId: z.string().max(150) });
  return [
    endpoint({
      ...{ method: 'GET', path: '/ops/parked', summary: 'Inputs that wait, and why', ...staff },
      query: z.strictObject({ service: z.enum(serviceNames).optional() }),
      answers: { 200: { says: 'What is parked, oldest first', body: listOf(parkedInput) } },
      handle: async ({ query }) => answer(await listParked(installation, query.service)),
    }),
    endpoint({
      ...{ method: 'POST', path: '/ops/parked/{parkedId}/redrive', ...staff, params },
      summary: 'Take a parked input up again, with all that waits behind it',
      answers: { 202: { says: 'Taken up again', body: z.object({ redriven: z.int() }) } },
      problems: ['not_found', 'conflict'],
      handle: (call) =>
        refusing(async () => ({ status: 202, body: await redriveParked(installation, call.params.parkedId) })),
    }),
    endpoint({
      ...{ method: 'POST', path: '/ops/parked/{parkedId}/discard', ...staff, params },
      summary: 'Throw a parked input away for good and take up what waits behind it',
      answers: { 202: { says: 'Thrown away', body: z.object({ discarded: z.int() }) } },
      problems: ['not_found', 'conflict'],
      handle: (call) =>
        refusing(async () => ({ status: 202, body: await discardParked(installation, call.params.parkedId) })),
    }),
  ];
}
