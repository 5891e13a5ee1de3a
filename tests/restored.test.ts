import { join } from 'node:path';
import { type App, startApp } from '../src/app.ts';
import { readConfiguration } from '../src/runtime/configuration.ts';
import { startEmbeddedPostgres } from '../src/runtime/embedded/postgres.ts';
import { createLogger } from '../src/runtime/logger.ts';
import { temporaryDirectory } from './support/directory.ts';
import { describeRestored } from './support/restored-databases.ts';
import { administrator } from './support/servers.ts';

/** The embedded mode: the log is in a file of its own, and goes on where a database does not. */
describeRestored(async () => {
  const directory = await temporaryDirectory('embedded');
  const environment = { FULLHOUSE_DATA_DIR: directory.path };
  const configuration = readConfiguration({
    ...environment,
    PORT: '0',
    LOG_LEVEL: 'silent',
    FULLHOUSE_DEMO: 'false',
    FULLHOUSE_ADMIN_EMAIL: administrator.email,
    FULLHOUSE_ADMIN_PASSWORD: administrator.password,
  });
  let app: App | undefined;
  return {
    environment: () => environment,
    start: async () => {
      app = await startApp(configuration, createLogger(configuration.LOG_LEVEL));
      return app;
    },
    whileStopped: async (work) => {
      const postgres = await startEmbeddedPostgres(join(directory.path, 'postgres'));
      await work(postgres).finally(() => postgres.stop());
    },
    stop: async () => {
      await app?.stop();
      await directory.remove();
    },
  };
});
