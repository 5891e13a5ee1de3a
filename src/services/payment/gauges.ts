import type { ServiceRuntime } from '../../runtime/service-runtime.ts';
import type { ServiceGauge } from '../../runtime/telemetry/metrics.ts';
import { unsettledByKind } from './projection.ts';

/**
 * What waits for a person, for as long as it does: a count of what has come would be forgotten by whoever looks later, and lost
 * with a process that ends before it was asked.
 */
export const unsettled: ServiceGauge<ServiceRuntime> = {
  name: 'fullhouse_unsettled',
  help: 'Charges, refunds, cash to hand out, disputes and webhooks that need a person, as /v1/ops/unsettled lists them.',
  labels: ['kind'],
  read: async (service) =>
    (await unsettledByKind(service)).map(({ kind, count }) => ({ labels: { kind }, value: count })),
};
