import type { FromHost, HostPlan, ToHost } from './arm.ts';
import { openPlaces } from './places.ts';
import { runArm } from './run-arm.ts';

/** A baseline's process: a PostgreSQL and a log of its own below it, and one arm after the other as it is told. */
const tell = (message: FromHost): void => void process.send?.(message);
const said = (error: unknown): FromHost => ({ kind: 'failed', message: (error as Error).stack ?? String(error) });

process.once('message', async (plan: HostPlan) => {
  try {
    const places = await openPlaces(plan);
    tell({ kind: 'ready', databaseUrl: places.databaseUrl });
    const telling = { measuring: () => tell({ kind: 'measuring' }), measured: () => tell({ kind: 'measured' }) };
    process.on('message', (message: ToHost) => {
      if (message.kind === 'run')
        runArm(message.arm, places, telling).then(
          (result) => tell({ kind: 'result', result }),
          (error) => tell(said(error)),
        );
      else void places.close().finally(() => process.disconnect());
    });
  } catch (error) {
    tell(said(error));
    process.disconnect();
  }
});
// Whoever asked is gone.
process.once('disconnect', () => process.exit());
