import { type Logger as PinoLogger, pino } from 'pino';
import type { LogLevel, LogName } from '../contracts/settings.ts';

export type Logger = PinoLogger;

/** Loggers by the one they were made from, so that their levels can be changed while they are in use. */
const named = new WeakMap<Logger, Map<LogName, Logger>>();

/** JSON lines on standard error; standard output is for what a person or a program asked for. */
export function createLogger(level: string): Logger {
  return pino(
    { level, base: null, timestamp: pino.stdTimeFunctions.isoTime },
    pino.destination({ dest: 2, sync: false }),
  );
}

/** The logger of a service, which every line names: one for each name, however often it is asked for. */
export function loggerOf(root: Logger, service: LogName): Logger {
  const all = named.get(root) ?? new Map<LogName, Logger>();
  named.set(root, all);
  const known = all.get(service);
  if (known !== undefined) return known;
  const made = root.child({ service });
  all.set(service, made);
  return made;
}

/** Sets the levels of a logger and of those that were made from it by name. */
export function setLogLevels(
  root: Logger,
  levels: Partial<Readonly<Record<LogName, LogLevel>>>,
  otherwise: LogLevel,
): void {
  root.level = levels.default ?? otherwise;
  for (const [service, logger] of named.get(root) ?? []) logger.level = levels[service] ?? root.level;
}
