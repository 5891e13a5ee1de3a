import { serviceNames } from '../src/contracts/topics.ts';
import type { VirtualClock } from './clock.ts';
import type { Cluster } from './cluster.ts';
import type { FaultKind, Faults } from './faults.ts';
import { type SimulatedProcess, sleep } from './process.ts';
import type { Random } from './random.ts';

/** How often, over a run, something is done to a process. */
const strokesMax = 10;
const runMs = 160_000;

/** The one who kills processes, moves their tasks about and sets clocks, at any time. */
export async function torment(options: {
  readonly cluster: Cluster;
  readonly clock: VirtualClock;
  readonly faults: Faults;
  readonly random: Random;
}): Promise<void> {
  const { cluster, clock, faults, random } = options;
  const goOn = async (service: string, zombie: SimulatedProcess) => {
    if (cluster.hosts(service).length < 2) await cluster.startProcess(service);
    const group = cluster.groups.named(service);
    await group?.deafen(zombie);
    await sleep(random.between(1_000, 30_000));
    await group?.hear(zombie);
  };
  const strokes: Partial<Record<FaultKind, (service: string) => Promise<void>>> = {
    'crash at any time': async (service) => {
      for (const host of cluster.hosts(service).slice(0, 1)) host.process.kill();
    },
    'long outage': async (service) => {
      const restore = cluster.shutDown(service);
      await sleep(random.between(20_000, 150_000));
      restore();
    },
    'owner changes': async (service) => {
      if (cluster.hosts(service).length < 2) await cluster.startProcess(service);
      else await cluster.groups.named(service)?.rebalance(1);
    },
    'orderly restart': async (service) => {
      const [host] = cluster.hosts(service);
      if (host !== undefined) await host.stop();
    },
    'zombie goes on': async (service) => {
      const [zombie] = cluster.hosts(service);
      if (zombie !== undefined) await goOn(service, zombie.process);
    },
    'zombie without a log': async (service) => {
      const [zombie] = cluster.hosts(service);
      if (zombie === undefined) return;
      const bringBack = zombie.process.cutOffFromLog();
      await goOn(service, zombie.process);
      bringBack();
    },
    'clock steps': async () => clock.step(random.pick([-60_000, -5_000, -700, 700, 5_000, 60_000])),
  };
  const kinds = (Object.keys(strokes) as FaultKind[]).filter((kind) => faults.temperament(kind) > 0);
  const done: Promise<void>[] = [];
  const count = kinds.length === 0 ? 0 : random.between(0, strokesMax);
  for (let stroke = 0; stroke < count; stroke += 1) {
    const [kind, service, at] = [random.pick(kinds), random.pick(serviceNames), random.between(1_000, runMs)];
    done.push(
      sleep(at).then(async () => {
        if (faults.happens(kind, service)) await strokes[kind]?.(service);
      }),
    );
  }
  await Promise.all(done);
}
