import { type Failed, startChild } from '../load/child.ts';

export interface BareServerPlan {
  /** JSON Schema of the body of `POST /v1/bookings`. */
  readonly bodySchema: object;
}

export type ToldOfBareServer = { readonly kind: 'ready'; readonly url: string } | Failed;

export interface BareServer {
  readonly url: string;
  readonly pid: number;
  /** From now on writes so many frames a second to each who follows `/stream`. */
  push(frames: { readonly bytes: number; readonly perSecond: number }): void;
}

/** A bare server for as long as something runs. */
export async function withBareServer<Result>(
  plan: BareServerPlan,
  run: (server: BareServer) => Promise<Result>,
): Promise<Result> {
  const child = startChild<ToldOfBareServer>('bare-server.ts', { from: import.meta.url, plan });
  try {
    const { url } = await child.told('ready');
    return await run({ url, pid: child.pid, push: (frames) => child.send(frames) });
  } finally {
    await child.end();
  }
}
