import { fileURLToPath } from 'node:url';

/** What V8 may use of a process in which memory is to become short. */
const megabytesMax = 512;
const script = fileURLToPath(new URL('hoard.ts', import.meta.url));

/** The environment of a process that, from SIGUSR2 to the next one, has so many megabytes left; with 0 it ends. */
export function hoarding(megabytesLeft: number): Readonly<Record<string, string>> {
  return {
    NODE_OPTIONS: `--import=${script} --max-old-space-size=${megabytesMax}`,
    HOARD_LEAVES_MB: String(megabytesLeft),
  };
}
