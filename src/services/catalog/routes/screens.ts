import { z } from 'zod';
import { newId, screenId, theatreId } from '../../../contracts/ids.ts';
import { type Endpoint, endpoint } from '../../../runtime/http/endpoint.ts';
import { decodeCursor, page, pageOf, pageQuery } from '../../../runtime/http/page.ts';
import { invalid, notFound, Problem } from '../../../runtime/http/problem.ts';
import type { ServiceRuntime, Transaction } from '../../../runtime/service-runtime.ts';
import { answerOnce, refreshShows } from '../changes.ts';
import { type Screen, screen, screenFields } from '../entries.ts';
import * as projection from '../projection.ts';

/**
 * Screens of a theatre. A screen's seat plan is that of shows scheduled from then on: shows scheduled before keep the
 * plan they were sold by.
 */

const params = z.strictObject({ screenId });
const changes = screenFields
  .omit({ theatreId: true })
  .partial()
  .refine((fields) => Object.keys(fields).length > 0, 'must change at least one field');
const tag = 'catalogue';

export function screenEndpoints(service: ServiceRuntime): readonly Endpoint[] {
  return [...readingScreens(service), ...changingScreens(service)];
}

function readingScreens(service: ServiceRuntime): readonly Endpoint[] {
  const read = (id: string) => projection.screenById(service, id);
  return [
    endpoint({
      ...{ method: 'GET', path: '/screens', summary: 'Screens by theatre and number.', tag, who: 'anyone' },
      query: z.strictObject({ ...pageQuery, theatreId: theatreId.optional() }),
      answers: { 200: { says: 'A page of screens.', body: pageOf(screen) } },
      problems: ['validation_failed'],
      async handle({ query }) {
        const after = numberedCursor(query.cursor);
        const items = await projection.listScreens(service, { after, limit: query.limit, theatreId: query.theatreId });
        return { status: 200, body: page(items, query.limit, (each) => [each.theatreId, each.number]) };
      },
    }),
    endpoint({
      ...{ method: 'GET', path: '/screens/{screenId}', summary: 'One screen.', tag, who: 'anyone', params },
      answers: { 200: { says: 'The screen.', body: screen } },
      problems: ['not_found'],
      async handle({ params }) {
        const found = await read(params.screenId);
        if (found === undefined) throw notFound('screen');
        return { status: 200, body: found };
      },
    }),
  ];
}

function changingScreens(service: ServiceRuntime): readonly Endpoint[] {
  const read = (id: string) => projection.screenById(service, id);
  return [
    endpoint({
      ...{
        method: 'POST',
        path: '/screens',
        summary: 'Add a screen to a theatre.',
        tag,
        who: ['organizer'],
        body: screenFields,
      },
      idempotency: 'honoured',
      answers: { 201: { says: 'The screen.', body: screen } },
      problems: ['forbidden', 'conflict', 'validation_failed'],
      handle: (call) =>
        answerOnce(service, call, {
          read,
          async work(transaction) {
            const added: Screen = { screenId: newId('screen'), ...call.body };
            await assertKnown(transaction, added);
            if (!(await projection.insertScreens(transaction, [added]))) throw numberTaken(added);
            return { status: 201, location: `/v1/screens/${added.screenId}`, resource: added.screenId };
          },
        }),
    }),
    endpoint({
      ...{ method: 'PATCH', path: '/screens/{screenId}', tag, who: ['organizer'], params, body: changes },
      summary: 'Change a screen: its number also in shows to come, its seat plan only for shows scheduled from now on.',
      idempotency: 'honoured',
      answers: { 200: { says: 'The screen as it is now.', body: screen } },
      problems: ['forbidden', 'not_found', 'conflict', 'validation_failed'],
      handle: (call) =>
        answerOnce(service, call, {
          read,
          async work(transaction) {
            const before = await projection.screenById(transaction, call.params.screenId, 'lock');
            if (before === undefined) throw notFound('screen');
            const after = { ...before, ...call.body } as Screen;
            await assertKnown(transaction, after);
            if (!(await projection.updateScreen(transaction, after))) throw numberTaken(after);
            const content = () => ({ screen: { screenId: after.screenId, number: after.number } });
            await refreshShows(transaction, {
              of: { screenId: after.screenId },
              content,
              traceparent: call.traceparent,
            });
            return { status: 200, resource: after.screenId };
          },
        }),
    }),
    endpoint({
      ...{ method: 'DELETE', path: '/screens/{screenId}', tag, who: ['organizer'], params },
      summary: 'Remove a screen without shows to come.',
      idempotency: 'honoured',
      answers: { 204: { says: 'Removed.', body: null } },
      problems: ['forbidden', 'not_found', 'conflict'],
      async handle({ params, idempotency }) {
        await service.transactionOnce(idempotency, async (transaction) => {
          const found = await projection.screenById(transaction, params.screenId, 'lock');
          if (found === undefined) throw notFound('screen');
          if (!(await projection.deleteEntry(transaction, 'screens', params.screenId))) {
            throw new Problem('conflict', 'The screen has shows to come. Cancel or remove them first.');
          }
          return { status: 204, resource: params.screenId };
        });
        return { status: 204 };
      },
    }),
  ];
}

function numberedCursor(cursor: string | undefined): readonly string[] | undefined {
  const after = decodeCursor(cursor, 2);
  if (after !== undefined && !/^[0-9]{1,9}$/.test(after[1] ?? '')) {
    throw invalid('/query/cursor', 'invalid_cursor', 'must be a nextCursor from the previous page');
  }
  return after;
}

async function assertKnown(transaction: Transaction, { theatreId: theatre, seatPlanId }: Screen): Promise<void> {
  if ((await projection.theatreById(transaction, theatre, 'share')) === undefined) {
    throw invalid('/theatreId', 'not_found', 'names no theatre; add it first');
  }
  if ((await projection.planCategories(transaction, seatPlanId, 'keep')) === undefined) {
    throw invalid('/seatPlanId', 'not_found', 'names no seat plan; add it first');
  }
}

function numberTaken({ number }: Screen): Problem {
  const message = `the theatre has a screen ${number} already; choose another number`;
  return new Problem('conflict', `/number: ${message}`, { errors: [{ pointer: '/number', code: 'taken', message }] });
}
