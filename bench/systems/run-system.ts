import { runCluster } from './cluster.ts';
import { runEmbedded } from './embedded.ts';
import type { Mode, System } from './system.ts';

export function runSystem(mode: Mode): Promise<System> {
  return mode === 'embedded' ? runEmbedded() : runCluster();
}
