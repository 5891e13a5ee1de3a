import { z } from 'zod';
import type { RegularCheck } from '../operations/regular-check.ts';
import { type Answered, type Endpoint, endpoint } from '../runtime/http/endpoint.ts';

/** What the auditor has found last, and having it look again. */

const invariant = z.object({
  name: z.string(),
  promise: z.union([z.int(), z.string()]),
  says: z.string(),
  holds: z.boolean(),
  looked: z.int(),
  violations: z.int(),
  rows: z.array(z.string()),
});
const answer = z.object({
  /** Since when one runs. */
  runningSince: z.iso.datetime().nullable(),
  /** The last that came to its end since the start of the process that answers. */
  last: z
    .object({
      startedAt: z.iso.datetime(),
      endedAt: z.iso.datetime(),
      holds: z.boolean(),
      invariants: z.array(invariant),
    })
    .nullable(),
});

export function checkEndpoints(check: RegularCheck): readonly Endpoint[] {
  const shared = { path: '/ops/check', tag: 'operations', who: ['staff'] } as const;
  const told = (status: number): Answered => ({
    status,
    body: { runningSince: check.runningSince ?? null, last: check.last ?? null },
  });
  return [
    endpoint({
      ...{ method: 'GET', ...shared, summary: 'Whether the promises held when they were last checked' },
      answers: { 200: { says: 'Every invariant, with the rows that break it', body: answer } },
      handle: async () => told(200),
    }),
    endpoint({
      ...{ method: 'POST', ...shared, summary: 'Check the promises now, unless a check runs already' },
      answers: { 202: { says: 'It runs; GET has what comes of it', body: answer } },
      handle: async () => {
        check.now();
        return told(202);
      },
    }),
  ];
}
