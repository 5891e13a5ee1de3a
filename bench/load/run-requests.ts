import type { Probe, Spent } from '../measure/probe.ts';
import { spentBetween } from '../measure/probe.ts';
import { type Failed, startChild } from './child.ts';

/** Requests at a constant rate; with a body they are POSTs, each with an idempotency key of its own. */
export interface RequestPlan {
  readonly url: string;
  readonly requests: readonly { readonly path: string; readonly body?: string }[];
  readonly headers: Readonly<Record<string, string>>;
  /** What the answers should be. */
  readonly status: number;
  readonly ratePerSecond: number;
  readonly connections: number;
  readonly warmUpMs: number;
  readonly measuredMs: number;
}

export type ToldOfRequests =
  | { readonly kind: 'measuring' }
  | { readonly kind: 'measured'; readonly answered: number; readonly wrong: Readonly<Record<string, number>> }
  | Failed;

/** Sends them from a process of its own; how many were answered, and what that used up. Throws for any other answer. */
export async function runRequests(
  plan: RequestPlan,
  probe: Pick<Probe, 'read'>,
): Promise<{ readonly answered: number; readonly spent: Spent }> {
  const child = startChild<ToldOfRequests>('requests.ts', { from: import.meta.url, plan });
  try {
    await child.told('measuring');
    const before = await probe.read();
    const { answered, wrong } = await child.told('measured');
    const spent = spentBetween(before, await probe.read());
    if (Object.keys(wrong).length > 0) throw new Error(`other answers than wanted: ${JSON.stringify(wrong)}`);
    return { answered, spent };
  } finally {
    await child.end();
  }
}
