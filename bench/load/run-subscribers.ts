import { type Failed, startChild } from './child.ts';

export interface SubscriberPlan {
  readonly url: string;
  /** Of event streams; each subscriber follows the next. */
  readonly paths: readonly string[];
  readonly count: number;
}

export interface Counted {
  readonly messages: number;
  readonly bytes: number;
}

export type ToldOfSubscribers = { readonly kind: 'ready' } | ({ readonly kind: 'counted' } & Counted) | Failed;

/** Subscribers who are all there, for as long as something runs; `counted` tells what has come to them so far. */
export async function withSubscribers<Result>(
  plan: SubscriberPlan,
  run: (counted: () => Promise<Counted>) => Promise<Result>,
): Promise<Result> {
  const child = startChild<ToldOfSubscribers>('subscribers.ts', { from: import.meta.url, plan });
  try {
    await child.told('ready');
    return await run(() => {
      const counted = child.told('counted');
      child.send({});
      return counted;
    });
  } finally {
    await child.end();
  }
}
