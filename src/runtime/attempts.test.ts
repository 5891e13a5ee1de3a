import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countAttempt } from './attempts.ts';
import { Problem } from './http/problem.ts';

/** A database that counts on, a minute from the first attempt of each subject. */
function counting() {
  let now = 0;
  let asked = 0;
  const windows = new Map<string, { from: number; attempts: number }>();
  const query = async <Row>(_text: string, values: readonly unknown[] = []): Promise<readonly Row[]> => {
    asked += 1;
    const subject = String(values[0]);
    const known = windows.get(subject);
    const window = known === undefined || now - known.from > 60_000 ? { from: now, attempts: 0 } : known;
    window.attempts += 1;
    windows.set(subject, window);
    const secondsLeft = Math.max(1, Math.ceil(60 - (now - window.from) / 1_000));
    return [{ attempts: window.attempts, secondsLeft } as Row];
  };
  const database = { query };
  const tries = async (subject: string, perMinuteMax = 2) => {
    const attempt = { table: 'login_attempts', subject, perMinuteMax, says: 'Too often.' };
    try {
      await countAttempt(database, attempt, () => now);
      return 'let through';
    } catch (error) {
      assert.ok(error instanceof Problem);
      return `${error.code} ${error.retryAfterSeconds}`;
    }
  };
  const pass = (ms: number) => {
    now += ms;
  };
  return { tries, asked: () => asked, pass };
}

test('who has tried too often is refused until the minute is over, and the database is not asked again', async () => {
  const { tries, asked, pass } = counting();
  assert.deepEqual(
    [await tries('ada'), await tries('ada'), await tries('ada')],
    ['let through', 'let through', 'rate_limited 60'],
  );
  pass(20_500);
  for (let more = 0; more < 100; more += 1) assert.equal(await tries('ada'), 'rate_limited 40');
  assert.equal(asked(), 3);
  assert.equal(await tries('eve'), 'let through');
  pass(40_000);
  assert.equal(await tries('ada'), 'let through');
});

test('a limit that is raised counts at once', async () => {
  const { tries } = counting();
  for (let tried = 0; tried < 3; tried += 1) await tries('ada');
  assert.equal(await tries('ada'), 'rate_limited 60');
  assert.equal(await tries('ada', 10), 'let through');
  assert.equal(await tries('ada', 4), 'rate_limited 60');
});
