import { runCluster } from './cluster.ts';
import { runEmbedded } from './embedded.ts';
import type { Mode, System, SystemOptions } from './system.ts';

export function runSystem(mode: Mode, options: SystemOptions = {}): Promise<System> {
  return mode === 'embedded' ? runEmbedded(options) : runCluster(options);
}
