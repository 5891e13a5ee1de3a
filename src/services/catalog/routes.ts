import type { Endpoint } from '../../runtime/http/endpoint.ts';
import type { ServiceRuntime } from '../../runtime/service-runtime.ts';
import { importEndpoints } from './routes/imports.ts';
import { movieEndpoints } from './routes/movies.ts';
import { screenEndpoints } from './routes/screens.ts';
import { seatPlanEndpoints } from './routes/seat-plans.ts';
import { settingEndpoints } from './routes/settings.ts';
import { showEndpoints } from './routes/shows.ts';
import { theatreEndpoints } from './routes/theatres.ts';

/** Everything the catalogue answers over HTTP. */
export function endpoints(service: ServiceRuntime): readonly Endpoint[] {
  return [
    ...movieEndpoints(service),
    ...theatreEndpoints(service),
    ...screenEndpoints(service),
    ...seatPlanEndpoints(service),
    ...showEndpoints(service),
    ...settingEndpoints(service),
    ...importEndpoints(service),
  ];
}
