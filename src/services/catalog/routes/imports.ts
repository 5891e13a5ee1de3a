import { z } from 'zod';
import { type Endpoint, endpoint } from '../../../runtime/http/endpoint.ts';
import { Problem } from '../../../runtime/http/problem.ts';
import type { ServiceRuntime } from '../../../runtime/service-runtime.ts';
import { ImportError, importCatalogue } from '../import.ts';

/** A whole catalogue at once, from a file. */

const importBytesMax = 16_000_000;
const count = z.int().min(0);

export function importEndpoints(service: ServiceRuntime): readonly Endpoint[] {
  return [
    endpoint({
      method: 'POST',
      path: '/catalogue/imports',
      summary: 'Import movies, theatres, screens, seat plans and shows from JSON or CSV text: all or nothing.',
      tag: 'catalogue',
      who: ['organizer'],
      body: z.strictObject({ format: z.enum(['json', 'csv']), text: z.string() }),
      bodyBytesMax: importBytesMax,
      answers: {
        200: {
          says: 'How many entries are new; what was there already, by its name, is left as it was.',
          body: z.object({ movies: count, theatres: count, screens: count, seatPlans: count, shows: count }),
        },
      },
      problems: ['forbidden', 'payload_too_large', 'validation_failed'],
      async handle({ body, principal, traceparent }) {
        try {
          const imported = await importCatalogue(service, { ...body, who: principal.userId, traceparent });
          return { status: 200, body: imported };
        } catch (error) {
          if (!(error instanceof ImportError)) throw error;
          const errors = error.lines.map(({ where, message }) => ({ pointer: where, code: 'import', message }));
          throw new Problem('validation_failed', error.message, { errors, cause: error });
        }
      },
    }),
  ];
}
