import { type Part, processesBelow } from './processes.ts';

/** Seconds of processor time, user and system. */
export type ProcessorTime = Readonly<Record<Part, number>>;

/** Clock ticks a second; 100 on every Linux of today (sysconf(3), `_SC_CLK_TCK`). */
const ticksPerSecond = 100;

/** What a process and those below it have used so far; this process itself is left out. */
export function processorTime(from: number = process.pid): ProcessorTime {
  const time = { services: 0, postgres: 0, broker: 0, generator: 0 };
  for (const { part, ticks } of processesBelow(from)) time[part] += ticks / ticksPerSecond;
  return time;
}

export function spent(before: ProcessorTime, after: ProcessorTime): ProcessorTime {
  return {
    services: after.services - before.services,
    postgres: after.postgres - before.postgres,
    broker: after.broker - before.broker,
    generator: after.generator - before.generator,
  };
}

/** All of it but the generator: seconds. */
export function cpuOf({ services, postgres, broker }: ProcessorTime): number {
  return services + postgres + broker;
}
