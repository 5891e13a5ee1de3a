import { LRUCache } from 'lru-cache';
import { z } from 'zod';
import type { SeatPlan, Show } from '../../contracts/catalog.ts';
import { seatPlanId, showId } from '../../contracts/ids.ts';
import { waitForNewMs } from '../../contracts/rules/new-id.ts';
import { type PlanIndex, planIndex } from '../../contracts/rules/plan-order.ts';
import { encodeSeatMap } from '../../contracts/rules/seat-map.ts';
import { areaName } from '../../contracts/seats.ts';
import type { Answered } from '../../runtime/http/endpoint.ts';
import { notFound } from '../../runtime/http/problem.ts';
import type { ServiceRuntime } from '../../runtime/service-runtime.ts';
import { underPlan } from './refusals.ts';
import type { State } from './state.ts';

export const availability = z.object({
  showId,
  version: z.int().min(0),
  /** The plan that the seats are counted in. */
  seatPlanId,
  seats: z.string(),
  areas: z.array(z.object({ area: areaName, capacity: z.int(), held: z.int(), sold: z.int(), blocked: z.int() })),
});

/** Bodies that are kept: of all shows of a chain, or of some 1,500 in the largest halls. */
const keptMax = 10_000;
const keptBytesMax = 32 * 2 ** 20;

interface Written {
  readonly etag: string;
  readonly body: Buffer;
}

/**
 * What is free in a show. While a sale is on, the same map is asked for many times between two changes, so its body is written
 * once for each version.
 */
export class Availabilities {
  readonly #service: ServiceRuntime;
  /** By show: the last body that was asked for. */
  readonly #written = new LRUCache<string, Written>({
    max: keptMax,
    maxSize: keptBytesMax,
    sizeCalculation: ({ body }) => body.length,
  });

  constructor(service: ServiceRuntime) {
    this.#service = service;
  }

  /** `known`: the header `If-None-Match`. */
  async read(id: string, known: string | undefined): Promise<Answered> {
    const plan = await planOfShow(this.#service, id);
    const { state, version } = await this.#service.state<State>('show-seats', id);
    // The plan is part of the tag: another plan, which is possible before the first sale, gives other seats.
    const etag = `"${plan.seatPlanId.slice(-12)}.${version}"`;
    const headers = { etag, 'cache-control': 'no-cache' };
    if (known?.split(',').some((tag) => [etag, `W/${etag}`, '*'].includes(tag.trim()))) return { status: 304, headers };
    return {
      status: 200,
      headers: { ...headers, 'content-type': 'application/json; charset=utf-8' },
      body: this.#bodyOf(id, etag, () => contentOf(id, { plan, root: state.root, version })),
    };
  }

  #bodyOf(id: string, etag: string, content: () => z.infer<typeof availability>): Buffer {
    const before = this.#written.get(id);
    if (before?.etag === etag) return before.body;
    const text = JSON.stringify(content());
    // Memory of its own: part of a pool would keep all of the pool from being given back.
    const body = Buffer.allocUnsafeSlow(Buffer.byteLength(text));
    body.write(text);
    this.#written.set(id, { etag, body });
    return body;
  }
}

function contentOf(
  id: string,
  { plan, root, version }: { readonly plan: PlanIndex; readonly root: State['root']; readonly version: number },
): z.infer<typeof availability> {
  const { map, areas } = underPlan(root, plan.seatPlanId);
  return {
    showId: id,
    version,
    seatPlanId: plan.seatPlanId,
    seats: encodeSeatMap(map, plan.seatCount),
    areas: [...plan.areas.values()].map(({ area, capacity }) => {
      const { held, sold } = areas.get(area) ?? { held: 0, sold: 0 };
      return { area, capacity, held, sold, blocked: 0 };
    }),
  };
}

/** The plan a show sells by; a show that was just made is waited for. */
export async function planOfShow(service: ServiceRuntime, id: string): Promise<PlanIndex> {
  const waitMs = waitForNewMs(id, Date.now(), service.settings().referenceWaitMs);
  const show = await service.awaitReference<Show>('catalog', id, waitMs);
  if (show === undefined || show.state === 'withdrawn') throw notFound('show');
  const plan = await service.awaitReference<SeatPlan>('seat-plans', show.seatPlanId, waitMs);
  if (plan === undefined) throw notFound('show');
  return planIndex(plan);
}
