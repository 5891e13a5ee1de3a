import { getHeapStatistics } from 'node:v8';

/**
 * Loaded before everything else into a process that is tested: at SIGUSR2 it takes the memory that V8 may still use, but for
 * `HOARD_LEAVES_MB` megabytes, says how many, and gives it back at the next SIGUSR2. With 0 left the process ends, as V8 ends one that has
 * run out of memory.
 */
const leftBytes = Number(process.env['HOARD_LEAVES_MB']) * 1_048_576;
/** Numbers of 8 bytes: a megabyte. */
const blockNumbers = 131_072;

let hoard: number[][] = [];

function fill(): void {
  for (;;) {
    const { heap_size_limit: limit, used_heap_size: used } = getHeapStatistics();
    if (limit - used <= leftBytes && leftBytes > 0) return;
    hoard.push(new Array<number>(blockNumbers).fill(0.5));
  }
}

process.on('SIGUSR2', () => {
  if (hoard.length > 0) {
    hoard = [];
    return;
  }
  fill();
  console.error(`hoards ${hoard.length} MB`);
});
