import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Scan, Scans } from './scans.ts';
import type { Verdict } from './verdict.ts';

const yes: Verdict = { tone: 'good', headline: 'Admitted', detail: '', isOpen: false };
const open: Verdict = { tone: 'warn', headline: 'Not known', detail: '', isOpen: true };

/** A door whose server answers when the test lets it. */
function door() {
  const asked: Scan[] = [];
  const answers: ((verdict: Verdict) => void)[] = [];
  const ask = (scan: Scan) => {
    asked.push(scan);
    return new Promise<Verdict>((resolve) => answers.push(resolve));
  };
  const scans = new Scans(() => undefined, ask);
  const scan = (...codes: readonly string[]) => {
    for (const code of codes) scans.add({ code, gate: 'North', showId: undefined });
  };
  /** Answers what was asked about last, and lets the door go on. */
  const answer = async (verdict: Verdict) => {
    answers.at(-1)?.(verdict);
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { scans, scan, asked, answer };
}

describe('the scans of a door', () => {
  it('are asked about one at a time, in the order they were made', async () => {
    const { scan, scans, asked, answer } = door();
    scan('a', 'b', 'c');
    assert.deepEqual(
      asked.map(({ code }) => code),
      ['a'],
    );
    await answer(yes);
    await answer(yes);
    assert.deepEqual(
      asked.map(({ code }) => code),
      ['a', 'b', 'c'],
    );
    assert.deepEqual(
      scans.all.map(({ code, state }) => [code, state]),
      [
        ['c', 'asking'],
        ['b', 'told'],
        ['a', 'told'],
      ],
    );
  });

  it('have a key each, also those of the same code, and keep it when they are asked about again', async () => {
    const { scan, scans, asked, answer } = door();
    scan('a', 'a');
    await answer(open);
    await answer(yes);
    const [, first] = scans.all;
    assert.ok(first !== undefined);
    scans.again(first);
    assert.deepEqual(asked[2], first);
    assert.equal(new Set(asked.map(({ key }) => key)).size, 2);
  });

  it('are not asked about again once they were decided', async () => {
    const { scan, scans, asked, answer } = door();
    scan('a');
    await answer(yes);
    for (const each of scans.all) scans.again(each);
    assert.equal(asked.length, 1);
  });

  it('are the last twenty, and all that have no verdict yet', async () => {
    const { scan, scans, answer } = door();
    scan(...Array.from({ length: 25 }, (_, index) => `${index}`));
    assert.equal(scans.all.length, 25);
    for (let index = 0; index < 25; index += 1) await answer(yes);
    scan('last');
    assert.equal(scans.all.length, 20);
  });

  it('wait no longer when the door is left', async () => {
    const { scan, scans, asked, answer } = door();
    scan('a', 'b');
    scans.stop();
    await answer(yes);
    assert.equal(asked.length, 1);
  });
});
