import { setImmediate } from 'node:timers/promises';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import {
  type FeedPage,
  type FeedPosition,
  type FeedTopic,
  feedBeginning,
  feedEvent,
  feedEventsMax,
  feedEventsMin,
  feedNews,
  feedPage,
  feedPosition,
  feedTopics,
} from '../operations/feed.ts';
import type { Installation } from '../operations/installation.ts';
import { createBatcher } from '../runtime/batcher.ts';
import { type Endpoint, endpoint } from '../runtime/http/endpoint.ts';
import { decodeCursor, encodeCursor } from '../runtime/http/page.ts';
import { invalid } from '../runtime/http/problem.ts';
import { refusing } from './refusing.ts';

/** What has happened, for other programs: pages of events, and a cursor that they keep. */

/** A position in every partition of all topics. */
const cursorCharactersMax = 30_000;
/** Programs that wait for news at once; who comes beyond it is answered at once. */
const waitingMax = 50;
const eventsUsually = 500;
/** Pages that are asked for at once. */
const pagesQueuedMax = 200;

const topics = z
  .string()
  .max(400)
  .transform((text, context): readonly FeedTopic[] => {
    const named = [...new Set(text.split(','))];
    const wrong = named.find((name) => !(feedTopics as readonly string[]).includes(name));
    if (wrong !== undefined)
      context.addIssue({ code: 'custom', message: `"${wrong}" is none of ${feedTopics.join(', ')}` });
    return named as FeedTopic[];
  });

export function feedEndpoint(installation: Installation): Endpoint {
  let waiting = 0;
  // One page after the other, and whatever else the process does in between: it may sell tickets.
  const pages = createBatcher<Parameters<typeof feedPage>[1], FeedPage>({
    itemsMax: 1,
    queuedMax: pagesQueuedMax,
    run: async (asked) => {
      await setImmediate();
      return Promise.all(asked.map((each) => feedPage(installation, each)));
    },
  });
  const waitForNews = async (
    position: FeedPosition,
    more: { readonly waitMs: number; readonly signal: AbortSignal },
  ) => {
    waiting += 1;
    try {
      await feedNews(installation, { position, ...more });
    } finally {
      waiting -= 1;
    }
  };
  return endpoint({
    ...{ method: 'GET', path: '/feed', tag: 'feed', who: ['organizer'], waits: true },
    summary:
      'What has happened, for other programs: events of topics after a cursor, as CloudEvents. With `Prefer: wait=N` it waits for some where there are none.',
    query: z.strictObject({
      topics: topics.optional(),
      /** Without a cursor: from the first event that is kept, or what comes from now on. */
      from: z.enum(['start', 'end']).default('start'),
      cursor: z.string().max(cursorCharactersMax).optional(),
      limit: z.coerce.number().int().min(feedEventsMin).max(feedEventsMax).default(eventsUsually),
    }),
    answers: {
      200: {
        says: 'Events, those of one show and topic in their order, and the cursor of what comes next: keep it once they are dealt with',
        body: z.object({ items: z.array(feedEvent), nextCursor: z.string() }),
      },
    },
    problems: ['validation_failed', 'conflict'],
    handle: ({ query: { topics: named = feedTopics, from, cursor, limit }, waitMs, closing, reply }) =>
      refusing(async () => {
        const position = positionIn(cursor) ?? (await feedBeginning(installation, { topics: named, from }));
        let page = await pages.add({ position, limit });
        if (page.events.length === 0 && waitMs > 0 && waiting < waitingMax) {
          await waitForNews(page.position, { waitMs, signal: AbortSignal.any([closing, goneOf(reply.raw)]) });
          page = await pages.add({ position: page.position, limit });
        }
        return { status: 200, body: { items: page.events, nextCursor: encodeCursor([JSON.stringify(page.position)]) } };
      }),
  });
}

/** Aborted once nobody waits for an answer any more: their place is for others. */
function goneOf(answer: FastifyReply['raw']): AbortSignal {
  const gone = new AbortController();
  answer.once('close', () => gone.abort());
  if (answer.closed) gone.abort();
  return gone.signal;
}

function positionIn(cursor: string | undefined): FeedPosition | undefined {
  const [json] = decodeCursor(cursor, 1) ?? [];
  if (json === undefined) return undefined;
  try {
    return feedPosition.parse(JSON.parse(json));
  } catch {
    throw invalid('/query/cursor', 'invalid_cursor', 'must be a nextCursor of this feed');
  }
}
