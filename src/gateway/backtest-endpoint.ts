import { z } from 'zod';
import { showId } from '../contracts/ids.ts';
import { pricingRules } from '../contracts/settings.ts';
import { type Backtest, backtest, backtestShowsMax } from '../operations/backtest.ts';
import type { Installation } from '../operations/installation.ts';
import { type Endpoint, endpoint } from '../runtime/http/endpoint.ts';
import { refusing } from './refusing.ts';

/** What other pricing rules would have made of shows that were sold. */

const outcome = z.object({
  revenue: z.int(),
  places: z.int(),
  changes: z.int(),
  prices: z.array(z.object({ category: z.string(), least: z.int(), most: z.int() })),
});

export function backtestEndpoint(installation: Installation): Endpoint {
  return endpoint({
    ...{ method: 'POST', path: '/ops/backtests', tag: 'reports', who: ['organizer'] },
    summary:
      'What other pricing rules would have made of shows: their seats are priced once more, and nothing is changed',
    body: z.strictObject({ rules: pricingRules, showIds: z.array(showId).min(1).max(backtestShowsMax) }),
    answers: {
      200: {
        says: 'For each show what its prices were and what they would have been; amounts in minor units, without fees',
        body: z.object({
          items: z.array(
            z.object({
              ...{ showId: z.string(), movie: z.string(), startsAt: z.string(), currency: z.string() },
              ...{ was: outcome, would: outcome, refused: z.int() },
            }),
          ),
        }),
      },
    },
    problems: ['not_found', 'validation_failed'],
    handle: ({ body: { rules, showIds } }) =>
      refusing(async () => {
        const items: Backtest[] = [];
        for (const id of showIds) items.push(await backtest(installation, { showId: id, rules }));
        return { status: 200, body: { items } };
      }),
  });
}
