import type { Endpoint } from '../../runtime/http/endpoint.ts';
import { Problem } from '../../runtime/http/problem.ts';
import type { ServiceRuntime } from '../../runtime/service-runtime.ts';
import { Newcomers } from './newcomers.ts';
import { recentlyErased } from './projection.ts';
import { RecentErasures } from './recent-erasures.ts';
import { accountEndpoints } from './routes-accounts.ts';
import { bookingEndpoints } from './routes-bookings.ts';
import { cancellationEndpoints } from './routes-cancellation.ts';
import { paymentIntentEndpoint } from './routes-payment-intents.ts';
import { sessionEndpoints } from './routes-sessions.ts';
import { waitingRoomEndpoints } from './routes-waiting-room.ts';
import { WaitingRooms } from './waiting-rooms.ts';

/** Everything the user service answers over HTTP: people, and what they book. */
export function endpoints(service: ServiceRuntime): readonly Endpoint[] {
  const erasures = new RecentErasures(() => recentlyErased(service));
  const newcomers = new Newcomers(service);
  const rooms = new WaitingRooms(service);
  return [
    ...accountEndpoints(service),
    ...sessionEndpoints(service),
    ...bookingEndpoints(service, rooms),
    ...waitingRoomEndpoints(service, rooms),
    ...cancellationEndpoints(service),
    paymentIntentEndpoint(service),
  ].map((each) => erasures.closing(newcomers.welcoming(elsewhere(each, service.configuration.OIDC_ISSUER))));
}

/** Where people sign in at another issuer, nobody registers or signs in here: that is all that is open to anyone. */
function elsewhere(endpoint: Endpoint, issuer: string | undefined): Endpoint {
  if (issuer === undefined || endpoint.who !== 'anyone') return endpoint;
  const detail = `Accounts are kept at ${issuer}: sign in there, and send its access token.`;
  return { ...endpoint, handle: () => Promise.reject(new Problem('not_found', detail)) };
}
