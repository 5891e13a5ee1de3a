import { z } from 'zod';
import { newId, theatreId } from '../../../contracts/ids.ts';
import { type Endpoint, endpoint } from '../../../runtime/http/endpoint.ts';
import { decodeCursor, page, pageOf, pageQuery } from '../../../runtime/http/page.ts';
import { notFound, Problem } from '../../../runtime/http/problem.ts';
import type { ServiceRuntime } from '../../../runtime/service-runtime.ts';
import { answerOnce, refreshShows } from '../changes.ts';
import { type Theatre, theatre, theatreFields } from '../entries.ts';
import * as projection from '../projection.ts';

/** Theatres: a name, a place, and the time zone that tells what its clocks show. */

const params = z.strictObject({ theatreId });
const changes = theatreFields
  .partial()
  .refine((fields) => Object.keys(fields).length > 0, 'must change at least one field');
const tag = 'catalogue';

export function theatreEndpoints(service: ServiceRuntime): readonly Endpoint[] {
  return [...readingTheatres(service), ...changingTheatres(service)];
}

function readingTheatres(service: ServiceRuntime): readonly Endpoint[] {
  const read = (id: string) => projection.theatreById(service, id);
  return [
    endpoint({
      ...{ method: 'GET', path: '/theatres', summary: 'Theatres by name.', tag, who: 'anyone' },
      query: z.strictObject(pageQuery),
      answers: { 200: { says: 'A page of theatres.', body: pageOf(theatre) } },
      problems: ['validation_failed'],
      async handle({ query }) {
        const items = await projection.listTheatres(service, {
          after: decodeCursor(query.cursor, 2),
          limit: query.limit,
        });
        return { status: 200, body: page(items, query.limit, (each) => [each.name, each.theatreId]) };
      },
    }),
    endpoint({
      ...{ method: 'GET', path: '/theatres/{theatreId}', summary: 'One theatre.', tag, who: 'anyone', params },
      answers: { 200: { says: 'The theatre.', body: theatre } },
      problems: ['not_found'],
      async handle({ params }) {
        const found = await read(params.theatreId);
        if (found === undefined) throw notFound('theatre');
        return { status: 200, body: found };
      },
    }),
  ];
}

function changingTheatres(service: ServiceRuntime): readonly Endpoint[] {
  const read = (id: string) => projection.theatreById(service, id);
  return [
    endpoint({
      ...{ method: 'POST', path: '/theatres', summary: 'Add a theatre.', tag, who: ['organizer'], body: theatreFields },
      idempotency: 'honoured',
      answers: { 201: { says: 'The theatre.', body: theatre } },
      problems: ['forbidden', 'validation_failed'],
      handle: (call) =>
        answerOnce(service, call, {
          read,
          async work(transaction) {
            const id = newId('theatre');
            await projection.insertTheatres(transaction, [{ theatreId: id, ...call.body }]);
            return { status: 201, location: `/v1/theatres/${id}`, resource: id };
          },
        }),
    }),
    endpoint({
      ...{ method: 'PATCH', path: '/theatres/{theatreId}', tag, who: ['organizer'], params, body: changes },
      summary: 'Change a theatre; its shows to come change with it, and start at the same moment as before.',
      idempotency: 'honoured',
      answers: { 200: { says: 'The theatre as it is now.', body: theatre } },
      problems: ['forbidden', 'not_found', 'validation_failed'],
      handle: (call) =>
        answerOnce(service, call, {
          read,
          async work(transaction) {
            const before = await projection.theatreById(transaction, call.params.theatreId, 'lock');
            if (before === undefined) throw notFound('theatre');
            const after = { ...before, ...call.body } as Theatre;
            await projection.updateTheatre(transaction, after);
            const of = { theatreId: after.theatreId };
            await refreshShows(transaction, { of, content: () => ({ theatre: after }), traceparent: call.traceparent });
            return { status: 200, resource: after.theatreId };
          },
        }),
    }),
    endpoint({
      ...{ method: 'DELETE', path: '/theatres/{theatreId}', tag, who: ['organizer'], params },
      summary: 'Remove a theatre without screens.',
      idempotency: 'honoured',
      answers: { 204: { says: 'Removed.', body: null } },
      problems: ['forbidden', 'not_found', 'conflict'],
      async handle({ params, idempotency }) {
        await service.transactionOnce(idempotency, async (transaction) => {
          const found = await projection.theatreById(transaction, params.theatreId, 'lock');
          if (found === undefined) throw notFound('theatre');
          if (!(await projection.deleteEntry(transaction, 'theatres', params.theatreId))) {
            throw new Problem('conflict', 'The theatre has screens. Remove them first.');
          }
          return { status: 204, resource: params.theatreId };
        });
        return { status: 204 };
      },
    }),
  ];
}
