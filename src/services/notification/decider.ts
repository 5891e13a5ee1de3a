/**
 * The messages about one booking. What happened is told once on each channel the customer can be reached on: one message
 * per causing event, kind and channel, so its id follows from these three.
 *
 *   sending     MessagePlanned is out: an effect looks up the address and sends. Addresses are never part of a fact.
 *   delivered   The channel took it.
 *   failed      The channel refused it.
 *   unknown     Nobody knows. It is never sent again by itself, only by a person: better one message less than two.
 *   skipped     There is no address on this channel.
 *
 * Who was given a ticket of the booking is noted, to be told where it becomes void.
 */
import { type Decider, unreachable } from '../../contracts/decider.ts';
import { deriveId } from '../../contracts/ids.ts';
import type { MessageChannel } from '../../contracts/notification.ts';
import { detailsOf } from './causes.ts';
import type { Answer, Cause, Details, Event, Input, Message, Planned, Resend, State, Voided } from './messages.ts';

export const initialState: State = { messages: [], received: [] };

export function decide(state: State, input: Input): readonly Event[] {
  switch (input.type) {
    case 'TicketVoided':
      return onVoided(state, input);
    case 'TicketReceived': {
      const { bookingId, ticketId, seat, area, toUserId: userId } = input.data;
      if (state.received.some((known) => known.ticketId === ticketId && known.userId === userId))
        return onCause(state, input);
      return [
        ...onCause(state, input),
        { type: 'TicketHolderNoted', data: { bookingId, ticketId, userId, seat, area } },
      ];
    }
    case 'MessageSettled':
      return onSettled(state, input);
    case 'ResendRequested':
      return onResend(state, input);
    case 'DeadlineReached':
      // Nothing in here waits for a time.
      return [];
    default:
      return onCause(state, input);
  }
}

function onCause(state: State, input: Cause): readonly Event[] {
  const details = detailsOf(input);
  if (details === undefined) return [];
  const planned = (channel: MessageChannel) => named(input, details, channel);
  const skipped = (channel: MessageChannel): Event => ({
    type: 'NotificationSent',
    data: { ...planned(channel), status: 'skipped' },
  });
  // The ticket waits for this one: with no channel at all it is skipped at once.
  const channels = input.reach.channels;
  const unreachableNow = channels.length === 0 && details.kind === 'payment_received';
  const events = unreachableNow
    ? [skipped('email')]
    : channels.map((channel): Event => {
        if (!input.reach.addressed.includes(channel)) return skipped(channel);
        return { type: 'MessagePlanned', data: { ...planned(channel), details, round: 1 } };
      });
  return events.filter(
    (event) =>
      event.type !== 'TicketHolderNoted' &&
      find(state, event.data.messageId) === undefined &&
      !knowsOfMove(state, details, event.data),
  );
}

/** One message for each cause, kind and channel, and, of what several people are told, for each of them. */
function named(
  { bookingId, showId, userId, causeId }: Pick<Cause, 'bookingId' | 'showId' | 'userId' | 'causeId'>,
  details: Details,
  channel: MessageChannel,
) {
  const { kind } = details;
  const name = `${causeId}|${kind}|${channel}`;
  const isToOneOfSeveral = details.kind === 'show_changed' && details.toReceiver === true;
  const messageId = deriveId('message', bookingId, isToOneOfSeveral ? `${name}|${userId}` : name);
  return { messageId, bookingId, showId, userId, kind, channel, causeId };
}

/** Where whoever has the ticket can be reached is not known here: the effect looks, and skips what has no address. */
function onVoided({ received, messages }: State, { data, causeId, channels }: Voided): readonly Event[] {
  const { ticketId, bookingId, showId, userId: customer, reason } = data;
  const to = received.find((each) => each.ticketId === ticketId);
  if (to === undefined || to.userId === customer) return [];
  const details: Details = { kind: 'ticket_void', ticketId, reason, seat: to.seat, area: to.area };
  return channels.flatMap((channel): readonly Event[] => {
    const message = named({ bookingId, showId, userId: to.userId, causeId }, details, channel);
    const isKnown = messages.some(({ messageId }) => messageId === message.messageId);
    return isKnown ? [] : [{ type: 'MessagePlanned', data: { ...message, details, round: 1 } }];
  });
}

/** A booking that is confirmed while its show is being moved may be found by the move, and find the show moved itself. */
function knowsOfMove(
  { messages }: State,
  details: Details,
  { channel, userId }: Pick<Planned, 'channel' | 'userId'>,
): boolean {
  if (details.kind !== 'show_changed' || details.movedAt === undefined) return false;
  return messages.some(
    (known) =>
      known.channel === channel &&
      known.userId === userId &&
      known.details?.kind === 'show_changed' &&
      known.details.movedAt === details.movedAt,
  );
}

function find(state: State, messageId: string): Message | undefined {
  return state.messages.find((message) => message.messageId === messageId);
}

function messageOf(state: State, messageId: string): Message {
  const message = find(state, messageId);
  if (message === undefined) throw new Error(`message ${messageId} has an outcome, and was never planned`);
  return message;
}

function onSettled(state: State, { messageId, round, status, error, tries }: Answer): readonly Event[] {
  const message = messageOf(state, messageId);
  // The answer to an earlier round: a person has ordered it again meanwhile.
  if (message.status !== 'sending' || message.round !== round) return [];
  const { details: _, round: __, status: ___, ...about } = message;
  const outcome = { status, ...(error === undefined ? {} : { error }), ...(tries === undefined ? {} : { tries }) };
  return [{ type: 'NotificationSent', data: { ...about, ...outcome } }];
}

function onResend(state: State, { messageId, who }: Resend): readonly Event[] {
  const message = messageOf(state, messageId);
  switch (message.status) {
    case 'failed':
    case 'unknown': {
      const { status: _, details, ...about } = message;
      if (details === undefined) throw new Error(`message ${messageId} has an outcome without ever being sent`);
      return [{ type: 'MessagePlanned', data: { ...about, details, round: message.round + 1, orderedBy: who } }];
    }
    case 'sending':
    case 'delivered':
    // It arrives or has arrived.
    case 'skipped':
      // There is still no address that anybody could have sent it to.
      return [];
    default:
      return unreachable(message.status);
  }
}

export function evolve(state: State, event: Event): State {
  switch (event.type) {
    case 'TicketHolderNoted': {
      const others = state.received.filter(({ ticketId }) => ticketId !== event.data.ticketId);
      return { ...state, received: [...others, event.data] };
    }
    case 'MessagePlanned': {
      const { orderedBy: _, ...message } = event.data;
      return withMessage(state, { ...message, status: 'sending' });
    }
    case 'NotificationSent': {
      const { status, error: _, tries: __, ...about } = event.data;
      const known = find(state, about.messageId);
      return withMessage(state, { ...about, status, details: known?.details, round: known?.round ?? 1 });
    }
    default:
      return unreachable(event);
  }
}

function withMessage(state: State, message: Message): State {
  const others = state.messages.filter(({ messageId }) => messageId !== message.messageId);
  return { ...state, messages: [...others, message] };
}

export const messages: Decider<State, Input, Event> = { initialState, decide, evolve, deadline: () => undefined };
