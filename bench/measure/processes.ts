import { readdirSync, readFileSync } from 'node:fs';

/** Whose use of the machine is told apart. */
export type Part = 'services' | 'postgres' | 'broker' | 'generator';

export interface Running {
  readonly pid: number;
  readonly part: Part;
  /** What it has computed, in clock ticks: its own, and that of children that have ended. */
  readonly ticks: number;
}

/**
 * A process and those below it, from `/proc` (proc(5), `stat`). A process of PostgreSQL or of Java is known by its name, the
 * generator by its command line; this process itself is left out.
 */
export function processesBelow(from: number): readonly Running[] {
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
  const meant = [...processes].filter(([pid]) => pid !== process.pid && isMeant(pid));
  return meant.map(([pid, { name, ticks }]) => ({ pid, part: partOf(pid, name), ticks }));
}

function partOf(pid: number, name: string): Part {
  if (name === 'postgres') return 'postgres';
  if (name === 'java') return 'broker';
  return textOf(`/proc/${pid}/cmdline`).includes('bench/load/') ? 'generator' : 'services';
}

/** What a process of ours was started as, such as `serve user`; of any other its program. */
export function roleOf(pid: number): string {
  const [program = '', ...words] = textOf(`/proc/${pid}/cmdline`).split('\0');
  const ours = words.findIndex((word) => word.endsWith('main.ts'));
  return ours === -1
    ? program
    : words
        .slice(ours + 1)
        .join(' ')
        .trim();
}

/** Memory that is a process's own, in megabytes: what it shares with others counts in part (`Pss_Anon`). */
export function ownMemory(pid: number): number {
  return Number(/^Pss_Anon:\s+(\d+) kB/m.exec(textOf(`/proc/${pid}/smaps_rollup`))?.[1] ?? 0) / 1_024;
}

/** Empty for a process that has ended meanwhile. */
function textOf(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
