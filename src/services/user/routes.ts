import type { Endpoint } from '../../runtime/http/endpoint.ts';
import type { ServiceRuntime } from '../../runtime/service-runtime.ts';
import { recentlyErased } from './projection.ts';
import { RecentErasures } from './recent-erasures.ts';
import { accountEndpoints } from './routes-accounts.ts';
import { bookingEndpoints } from './routes-bookings.ts';
import { cancellationEndpoints } from './routes-cancellation.ts';
import { sessionEndpoints } from './routes-sessions.ts';

/** Everything the user service answers over HTTP: people, and what they book. */
export function endpoints(service: ServiceRuntime): readonly Endpoint[] {
  const erasures = new RecentErasures(() => recentlyErased(service));
  return [
    ...accountEndpoints(service),
    ...sessionEndpoints(service),
    ...bookingEndpoints(service),
    ...cancellationEndpoints(service),
  ].map((each) => erasures.closing(each));
}
