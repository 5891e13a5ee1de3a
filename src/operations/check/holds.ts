import { settings } from '../../contracts/settings.ts';
import type { Installation } from '../installation.ts';
import type { Examined, HoldLimits } from './status.ts';

export async function holdLimits({ query }: Installation): Promise<HoldLimits> {
  const rows = await query<{ readonly key: keyof HoldLimits; readonly most: number }>(
    'catalog',
    `select key, max((value #>> '{}')::bigint) as most from setting_changes where key = any ($1) group by key`,
    [['holdTtlMs', 'waitingListHoldMs', 'paymentGraceMs']],
  );
  const longest = (key: keyof HoldLimits) =>
    Math.max(settings[key].default, ...rows.filter((row) => row.key === key).map(({ most }) => Number(most)));
  return {
    holdTtlMs: longest('holdTtlMs'),
    waitingListHoldMs: longest('waitingListHoldMs'),
    paymentGraceMs: longest('paymentGraceMs'),
  };
}

export function holdsWithinLimits({ facts, limits }: Examined): readonly string[] {
  const wrong: string[] = [];
  let promised = 0;
  let limitMs = limits.holdTtlMs;
  for (const fact of facts.seats) {
    if (fact.type === 'SeatsAwaited') limitMs = Math.max(limits.holdTtlMs, limits.waitingListHoldMs);
    if (fact.type === 'SeatsReserved') {
      promised = Date.parse(fact.data.holdExpiresAt ?? '');
      if (promised - fact.time > limitMs) wrong.push(`holds seats for ${promised - fact.time} ms`);
    }
    if (fact.type !== 'HoldMoved') continue;
    const until = Date.parse(fact.data.heldUntil ?? '');
    if (until < promised || until > promised + limits.paymentGraceMs)
      wrong.push(`has its hold moved by ${until - promised} ms`);
  }
  return wrong;
}
