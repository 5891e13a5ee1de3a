import { serveParent } from '../load/child.ts';
import type { Arm, HostPlan, ToldOfHost } from './arm.ts';
import { openPlaces } from './places.ts';
import { runArm } from './run-arm.ts';

/** A baseline's process: a PostgreSQL and a log of its own below it, and one arm after the other as it is told. */
serveParent<HostPlan, ToldOfHost>(async (plan, tell) => {
  const places = await openPlaces(plan);
  const telling = { measuring: () => tell({ kind: 'measuring' }), measured: () => tell({ kind: 'measured' }) };
  process.on('message', (arm: Arm) => {
    runArm(arm, places, telling).then(
      (result) => tell({ kind: 'result', result }),
      (error: Error) => tell({ kind: 'failed', message: error.stack ?? error.message }),
    );
  });
  tell({ kind: 'ready', databaseUrl: places.databaseUrl });
  return () => places.close();
});
