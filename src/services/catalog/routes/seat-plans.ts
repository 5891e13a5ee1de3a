import { z } from 'zod';
import { type SeatPlan, seatPlan } from '../../../contracts/catalog.ts';
import { newId, seatPlanId } from '../../../contracts/ids.ts';
import { planErrors } from '../../../contracts/rules/plan-errors.ts';
import { type Endpoint, endpoint } from '../../../runtime/http/endpoint.ts';
import { decodeCursor, page, pageOf, pageQuery } from '../../../runtime/http/page.ts';
import { notFound, Problem } from '../../../runtime/http/problem.ts';
import type { OwnedFact, ServiceRuntime } from '../../../runtime/service-runtime.ts';
import { answerOnce, throwFaults } from '../changes.ts';
import { seatPlanFields, seatPlanSummary } from '../entries.ts';
import * as projection from '../projection.ts';

/** Seat plans never change: a rebuilt hall gets a new plan, and what was sold by the old one stays true. */

const params = z.strictObject({ seatPlanId });
const tag = 'catalogue';
const seatPlanBytesMax = 4_000_000;
const immutable = { 'cache-control': 'public, max-age=31536000, immutable' };

/** The fact that a plan exists. */
export function seatPlanFact(plan: SeatPlan, traceparent?: string): OwnedFact {
  const id = plan.seatPlanId;
  return {
    ...{ type: 'SeatPlanPublished', stream: `seat-plans/${id}`, streamVersion: 1, key: id, subject: id },
    ...{ data: plan, traceparent },
  };
}

export function seatPlanEndpoints(service: ServiceRuntime): readonly Endpoint[] {
  return [...readingSeatPlans(service), ...changingSeatPlans(service)];
}

function readingSeatPlans(service: ServiceRuntime): readonly Endpoint[] {
  const read = (id: string) => projection.seatPlanById(service, id);
  return [
    endpoint({
      ...{
        method: 'GET',
        path: '/seat-plans',
        summary: 'Seat plans by name, without their seats.',
        tag,
        who: 'anyone',
      },
      query: z.strictObject(pageQuery),
      answers: { 200: { says: 'A page of seat plans.', body: pageOf(seatPlanSummary) } },
      problems: ['validation_failed'],
      async handle({ query }) {
        const items = await projection.listSeatPlans(service, {
          after: decodeCursor(query.cursor, 2),
          limit: query.limit,
        });
        return { status: 200, body: page(items, query.limit, (each) => [each.name, each.seatPlanId]) };
      },
    }),
    endpoint({
      ...{ method: 'GET', path: '/seat-plans/{seatPlanId}', tag, who: 'anyone', params },
      summary: 'One seat plan, rows as ranges of seat numbers; it may be cached for ever.',
      answers: { 200: { says: 'The plan.', body: seatPlan } },
      problems: ['not_found'],
      async handle({ params }) {
        const found = await read(params.seatPlanId);
        if (found === undefined) throw notFound('seat plan');
        return { status: 200, body: found, headers: immutable };
      },
    }),
  ];
}

function changingSeatPlans(service: ServiceRuntime): readonly Endpoint[] {
  const read = (id: string) => projection.seatPlanById(service, id);
  return [
    endpoint({
      ...{
        method: 'POST',
        path: '/seat-plans',
        summary: 'Add a seat plan.',
        tag,
        who: ['organizer'],
        body: seatPlanFields,
      },
      idempotency: 'honoured',
      bodyBytesMax: seatPlanBytesMax,
      answers: { 201: { says: 'The plan.', body: seatPlan } },
      problems: ['forbidden', 'payload_too_large', 'validation_failed'],
      handle: (call) =>
        answerOnce(service, call, {
          read,
          async work(transaction) {
            const plan: SeatPlan = { seatPlanId: newId('seatPlan'), ...call.body };
            throwFaults(planErrors(plan));
            await projection.insertSeatPlans(transaction, [plan]);
            await transaction.publish(seatPlanFact(plan, call.traceparent));
            return { status: 201, location: `/v1/seat-plans/${plan.seatPlanId}`, resource: plan.seatPlanId };
          },
        }),
    }),
    endpoint({
      ...{ method: 'PATCH', path: '/seat-plans/{seatPlanId}', tag, who: ['organizer'], params },
      body: z.record(z.string(), z.unknown()),
      summary: 'Seat plans are immutable: this always says no, and what to do instead.',
      answers: {},
      problems: ['forbidden', 'not_found', 'conflict'],
      async handle({ params }) {
        if ((await projection.planCategories(service, params.seatPlanId)) === undefined) throw notFound('seat plan');
        throw new Problem('conflict', 'A seat plan never changes. Add a new one and give it to the screen.');
      },
    }),
    endpoint({
      ...{ method: 'DELETE', path: '/seat-plans/{seatPlanId}', tag, who: ['organizer'], params },
      summary: 'Remove a seat plan that no screen and no show uses.',
      idempotency: 'honoured',
      answers: { 204: { says: 'Removed.', body: null } },
      problems: ['forbidden', 'not_found', 'conflict'],
      async handle({ params, idempotency, traceparent }) {
        await service.transactionOnce(idempotency, async (transaction) => {
          // Whoever is building on the plan is waited for, and seen by the statement that takes it out.
          const plan = await projection.seatPlanById(transaction, params.seatPlanId, 'lock');
          if (plan === undefined) throw notFound('seat plan');
          if (!(await projection.deleteEntry(transaction, 'seat_plans', params.seatPlanId))) {
            throw new Problem('conflict', 'Screens or shows use this seat plan.');
          }
          await transaction.publish({ ...seatPlanFact(plan, traceparent), streamVersion: 2, data: null });
          return { status: 204, resource: params.seatPlanId };
        });
        return { status: 204 };
      },
    }),
  ];
}
