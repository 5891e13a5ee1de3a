import type { Addressed, Lookup, Message, ServiceDefinition } from '../service.ts';
import type { FirstArrival } from './arrival.ts';

/** Which streams a message concerns, and as what. Throws what a route throws. */
export function addressesOf(
  { routes }: ServiceDefinition,
  { first, message }: { readonly first: FirstArrival; readonly message: Message },
  lookup: Lookup,
): readonly Addressed[] {
  if (first.kind === 'deadline') return [toStream(first.row, message)];
  const route = routes[message.envelope.type];
  if (route !== undefined) return route.to(message as Message<never>, lookup);
  return first.kind === 'answer' ? [toStream(first.effect, message)] : [];
}

/** A timer or an answer goes back to the stream that asked for it. */
function toStream(
  { kind, stream, part }: { readonly kind: string; readonly stream: string; readonly part: string },
  { envelope, at }: Message,
): Addressed {
  const input = { ...(envelope.data as object), type: envelope.type, id: envelope.id, at };
  return { stream: kind, id: stream, ...(part === '' ? {} : { part }), input };
}
