import { z } from 'zod';
import { bookingId } from '../../contracts/ids.ts';
import { type Call, type Endpoint, endpoint } from '../../runtime/http/endpoint.ts';
import { type EventStream, openEventStream } from '../../runtime/http/sse.ts';
import type { ServiceRuntime } from '../../runtime/service-runtime.ts';
import { traceIdOf } from '../../runtime/telemetry/tracing.ts';
import { bookingFor, publicBooking } from './booking-answers.ts';
import type { BookingDocument } from './booking-document.ts';
import { type BookingMessages, messageFeedPart } from './message-feed.ts';

/** A booking as it happens, for its owner. */

const params = z.strictObject({ bookingId });

export function streamBooking(service: ServiceRuntime): Endpoint {
  return endpoint({
    method: 'GET',
    path: '/bookings/{bookingId}/stream',
    summary:
      'Your booking now and at each change as events `booking`, and each message sent about it as events `message`.',
    tag: 'bookings',
    who: ['customer', 'staff', 'organizer'],
    params,
    answers: { 200: { says: 'Events until the client goes away.', body: 'text/event-stream' } },
    problems: ['not_found'],
    async handle(call) {
      const { userId } = call.principal;
      await bookingFor(service, call.params.bookingId, (document) => document.userId === userId);
      follow(service, call, userId);
      return { status: 200, hijacked: true };
    },
  });
}

function follow(service: ServiceRuntime, call: Call<z.infer<typeof params>, unknown, unknown>, owner: string): void {
  const id = call.params.bookingId;
  const stops: (() => void)[] = [];
  const stream = openEventStream(call, {
    onClose: () => {
      for (const stop of stops) stop();
    },
  });
  const send = sender(service, { id, stream, traceId: traceIdOf(call.traceparent) });
  stops.push(service.watch('bookings', id, send));
  send();
  // Only messages have ids: a client that comes back names the last one it has.
  const last = call.request.headers['last-event-id'];
  const messages = service.part<BookingMessages>(messageFeedPart);
  stops.push(
    messages.watch(
      id,
      ({ userId, ...message }) => {
        // Those who were given a ticket of it are told for themselves.
        if (userId === owner) stream.send('message', message, message.messageId);
      },
      typeof last === 'string' ? last : undefined,
    ),
  );
}

/** Sends the booking as it is, each time it is called; changes that come while one is read are sent as one. */
function sender(
  service: ServiceRuntime,
  { id, stream, traceId }: { readonly id: string; readonly stream: EventStream; readonly traceId: string },
): () => void {
  let reading = false;
  let changedAgain = false;
  let last = '';
  const send = async (): Promise<void> => {
    changedAgain = true;
    if (reading) return;
    reading = true;
    try {
      while (changedAgain) {
        changedAgain = false;
        const document = await service.document<BookingDocument>('bookings', id);
        const body = document && publicBooking(document);
        const text = JSON.stringify(body);
        if (body !== undefined && text !== last) stream.send('booking', body);
        last = text;
      }
    } catch (error) {
      // The client comes back by itself, and then gets the newest state.
      service.logger.warn({ err: error, bookingId: id, traceId }, 'a booking stream was ended');
      stream.close();
    } finally {
      reading = false;
    }
  };
  return () => void send();
}
