import { type Logger as PinoLogger, pino } from 'pino';
import type { LogLevel, LogName } from '../contracts/settings.ts';

export type Logger = PinoLogger;

type Levels = Partial<Readonly<Record<LogName, LogLevel>>>;

/** The loggers that were made of one, so that their levels can be changed while they are in use, and the levels in force. */
interface Named {
  readonly loggers: Map<LogName, Logger>;
  levels: Levels;
}

const named = new WeakMap<Logger, Named>();

/** JSON lines on standard error; standard output is for what a person or a program asked for. */
export function createLogger(level: string): Logger {
  return pino(
    { level, base: null, timestamp: pino.stdTimeFunctions.isoTime },
    pino.destination({ dest: 2, sync: false }),
  );
}

/** The logger of a service, which every line names: one for each name, however often it is asked for. */
export function loggerOf(root: Logger, service: LogName): Logger {
  const { loggers, levels } = namedOf(root);
  const known = loggers.get(service);
  if (known !== undefined) return known;
  const made = root.child({ service }, { level: levels[service] ?? root.level });
  loggers.set(service, made);
  return made;
}

function namedOf(root: Logger): Named {
  const known = named.get(root) ?? { loggers: new Map<LogName, Logger>(), levels: {} };
  named.set(root, known);
  return known;
}

/** Sets the levels of a logger and of those that are made from it by name, before this or after. */
export function setLogLevels(root: Logger, levels: Levels, otherwise: LogLevel): void {
  root.level = levels.default ?? otherwise;
  const known = namedOf(root);
  known.levels = levels;
  for (const [service, logger] of known.loggers) logger.level = levels[service] ?? root.level;
}
