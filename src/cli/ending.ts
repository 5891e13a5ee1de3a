import type { Logger } from '../runtime/logger.ts';

/** The longest an orderly end may take before the process goes anyway. */
const stopMaxMs = 9_500;

export interface Ending {
  /** Aborted when the process was told to stop. */
  readonly signal: AbortSignal;
  /** What is to be stopped, once it has started. */
  whenStarted<Started extends { stop(): Promise<void> }>(starting: Promise<Started>): Promise<Started>;
}

/** Ends the process in order at SIGTERM and SIGINT, and at once at an error that nobody expected. */
export function endingInOrder(logger: Logger): Ending {
  process.on('uncaughtException', (error) => {
    // Crash-only: what is acknowledged is stored, and the next start goes on from there.
    logger.fatal({ error: error.message, stack: error.stack }, 'unexpected error');
    process.exit(1);
  });
  const told = new AbortController();
  return {
    signal: told.signal,
    async whenStarted(starting) {
      const stop = (signal: string) => {
        if (told.signal.aborted) return;
        told.abort();
        logger.info({ signal }, 'stopping');
        setTimeout(() => process.exit(1), stopMaxMs).unref();
        // A start that is under way comes to its end first; one that fails says so itself.
        void starting
          .then((started) => started.stop())
          .then(
            () => process.exit(0),
            () => process.exit(1),
          );
      };
      process.on('SIGTERM', stop).on('SIGINT', stop);
      return starting;
    },
  };
}
