/**
 * The messages about one booking. What happened is told once on each channel the customer can be reached on: one message
 * per causing event, kind and channel, so its id follows from these three.
 *
 *   sending     MessagePlanned is out: an effect looks up the address and sends. Addresses are never part of a fact.
 *   delivered   The channel took it.
 *   failed      The channel refused it.
 *   unknown     Nobody knows. It is never sent again by itself, only by a person: better one message less than two.
 *   skipped     There is no address on this channel.
 */
import { type Decider, unreachable } from '../../contracts/decider.ts';
import { deriveId } from '../../contracts/ids.ts';
import type { MessageChannel } from '../../contracts/notification.ts';
import { detailsOf } from './causes.ts';
import type { Answer, Cause, Details, Event, Input, Message, Resend, State } from './messages.ts';

export const initialState: State = { messages: [] };

export function decide(state: State, input: Input): readonly Event[] {
  switch (input.type) {
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
  const { bookingId, causeId, showId, userId } = input;
  const planned = (channel: MessageChannel) => ({
    messageId: deriveId('message', bookingId, `${causeId}|${details.kind}|${channel}`),
    bookingId,
    showId,
    userId,
    kind: details.kind,
    channel,
    causeId,
  });
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
    ({ data }) => find(state, data.messageId) === undefined && !knowsOfMove(state, details, data.channel),
  );
}

/** A booking that is confirmed while its show is being moved may be found by the move, and find the show moved itself. */
function knowsOfMove({ messages }: State, details: Details, channel: MessageChannel): boolean {
  if (details.kind !== 'show_changed' || details.movedAt === undefined) return false;
  return messages.some(
    (known) =>
      known.channel === channel && known.details?.kind === 'show_changed' && known.details.movedAt === details.movedAt,
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

function onSettled(state: State, { messageId, round, status, error }: Answer): readonly Event[] {
  const message = messageOf(state, messageId);
  // The answer to an earlier round: a person has ordered it again meanwhile.
  if (message.status !== 'sending' || message.round !== round) return [];
  const { details: _, round: __, status: ___, ...about } = message;
  return [{ type: 'NotificationSent', data: { ...about, status, ...(error === undefined ? {} : { error }) } }];
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
    case 'MessagePlanned': {
      const { orderedBy: _, ...message } = event.data;
      return withMessage(state, { ...message, status: 'sending' });
    }
    case 'NotificationSent': {
      const { status, error: _, ...about } = event.data;
      const known = find(state, about.messageId);
      return withMessage(state, { ...about, status, details: known?.details, round: known?.round ?? 1 });
    }
    default:
      return unreachable(event);
  }
}

function withMessage(state: State, message: Message): State {
  const others = state.messages.filter(({ messageId }) => messageId !== message.messageId);
  return { messages: [...others, message] };
}

export const messages: Decider<State, Input, Event> = { initialState, decide, evolve, deadline: () => undefined };
