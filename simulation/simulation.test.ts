import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { describe, it } from 'node:test';
import { simulate } from './simulate.ts';
import { run } from './world.ts';

/** Seeds of one `npm test`; `fullhouse simulate` runs as many as one likes. */
const seeds = 400;
describe('the simulation', () => {
  it(`breaks no promise in ${seeds} seeds`, async () => {
    const summary = await simulate({ from: 1, seeds, lanes: availableParallelism() });
    assert.deepEqual(
      summary.failed.map(({ seed, violations }) => ({ seed, violations })),
      [],
    );
    assert.deepEqual(summary.neverMet, []);
  });

  it('is the same for the same seed, and another for another', async () => {
    const [first, again, other] = [await run({ seed: 7 }), await run({ seed: 7 }), await run({ seed: 8 })];
    assert.equal(again.hash, first.hash);
    assert.notEqual(other.hash, first.hash);
  });

  it('is the same in another process', async () => {
    const command = ['simulate', '--seeds', '1', '--from', '7', '--json'];
    const output = execFileSync('bin/fullhouse', command, { stdio: ['ignore', 'pipe', 'inherit'] });
    assert.equal((JSON.parse(output.toString()) as { hash: string }).hash, (await run({ seed: 7 })).hash);
  });
});
