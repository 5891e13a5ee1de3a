import { z } from 'zod';
import { showId } from '../contracts/ids.ts';
import { endpoint } from '../runtime/http/endpoint.ts';
import { notFound, Problem } from '../runtime/http/problem.ts';
import { openEventStream } from '../runtime/http/sse.ts';
import type { AvailabilityFeed } from './availability-feed.ts';

/** The live seat map of a show. */
export const availabilityStream = (feed: AvailabilityFeed) =>
  endpoint({
    method: 'GET',
    path: '/shows/{showId}/availability/stream',
    summary: 'Follow the seat map of a show',
    tag: 'shows',
    who: 'anyone',
    params: z.strictObject({ showId }),
    answers: {
      200: { says: 'Events `snapshot` and `delta`; the id is the version of the show.', body: 'text/event-stream' },
    },
    problems: ['not_found', 'overloaded'],
    handle: async (call) => {
      if (feed.isFull)
        throw new Problem('overloaded', 'Too many are watching. Ask for the availability instead.', {
          retryAfterSeconds: 10,
        });
      if (!(await feed.exists(call.params.showId))) throw notFound('show');
      const stream = openEventStream(call, { onClose: () => feed.unwatch(call.params.showId, stream) });
      const sent = String(call.request.headers['last-event-id']);
      await feed.watch(call.params.showId, stream, /^\d{1,15}$/.test(sent) ? Number(sent) : undefined);
      return { status: 200, hijacked: true };
    },
  });
