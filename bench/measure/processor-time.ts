import { readdirSync, readFileSync } from 'node:fs';

/** Whose processor time is told apart. */
export type Part = 'services' | 'postgres' | 'broker' | 'generator';

/** Seconds of processor time, user and system. */
export type ProcessorTime = Readonly<Record<Part, number>>;

/** Clock ticks a second; 100 on every Linux of today (sysconf(3), `_SC_CLK_TCK`). */
const ticksPerSecond = 100;

/**
 * What a process and those below it have used so far, from `/proc` (proc(5), `stat`). A process of PostgreSQL or of Java is
 * known by its name, the generator by its command line; this process itself is left out.
 */
export function processorTime(from: number = process.pid): ProcessorTime {
  const processes = new Map<number, { readonly parent: number; readonly name: string; readonly ticks: number }>();
  for (const pid of readdirSync('/proc').filter((each) => /^\d+$/.test(each))) {
    const stat = textOf(`/proc/${pid}/stat`);
    const name = stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')'));
    const [, parent, ...rest] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    // utime, stime, and those of children that have ended.
    const ticks = rest.slice(9, 13).reduce((sum, each) => sum + Number(each), 0);
    if (parent !== undefined) processes.set(Number(pid), { parent: Number(parent), name, ticks });
  }
  const isMeant = (pid: number): boolean => pid > 1 && (pid === from || isMeant(processes.get(pid)?.parent ?? 0));
  const time = { services: 0, postgres: 0, broker: 0, generator: 0 };
  for (const [pid, { name, ticks }] of processes)
    if (pid !== process.pid && isMeant(pid)) time[partOf(pid, name)] += ticks / ticksPerSecond;
  return time;
}

function partOf(pid: number, name: string): Part {
  if (name === 'postgres') return 'postgres';
  if (name === 'java') return 'broker';
  return textOf(`/proc/${pid}/cmdline`).includes('bench/load/generator.ts') ? 'generator' : 'services';
}

/** Empty for a process that has ended meanwhile. */
function textOf(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
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
