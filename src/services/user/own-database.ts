import type { EffectPolicy } from '../../runtime/service.ts';

/** For effects that ask the service's own database: it will answer. */
export const askingOwnDatabase: EffectPolicy = {
  ...{ timeoutMs: 5_000, attemptsMax: 20, backoffMs: 100, backoffMaxMs: 5_000 },
  ...{ concurrencyMax: 100, breakerFailures: 1_000_000, breakerOpenMs: 1_000 },
};
