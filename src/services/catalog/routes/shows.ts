import { z } from 'zod';
import { type Show, show as showData } from '../../../contracts/catalog.ts';
import { movieId, newId, screenId, seatPlanId, showId, theatreId } from '../../../contracts/ids.ts';
import { type Endpoint, endpoint } from '../../../runtime/http/endpoint.ts';
import { decodeCursor, page, pageOf, pageQuery } from '../../../runtime/http/page.ts';
import { invalid, notFound, Problem } from '../../../runtime/http/problem.ts';
import type { ServiceRuntime, Transaction } from '../../../runtime/service-runtime.ts';
import { traceIdOf } from '../../../runtime/telemetry/tracing.ts';
import { answerOnce, assertScreenFree, assertShowSound, changeShow, scheduleShows } from '../changes.ts';
import type { ShowChanges } from '../decider.ts';
import { momentField, reasonField, refundPolicyChanges, type ShowFields, saleFields, showFields } from '../entries.ts';
import * as projection from '../projection.ts';
import { showOf, showStatus, takesOtherTime } from '../show-rules.ts';
import { isBooked, takenPlaces } from '../show-sales.ts';
import { movieInShow } from './movies.ts';

/** The programme: shows, from scheduling to cancelling. */

const params = z.strictObject({ showId });
const { state: _state, ...published } = showData.shape;
const show = z.object({ ...published, status: z.enum(['scheduled', 'on_sale', 'sold_out', 'closed', 'cancelled']) });

const changes = z
  .strictObject({
    ...{ movieId, screenId, seatPlanId, startsAt: momentField },
    ...saleFields,
    seatsPerCustomerMax: saleFields.seatsPerCustomerMax.unwrap().nullable(),
    refundPolicy: refundPolicyChanges,
  })
  .partial()
  .refine((fields) => Object.keys(fields).length > 0, 'must change at least one field');

export function showEndpoints(service: ServiceRuntime): readonly Endpoint[] {
  return [...readingShows(service), scheduling(service), changing(service), cancelling(service), withdrawing(service)];
}

function readingShows(service: ServiceRuntime): readonly Endpoint[] {
  return [
    endpoint({
      ...{ method: 'GET', path: '/shows', tag: 'shows', who: 'anyone' },
      summary: 'Shows by their start, `from` (now, if left out) until before `to`.',
      query: z.strictObject({
        ...pageQuery,
        ...{ movieId: movieId.optional(), theatreId: theatreId.optional(), screenId: screenId.optional() },
        ...{ from: momentField.optional(), to: momentField.optional() },
      }),
      answers: { 200: { says: 'A page of shows.', body: pageOf(show) } },
      problems: ['validation_failed'],
      async handle({ query: { cursor, from, ...query } }) {
        const after = startCursor(cursor);
        const now = Date.now();
        const found = await projection.listShows(service, {
          ...query,
          after,
          from: from ?? new Date(now).toISOString(),
        });
        const items = found.map((each) => listed(each, now));
        return { status: 200, body: page(items, query.limit, (each) => [each.startsAt, each.showId]) };
      },
    }),
    endpoint({
      ...{ method: 'GET', path: '/shows/{showId}', summary: 'One show.', tag: 'shows', who: 'anyone', params },
      answers: { 200: { says: 'The show.', body: show } },
      problems: ['not_found'],
      async handle({ params }) {
        const found = await readShow(service, params.showId);
        if (found === undefined) throw notFound('show');
        return { status: 200, body: found };
      },
    }),
  ];
}

function scheduling(service: ServiceRuntime): Endpoint {
  return endpoint({
    method: 'POST',
    path: '/shows',
    summary:
      'Schedule a show: on sale from now until it starts, unless `sales` says otherwise. Where its screen is taken, as far as running times are known, `shows` names by what.',
    tag: 'shows',
    who: ['organizer'],
    body: showFields,
    idempotency: 'honoured',
    answers: { 201: { says: 'The show.', body: show } },
    problems: ['forbidden', 'conflict', 'validation_failed'],
    handle: (call) =>
      answerOnce(service, call, {
        read: (id) => readShow(service, id),
        async work(transaction) {
          const { drafted, categories } = await draft(transaction, call.body);
          assertShowSound(drafted, categories);
          await assertScreenFree(transaction, drafted);
          await scheduleShows(transaction, [drafted], call.traceparent);
          return { status: 201, location: `/v1/shows/${drafted.showId}`, resource: drafted.showId };
        },
      }),
  });
}

function changing(service: ServiceRuntime): Endpoint {
  return endpoint({
    method: 'PATCH',
    path: '/shows/{showId}',
    summary:
      'Change a show. Another start tells everybody who booked, and lets them cancel free of charge. Where its screen is taken, as far as running times are known, `shows` names by what.',
    tag: 'shows',
    who: ['organizer'],
    params,
    body: changes,
    idempotency: 'honoured',
    answers: { 200: { says: 'The show as it is now.', body: show } },
    problems: ['forbidden', 'not_found', 'conflict', 'validation_failed'],
    handle: (call) =>
      answerOnce(service, call, {
        read: (id) => readShow(service, id),
        async work(transaction) {
          const id = call.params.showId;
          const { changed, categories, show: before } = await changesOf(transaction, id, call.body);
          const sales = await projection.salesOf(transaction, id);
          const booking = { booked: isBooked(sales), bookedPlan: sales?.seatPlanId };
          const command = { type: 'ChangeShow', changes: changed, ...booking, at: Date.now() } as const;
          const { seatsPerCustomerMax: _limit, ...content } = changed;
          const after: Show = { ...before, ...content };
          // A show that has started is refused by its decider, for a better reason than a start in the past.
          if (before.state === 'scheduled' && Date.parse(before.startsAt) > command.at) {
            assertShowSound(after, categories);
            // A show that stays where it is may change, whatever else has been put there.
            if (takesOtherTime(before, after)) await assertScreenFree(transaction, after);
          }
          await changeShow(transaction, { showId: id, command, traceparent: call.traceparent });
          return { status: 200, resource: id };
        },
      }),
  });
}

function cancelling(service: ServiceRuntime): Endpoint {
  return endpoint({
    method: 'POST',
    path: '/shows/{showId}/cancellation',
    summary: 'Cancel a show: every booking ends, and all money goes back.',
    tag: 'shows',
    who: ['organizer'],
    params,
    body: z.strictObject({ reason: reasonField.optional() }),
    idempotency: 'required',
    answers: {
      202: {
        says: 'Cancelled; bookings and refunds follow.',
        body: z.object({ showId, status: z.literal('cancelled') }),
      },
    },
    problems: ['idempotency_key_missing', 'forbidden', 'not_found'],
    handle: (call) =>
      answerOnce(service, call, {
        read: async (id) => ({ showId: id, status: 'cancelled' }),
        async work(transaction) {
          const id = call.params.showId;
          await changeShow(transaction, { showId: id, command: { type: 'CancelShow' }, traceparent: call.traceparent });
          service.logger.info(
            { showId: id, who: call.principal.userId, reason: call.body.reason, traceId: traceIdOf(call.traceparent) },
            'a show is cancelled',
          );
          return { status: 202, location: `/v1/shows/${id}`, resource: id };
        },
      }),
  });
}

function withdrawing(service: ServiceRuntime): Endpoint {
  return endpoint({
    method: 'DELETE',
    path: '/shows/{showId}',
    summary: 'Take a show off the programme that nobody has booked.',
    tag: 'shows',
    who: ['organizer'],
    params,
    idempotency: 'honoured',
    answers: { 204: { says: 'Withdrawn.', body: null } },
    problems: ['forbidden', 'not_found', 'conflict'],
    async handle({ params: { showId: id }, idempotency, traceparent }) {
      await service.transactionOnce(idempotency, async (transaction) => {
        if ((await projection.showById(transaction, id)) === undefined) throw notFound('show');
        const booked = isBooked(await projection.salesOf(transaction, id));
        await changeShow(transaction, { showId: id, command: { type: 'WithdrawShow', booked }, traceparent });
        return { status: 204, resource: id };
      });
      return { status: 204 };
    },
  });
}

function startCursor(cursor: string | undefined): readonly string[] | undefined {
  const after = decodeCursor(cursor, 2);
  if (after !== undefined && !momentField.safeParse(after[0]).success) {
    throw invalid('/query/cursor', 'invalid_cursor', 'must be a nextCursor from the previous page');
  }
  return after;
}

async function readShow(service: ServiceRuntime, id: string) {
  const found = await projection.showById(service, id);
  return found && listed(found, Date.now());
}

function listed({ show: { state, ...rest }, capacity, sales }: projection.ShowListing, now: number) {
  const taken = takenPlaces(sales ?? undefined, rest.seatPlanId);
  return { ...rest, status: showStatus({ state, ...rest }, now, { capacity, taken }) };
}

/** A show from its fields; movie, screen and theatre are locked, so that they stay what the show says of them. */
async function draft(transaction: Transaction, fields: ShowFields) {
  const { screen, seatPlanId: planId, theatre } = await screenContent(transaction, fields.screenId);
  const movie = await movieContent(transaction, fields.movieId);
  const categories = await categoriesOfPlan(transaction, planId);
  const drafted = showOf(
    { ...fields, showId: newId('show'), movie, theatre, screen, seatPlanId: planId, planCategories: categories },
    Date.now(),
  );
  return { drafted, categories };
}

/**
 * What the fields of a PATCH change, and the price categories that then need a price. Locks go from what a show is made
 * of to the show, as everywhere, so that no two requests wait for each other.
 */
async function changesOf(transaction: Transaction, id: string, fields: z.infer<typeof changes>) {
  const seen = (await projection.showById(transaction, id))?.show;
  if (seen === undefined) throw notFound('show');
  const {
    movieId: otherMovie,
    screenId: otherScreen,
    seatPlanId: otherPlan,
    startsAt,
    sales,
    refundPolicy,
    ...rest
  } = fields;
  // The show's own screen is locked even if only the start moves: somebody else may be scheduling there.
  const place = await screenContent(transaction, otherScreen ?? seen.screen.screenId);
  const movie = otherMovie === undefined ? undefined : await movieContent(transaction, otherMovie);
  const before = (await projection.lockShow(transaction, id))?.show;
  if (before === undefined || before.state === 'withdrawn') throw notFound('show');
  if (before.screen.screenId !== seen.screen.screenId)
    throw new Problem('conflict', 'The show was moved just now. Read it again.');
  const planId = otherPlan ?? (otherScreen === undefined ? before.seatPlanId : place.seatPlanId);
  const changed = withoutUndefined({
    ...rest,
    movie,
    ...(otherScreen === undefined ? {} : { screen: place.screen, theatre: place.theatre }),
    seatPlanId: planId,
    startsAt: startsAt ?? before.startsAt,
    sales: movedSales(before, startsAt ?? before.startsAt, sales ?? {}),
    refundPolicy: { ...before.refundPolicy, ...withoutUndefined(refundPolicy ?? {}) },
  }) as ShowChanges;
  return { changed, categories: await categoriesOfPlan(transaction, planId), show: before };
}

/** Sales that ended with the start go on ending with it; an end of their own stays, if the show still comes after it. */
function movedSales(
  before: Show,
  startsAt: string,
  sales: NonNullable<z.infer<typeof changes>['sales']>,
): Show['sales'] {
  const { opensAt, closesAt } = before.sales;
  const withStart = closesAt === before.startsAt || Date.parse(closesAt) > Date.parse(startsAt);
  return { opensAt: sales.opensAt ?? opensAt, closesAt: sales.closesAt ?? (withStart ? startsAt : closesAt) };
}

async function screenContent(transaction: Transaction, id: string) {
  const screen = await projection.screenById(transaction, id, 'lock');
  const theatre = screen && (await projection.theatreById(transaction, screen.theatreId, 'share'));
  if (screen === undefined || theatre === undefined)
    throw invalid('/screenId', 'not_found', 'names no screen; add it first');
  return { screen: { screenId: id, number: screen.number }, seatPlanId: screen.seatPlanId, theatre };
}

async function movieContent(transaction: Transaction, id: string) {
  const movie = await projection.movieById(transaction, id, 'share');
  if (movie === undefined) throw invalid('/movieId', 'not_found', 'names no movie; add it first');
  return movieInShow(movie);
}

async function categoriesOfPlan(transaction: Transaction, id: string): Promise<readonly string[]> {
  const categories = await projection.planCategories(transaction, id, 'keep');
  if (categories === undefined) throw invalid('/seatPlanId', 'not_found', 'names no seat plan; add it first');
  return categories;
}

function withoutUndefined(fields: object): object {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
