/** A running Fullhouse that is measured. */
export interface System {
  readonly url: string;
  readonly administrator: { readonly email: string; readonly password: string };
  /** What a command line needs to act on it. */
  readonly environment: Readonly<Record<string, string>>;
  /** The process that all of it is below. */
  readonly pid: number;
  /** Its PostgreSQL, for whoever may look at all of it. */
  readonly databaseUrl: string;
  /** Kills it, and starts it again: milliseconds until it was ready. Absent where that is not measured. */
  restart?(): Promise<number>;
  stop(): Promise<void>;
}

export type Mode = 'embedded' | 'cluster';

export interface SystemOptions {
  /** What its processes are told beside where things are. */
  readonly environment?: Readonly<Record<string, string>>;
}
