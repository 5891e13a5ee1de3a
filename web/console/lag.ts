import type { GroupPosition } from './answers.ts';

/** How far a service is behind: over all that it reads, and where it is furthest behind. */
export interface ServiceLag {
  readonly service: string;
  readonly lag: number;
  readonly worst: { readonly topic: string; readonly partition: number; readonly lag: number } | undefined;
}

const groupPrefix = 'fullhouse-';

/** More than an instance under load leaves for its next batch: somebody should look. */
export const lagWorrying = 1_000;

/** One line a service, the one furthest behind first. */
export function lagByService(positions: readonly GroupPosition[]): readonly ServiceLag[] {
  const groups = Map.groupBy(positions, ({ group }) => group);
  const lags = [...groups].map(([group, own]) => lagOf(group, own));
  return lags.sort((a, b) => b.lag - a.lag || a.service.localeCompare(b.service));
}

function lagOf(group: string, positions: readonly GroupPosition[]): ServiceLag {
  const service = group.startsWith(groupPrefix) ? group.slice(groupPrefix.length) : group;
  const lag = positions.reduce((sum, each) => sum + each.lag, 0);
  const [worst] = positions.filter((each) => each.lag > 0).sort((a, b) => b.lag - a.lag);
  return {
    service,
    lag,
    worst: worst && { topic: worst.topic, partition: worst.partition, lag: worst.lag },
  };
}
