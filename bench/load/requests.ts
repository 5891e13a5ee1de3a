import { randomUUID } from 'node:crypto';
import { Pool } from 'undici';
import { serveParent } from './child.ts';
import type { RequestPlan, ToldOfRequests } from './run-requests.ts';

/** The same requests again and again at a constant rate, in a process of its own. */
const tickMs = 2;

serveParent<RequestPlan, ToldOfRequests>(async (plan, tell) => {
  const pool = new Pool(plan.url, { connections: plan.connections, pipelining: 1 });
  const own = randomUUID();
  const began = performance.now();
  let asked = 0;
  let answered = 0;
  let isMeasuring = false;
  const wrong: Record<string, number> = {};
  const ask = () => {
    const { path, body } = plan.requests[asked % plan.requests.length] ?? { path: '/' };
    const headers = { ...plan.headers, ...(body === undefined ? {} : { 'idempotency-key': `${own}-${asked}` }) };
    asked += 1;
    const method = body === undefined ? 'GET' : 'POST';
    const count = (status: number) => {
      if (status === plan.status && isMeasuring) answered += 1;
      if (status !== plan.status) wrong[status] = (wrong[status] ?? 0) + 1;
    };
    pool.request({ method, path, headers, body: body ?? null }).then(
      async (response) => {
        await response.body.dump();
        count(response.statusCode);
      },
      () => count(0),
    );
  };
  await new Promise<void>((resolve) => {
    const timer = setInterval(() => {
      const elapsed = performance.now() - began;
      if (!isMeasuring && elapsed >= plan.warmUpMs) {
        isMeasuring = true;
        tell({ kind: 'measuring' });
      }
      if (elapsed >= plan.warmUpMs + plan.measuredMs) {
        clearInterval(timer);
        isMeasuring = false;
        tell({ kind: 'measured', answered, wrong });
        resolve();
      } else for (; asked < (elapsed * plan.ratePerSecond) / 1_000; ) ask();
    }, tickMs);
  });
  return () => pool.destroy();
});
