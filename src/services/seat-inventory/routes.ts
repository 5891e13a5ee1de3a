import { z } from 'zod';
import { bookingId, newId, showId } from '../../contracts/ids.ts';
import { indexOfSeat } from '../../contracts/rules/plan-order.ts';
import { seatId } from '../../contracts/seats.ts';
import { type Answered, type Call, type Endpoint, endpoint } from '../../runtime/http/endpoint.ts';
import { invalid, notFound, Problem } from '../../runtime/http/problem.ts';
import type { ServiceRuntime } from '../../runtime/service-runtime.ts';
import { Availabilities, availability, planOfShow } from './availability.ts';
import type { BlockRequestDocument } from './projection.ts';
import type { BlockInput, BlockRequest, State } from './state.ts';
import { inTurn } from './waiting-list.ts';

const params = z.strictObject({ showId });
/** One request of the organizer; a larger part of the house is several requests. */
const blockedSeatsMax = 5_000;
const blockBody = z.strictObject({
  seats: z
    .array(seatId)
    .min(1)
    .max(blockedSeatsMax)
    .refine((seats) => new Set(seats).size === seats.length, 'the same seat twice'),
});
/** Staff at a counter may wait for many. */
const yoursMax = 100;
const waitingList = z.object({
  waiting: z.int(),
  yours: z.array(z.object({ bookingId, ahead: z.int() })),
});
/** How long a request of the organizer may wait for its show's task. */
const decisionWaitMs = 10_000;

export function endpoints(service: ServiceRuntime): readonly Endpoint[] {
  const availabilities = new Availabilities(service);
  return [
    endpoint({
      method: 'GET',
      path: '/shows/{showId}/availability',
      summary: 'The state of every seat: base64 of 2 bits a seat in plan order, low bits first',
      tag: 'Shows',
      who: 'anyone',
      params,
      answers: {
        200: { says: '0 free, 1 held, 2 sold, 3 blocked', body: availability },
        304: { says: 'Nothing has changed since the ETag that was sent', body: null },
      },
      problems: ['not_found'],
      handle: (call) => availabilities.read(call.params.showId, call.request.headers['if-none-match']),
    }),
    readWaitingList(service),
    blockEndpoint(service, 'POST', 'BlockRequested', 'Takes seats off sale'),
    blockEndpoint(service, 'DELETE', 'UnblockRequested', 'Puts blocked seats on sale again'),
  ];
}

function readWaitingList(service: ServiceRuntime): Endpoint {
  return endpoint({
    method: 'GET',
    path: '/shows/{showId}/waiting-list',
    summary: 'How many bookings wait for seats, and how many of them are before yours',
    tag: 'Shows',
    who: ['customer', 'staff', 'organizer'],
    params,
    answers: { 200: { says: 'The list as it is now', body: waitingList } },
    problems: ['not_found'],
    async handle({ params, principal }) {
      await planOfShow(service, params.showId);
      const { root } = (await service.state<State>('show-seats', params.showId)).state;
      return { status: 200, body: waitingListFor(root, principal.userId) };
    },
  });
}

/** Whoever asks sees their own places only. */
function waitingListFor(root: State['root'], userId: string): z.infer<typeof waitingList> {
  const places = [...inTurn(root)].flatMap(([bookingId, entry], ahead) =>
    entry.userId === userId ? [{ bookingId, ahead }] : [],
  );
  return { waiting: root.waiting.size, yours: places.slice(0, yoursMax) };
}

function blockEndpoint(
  service: ServiceRuntime,
  method: 'POST' | 'DELETE',
  type: BlockInput['type'],
  summary: string,
): Endpoint {
  return endpoint({
    method,
    path: '/shows/{showId}/blocks',
    summary,
    tag: 'Shows',
    who: ['organizer'],
    params,
    body: blockBody,
    idempotency: 'honoured',
    answers: { 200: { says: 'Done: all of them', body: z.object({ showId, seats: z.array(seatId) }) } },
    problems: ['not_found', 'seats_unavailable', 'validation_failed', 'unavailable'],
    handle: (call) => changeBlocks(service, type, call),
  });
}

async function changeBlocks(
  service: ServiceRuntime,
  type: BlockInput['type'],
  call: Call<z.infer<typeof params>, undefined, z.infer<typeof blockBody>>,
): Promise<Answered> {
  const { showId: id } = call.params;
  const plan = await planOfShow(service, id);
  const { seats } = call.body;
  seats.forEach((seat, at) => {
    if (indexOfSeat(plan, seat) === undefined)
      throw invalid(`/seats/${at}`, 'seat_unknown', `there is no seat ${seat}`);
  });
  const requestId = newId('request');
  const data: BlockRequest = { requestId, showId: id, seats, by: call.principal.userId };
  const doc: BlockRequestDocument = { status: 'pending', offending: [] };
  const { answer } = await service.submit({
    idempotency: call.idempotency,
    answer: { status: 200, resource: requestId },
    requests: [{ type, key: id, subject: id, data, traceparent: call.traceparent }],
    documents: [{ view: 'block_requests', id: requestId, key: id, doc }],
  });
  const decided = await decision(service, answer.resource);
  if (decided.status === 'done') return { status: 200, body: { showId: id, seats } };
  if (decided.reason === 'show_not_found') throw notFound('show');
  const detail = 'Some of these seats are held or sold. Take them out, or wait until they are free.';
  throw new Problem('seats_unavailable', detail, { extensions: { offending: decided.offending } });
}

/** Waits until the show's task has decided on a request. */
async function decision(service: ServiceRuntime, requestId: string): Promise<BlockRequestDocument> {
  const done = new AbortController();
  const signal = AbortSignal.any([done.signal, AbortSignal.timeout(decisionWaitMs)]);
  try {
    for (;;) {
      // Listening begins before reading: a decision between the two is not missed.
      const changed = service.changeOf('block_requests', requestId, signal);
      const document = await service.document<BlockRequestDocument>('block_requests', requestId);
      if (document !== undefined && document.status !== 'pending') return document;
      if (signal.aborted) {
        const detail = 'The request is stored and will be decided, but not yet. Send it again to see the outcome.';
        throw new Problem('unavailable', detail, { retryAfterSeconds: 2 });
      }
      await changed;
    }
  } finally {
    done.abort();
  }
}
