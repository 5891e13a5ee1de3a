import { z } from 'zod';
import type { Show } from '../../contracts/catalog.ts';
import { showId } from '../../contracts/ids.ts';
import { waitForNewMs } from '../../contracts/rules/new-id.ts';
import { settings } from '../../contracts/settings.ts';
import { type Endpoint, endpoint } from '../../runtime/http/endpoint.ts';
import { notFound, Problem } from '../../runtime/http/problem.ts';
import type { ServiceRuntime } from '../../runtime/service-runtime.ts';
import type { WaitingRoomRow } from './projection.ts';
import { commitmentTo, type WaitingRooms } from './waiting-rooms.ts';

/** The waiting room of a show: organizers open and close it, everybody sees how far it is, customers join and ask for their place. */

const params = z.strictObject({ showId });

const room = z.object({
  opensAt: z.string(),
  joined: z.int(),
  called: z.int(),
  inside: z.int(),
  insideMax: z.int(),
  draw: z.object({
    /** SHA-256 of the seed's hexadecimal digits. */
    commitment: z.string(),
    /** How many were drawn by lot, and with what: once they are. */
    drawn: z.int().optional(),
    seed: z.string().optional(),
  }),
});

const roomOfShow = z.object({ showId, room: room.nullable() });

const place = z.object({
  showId,
  status: z.enum(['before_draw', 'waiting', 'let_in']),
  place: z.int(),
  turn: z.int().optional(),
  ahead: z.int().optional(),
  estimatedSeconds: z.int().optional(),
  letInUntil: z.string().optional(),
  askAgainInSeconds: z.int(),
});

export function waitingRoomEndpoints(service: ServiceRuntime, rooms: WaitingRooms): readonly Endpoint[] {
  return [readRoom(service, rooms), openRoom(service, rooms), closeRoom(rooms), join(rooms)];
}

function readRoom(service: ServiceRuntime, rooms: WaitingRooms): Endpoint {
  return endpoint({
    method: 'GET',
    path: '/shows/{showId}/waiting-room',
    summary: 'The waiting room of a show; `room` is null where nobody has to wait.',
    tag: 'waiting rooms',
    who: 'anyone',
    params,
    answers: { 200: { says: 'How far it is, and what lots are drawn with.', body: roomOfShow } },
    problems: ['not_found'],
    async handle({ params: { showId: id } }) {
      const row = await rooms.of(id);
      if (row === undefined) {
        await showOf(service, id);
        return { status: 200, body: { showId: id, room: null } };
      }
      return { status: 200, body: await shown(service, rooms, row) };
    },
  });
}

function openRoom(service: ServiceRuntime, rooms: WaitingRooms): Endpoint {
  return endpoint({
    method: 'PUT',
    path: '/shows/{showId}/waiting-room',
    summary: 'Open the waiting room of a show, or change how many may be inside at once.',
    tag: 'waiting rooms',
    who: ['organizer'],
    params,
    body: z.strictObject({ insideMax: settings.waitingRoomInsideMax.schema.optional() }),
    example: { insideMax: 300 },
    answers: { 200: { says: 'The room. From now on only those book who were let in.', body: roomOfShow } },
    problems: ['not_found', 'validation_failed'],
    async handle({ params: { showId: id }, body, principal }) {
      await showOf(service, id);
      const row = await rooms.open(id, { insideMax: body.insideMax ?? null, by: principal.userId });
      return { status: 200, body: await shown(service, rooms, row) };
    },
  });
}

function closeRoom(rooms: WaitingRooms): Endpoint {
  return endpoint({
    method: 'DELETE',
    path: '/shows/{showId}/waiting-room',
    summary: 'Close the waiting room: everybody may book, and who waited where is forgotten.',
    tag: 'waiting rooms',
    who: ['organizer'],
    params,
    answers: { 204: { says: 'Closed.', body: null } },
    problems: ['not_found'],
    async handle({ params: { showId: id }, principal }) {
      if (!(await rooms.close(id, principal.userId))) throw notFound('waiting room');
      return { status: 204 };
    },
  });
}

function join(rooms: WaitingRooms): Endpoint {
  return endpoint({
    method: 'POST',
    path: '/shows/{showId}/waiting-room/places',
    summary:
      'I am here: joins, tells the place one has, and lets in whoever was called. Send it again in `askAgainInSeconds`.',
    tag: 'waiting rooms',
    who: ['customer'],
    params,
    answers: { 200: { says: 'Your place; with `let_in` you may book until `letInUntil`.', body: place } },
    problems: ['not_found', 'overloaded'],
    async handle({ params: { showId: id }, principal }) {
      const told = await rooms.ask(id, principal.userId);
      if (told === undefined) throw new Problem('not_found', 'Nobody has to wait for this show. Book it.');
      return { status: 200, body: { showId: id, ...told } };
    },
  });
}

/** A show that was created a moment ago is waited for. */
async function showOf(service: ServiceRuntime, id: string): Promise<Show> {
  const waitMs = waitForNewMs(id, Date.now(), service.settings().referenceWaitMs);
  const show = await service.awaitReference<Show>('catalog', id, waitMs);
  if (show === undefined) throw notFound('show');
  return show;
}

async function shown(
  service: ServiceRuntime,
  rooms: WaitingRooms,
  row: WaitingRoomRow,
): Promise<z.infer<typeof roomOfShow>> {
  const { sales } = await showOf(service, row.showId);
  const { joined, called, inside, drawn, seed } = row;
  return {
    showId: row.showId,
    room: {
      ...{ opensAt: sales.opensAt, joined, called, inside },
      insideMax: rooms.insideMax(row),
      draw: { commitment: commitmentTo(seed), ...(drawn === null ? {} : { drawn, seed }) },
    },
  };
}
