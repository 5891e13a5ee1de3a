import { PostgresStore } from '../../src/runtime/store/postgres/postgres-store.ts';

/**
 * Loaded before everything else into a system that is measured: from SIGUSR2 on its loops commit nothing, and publish what
 * they have decided all the same. What such a system says is true of no database; it is thrown away afterwards.
 */
process.on('SIGUSR2', () => {
  PostgresStore.prototype.commit = async () => undefined;
});
