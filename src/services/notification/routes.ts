import { z } from 'zod';
import { bookingId, messageId, userId } from '../../contracts/ids.ts';
import { messageChannel, messageKind, messageStatus } from '../../contracts/notification.ts';
import { type Endpoint, endpoint } from '../../runtime/http/endpoint.ts';
import {
  decodeCursor,
  decodeMomentCursor,
  developmentPageQuery,
  page,
  pageOf,
  pageQuery,
} from '../../runtime/http/page.ts';
import { invalid, notFound, Problem } from '../../runtime/http/problem.ts';
import type { ServiceRuntime } from '../../runtime/service-runtime.ts';
import { inboxMessages, openTrouble, troubledMessage } from './projection.ts';

/** What people can see and do about messages. */

export function endpoints(service: ServiceRuntime): readonly Endpoint[] {
  return [inboxEndpoint(service), troubleEndpoint(service), resendEndpoint(service)];
}

const received = z.object({
  messageId: z.string(),
  userId: z.string(),
  bookingId: z.string().optional(),
  kind: z.string(),
  channel: messageChannel,
  to: z.string(),
  subject: z.string(),
  text: z.string(),
  at: z.iso.datetime(),
});

function inboxEndpoint(service: ServiceRuntime): Endpoint {
  return endpoint({
    method: 'GET',
    path: '/dev/messages',
    summary: 'What the inbox channels received, latest first',
    tag: 'development',
    who: ['admin'],
    embeddedOnly: true,
    query: z.strictObject({ ...developmentPageQuery, bookingId: bookingId.optional(), userId: userId.optional() }),
    answers: { 200: { says: 'Messages', body: pageOf(received) } },
    handle: async ({ query: { limit, cursor, ...filter } }) => {
      const before = decodeCursor(cursor, 1)?.[0];
      if (before !== undefined && !/^\d{1,18}$/.test(before)) {
        throw invalid('/query/cursor', 'invalid_cursor', 'must be a nextCursor from the previous page');
      }
      const rows = await inboxMessages(service, {
        bookingId: filter.bookingId,
        userId: filter.userId,
        limit: limit + 1,
        before,
      });
      const { items, nextCursor } = page(rows, limit, (row) => [row.position]);
      return {
        status: 200,
        body: {
          items: items.map((row) => ({
            messageId: row.message_id,
            userId: row.user_id,
            bookingId: row.booking_id ?? undefined,
            kind: row.kind,
            channel: row.channel,
            to: row.recipient,
            subject: row.subject,
            text: row.text,
            at: row.at.toISOString(),
          })),
          nextCursor,
        },
      };
    },
  });
}

const trouble = z.object({
  messageId: z.string(),
  bookingId: z.string(),
  showId: z.string(),
  kind: messageKind,
  channel: messageChannel,
  status: messageStatus,
  error: z.string().optional(),
  since: z.iso.datetime(),
});

function troubleEndpoint(service: ServiceRuntime): Endpoint {
  return endpoint({
    method: 'GET',
    path: '/ops/messages',
    summary: 'Messages of unknown fate and refused ones, oldest first; `status` for one of the two',
    tag: 'operations',
    who: ['staff'],
    query: z.strictObject({ ...pageQuery, status: z.enum(['unknown', 'failed']).optional() }),
    answers: { 200: { says: 'Messages a person may send again', body: pageOf(trouble) } },
    handle: async ({ query: { limit, cursor, status } }) => {
      const rows = await openTrouble(service, { limit: limit + 1, after: decodeMomentCursor(cursor), status });
      return { status: 200, body: page(rows, limit, (row) => [row.since, row.messageId]) };
    },
  });
}

function resendEndpoint(service: ServiceRuntime): Endpoint {
  return endpoint({
    method: 'POST',
    path: '/ops/messages/{messageId}/resend',
    summary: 'Sends a message again that failed or whose fate is unknown',
    tag: 'operations',
    who: ['staff'],
    params: z.strictObject({ messageId }),
    idempotency: 'honoured',
    answers: { 202: { says: 'Taken; it is sent again', body: trouble } },
    problems: ['not_found', 'conflict'],
    handle: async ({ params, principal, idempotency, traceparent }) => {
      const message = await troubledMessage(service, params.messageId);
      if (message === undefined) throw notFound('message in trouble');
      const repeated = idempotency !== undefined && (await service.answered(idempotency)) !== undefined;
      if (!repeated && message.status !== 'failed' && message.status !== 'unknown') {
        throw new Problem('conflict', `The message was ${message.status}: there is no need to send it again.`);
      }
      const { bookingId: subject, showId: key } = message;
      const data = { bookingId: subject, messageId: params.messageId, who: principal.userId };
      await service.submit({
        idempotency,
        answer: { status: 202, resource: params.messageId },
        requests: [{ type: 'ResendRequested', key, subject, data, traceparent }],
      });
      return { status: 202, body: message };
    },
  });
}
