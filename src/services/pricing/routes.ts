import { z } from 'zod';
import type { SeatPlan, Show } from '../../contracts/catalog.ts';
import { newId, showId } from '../../contracts/ids.ts';
import { money } from '../../contracts/money.ts';
import { waitForNewMs } from '../../contracts/rules/new-id.ts';
import { planIndex } from '../../contracts/rules/plan-order.ts';
import { type Quote, signQuote } from '../../contracts/rules/quote.ts';
import { appliedRule, areaCount, fee, priceCategoryName, priceItem, seatId } from '../../contracts/seats.ts';
import type { SettingKey } from '../../contracts/settings.ts';
import { type Answered, type Endpoint, endpoint } from '../../runtime/http/endpoint.ts';
import { notFound, Problem } from '../../runtime/http/problem.ts';
import type { ServiceRuntime } from '../../runtime/service-runtime.ts';
import { underPlan } from './evolve.ts';
import { priceList } from './price-list.ts';
import { priceOf } from './pricing.ts';
import { type QuoteRequest, quotedPlaces, quoteRequest } from './quoting.ts';
import type { State } from './state.ts';

const params = z.strictObject({ showId });

const quoteAnswer = z.object({
  quote: z.string(),
  seats: z.array(seatId),
  areas: z.array(areaCount),
  items: z.array(priceItem),
  fees: z.array(fee),
  total: money,
  expiresAt: z.iso.datetime(),
  rules: z.array(appliedRule),
});

const salesAnswer = z.object({
  showId,
  capacity: z.int(),
  sold: z.int(),
  held: z.int(),
  blocked: z.int(),
  revenue: money,
  categories: z.array(
    z.object({ priceCategory: priceCategoryName, capacity: z.int(), sold: z.int(), held: z.int(), revenue: money }),
  ),
});

export function endpoints(service: ServiceRuntime): readonly Endpoint[] {
  return [
    endpoint({
      method: 'POST',
      path: '/shows/{showId}/quotes',
      summary: 'What seats would cost, signed: a booking that comes with it in time pays this price',
      tag: 'Shows',
      who: 'anyone',
      params,
      body: quoteRequest,
      example: { bestAvailable: { count: 2 } },
      answers: { 200: { says: 'The price, with the trace of what made it', body: quoteAnswer } },
      problems: ['not_found', 'conflict', 'seats_unavailable', 'validation_failed'],
      handle: (call) => makeQuote(service, call.params.showId, call.body),
    }),
    endpoint({
      method: 'GET',
      path: '/shows/{showId}/sales',
      summary: 'Sold, held and revenue by price category',
      tag: 'Shows',
      who: ['organizer'],
      params,
      answers: { 200: { says: 'Revenue is that of sold seats, without fees', body: salesAnswer } },
      problems: ['not_found'],
      handle: (call) => readSales(service, call.params.showId),
    }),
  ];
}

interface KnownShow {
  readonly show: Show;
  readonly plan: SeatPlan;
}

/** A show and its plan; a show that was just made is waited for. */
async function knownShow(service: ServiceRuntime, id: string): Promise<KnownShow> {
  const waitMs = waitForNewMs(id, Date.now(), service.settings().referenceWaitMs);
  const show = await service.awaitReference<Show>('catalog', id, waitMs);
  if (show === undefined || show.state === 'withdrawn') throw notFound('show');
  const plan = await service.awaitReference<SeatPlan>('seat-plans', show.seatPlanId, waitMs);
  if (plan === undefined) throw notFound('show');
  return { show, plan };
}

async function makeQuote(service: ServiceRuntime, id: string, request: QuoteRequest): Promise<Answered> {
  const now = Date.now();
  const { show, plan } = await knownShow(service, id);
  if (show.state === 'cancelled') throw new Problem('conflict', 'The show is cancelled: there is nothing to buy.');
  if (now >= Date.parse(show.sales.closesAt)) throw new Problem('conflict', 'Sales for this show are closed.');
  const { quoteTtlMs, pricingRules, bookingFeeMinor, seatsPerBookingMax } = service.settings();
  const { state } = await service.state<State>('show-prices', id);
  const demand = underPlan(state.root, plan.seatPlanId);
  const places = quotedPlaces(request, { plan: planIndex(plan), demand, seatsPerBookingMax });
  const list = priceList(demand, { show, plan, rules: pricingRules }, now);
  const price = priceOf(places, { plan, list, bookingFeeMinor });
  if (price === undefined) throw new Problem('conflict', 'Some of these places have no price for this show.');
  const quote: Quote = {
    quoteId: newId('quote'),
    showId: id,
    seats: [...places.seats],
    areas: [...places.areas],
    items: [...price.items],
    fees: [...price.fees],
    total: price.total,
    expiresAt: new Date(now + quoteTtlMs).toISOString(),
    rules: [...price.rules],
    rulesVersion: await versionOf(service, 'pricingRules'),
  };
  const { seats, areas, items, fees, total, expiresAt, rules } = quote;
  const signed = signQuote(quote, secretOf(service));
  return { status: 200, body: { quote: signed, seats, areas, items, fees, total, expiresAt, rules } };
}

async function versionOf(service: ServiceRuntime, key: SettingKey): Promise<number> {
  return (await service.reference<{ readonly version: number }>('settings', key))?.version ?? 0;
}

function secretOf(service: ServiceRuntime): string {
  const { QUOTE_SECRET } = service.configuration;
  if (QUOTE_SECRET === undefined) throw new Problem('unavailable', 'Quotes cannot be signed: set QUOTE_SECRET.');
  return QUOTE_SECRET;
}

async function readSales(service: ServiceRuntime, id: string): Promise<Answered> {
  const { show, plan } = await knownShow(service, id);
  const index = planIndex(plan);
  const { state } = await service.state<State>('show-prices', id);
  const root = underPlan(state.root, plan.seatPlanId);
  const currency = show.priceCategories[0]?.price.currency ?? 'XXX';
  const names = new Set([...show.priceCategories.map(({ name }) => name), ...root.categories.keys()]);
  const categories = [...names].map((priceCategory) => {
    const { held, sold, revenue } = root.categories.get(priceCategory) ?? { held: 0, sold: 0, revenue: 0 };
    const capacity = index.capacities.get(priceCategory) ?? 0;
    return { priceCategory, capacity, sold, held, revenue: { amount: revenue, currency } };
  });
  const inAreas = [...root.areas.values()];
  const total = (count: (area: { held: number; sold: number }) => number) =>
    inAreas.reduce((sum, each) => sum + count(each), 0);
  const revenue = categories.reduce((amount, each) => amount + each.revenue.amount, 0);
  return {
    status: 200,
    body: {
      showId: id,
      capacity: index.capacity,
      sold: root.map.sold + total(({ sold }) => sold),
      held: root.map.held + total(({ held }) => held),
      blocked: root.map.blocked,
      revenue: { amount: revenue, currency },
      categories,
    },
  };
}
