import type { Addressed, Lookup, Message, ServiceDefinition } from '../service.ts';
import type { FirstArrival } from './arrival.ts';

/** Which streams a message concerns, and as what. Throws what a route throws. */
export function addressesOf(
  { routes }: ServiceDefinition,
  { first, message }: { readonly first: FirstArrival; readonly message: Message },
  lookup: Lookup,
): readonly Addressed[] {
  const { envelope, at } = message;
  const input = { ...(envelope.data as object), type: envelope.type, id: envelope.id, at };
  if (first.kind === 'deadline') {
    const { kind, stream, part } = first.row;
    return [{ stream: kind, id: stream, ...(part === '' ? {} : { part }), input }];
  }
  const route = routes[envelope.type];
  if (route !== undefined) return route.to(message as Message<never>, lookup);
  if (first.kind !== 'answer') return [];
  const { kind, stream, part } = first.effect;
  return [{ stream: kind, id: stream, ...(part === '' ? {} : { part }), input }];
}
