/** A running Fullhouse that is measured. */
export interface System {
  readonly url: string;
  readonly administrator: { readonly email: string; readonly password: string };
  /** What a command line needs to act on it. */
  readonly environment: Readonly<Record<string, string>>;
  /** Kills it, and starts it again: milliseconds until it was ready. Absent where that is not measured. */
  restart?(): Promise<number>;
  stop(): Promise<void>;
}

export type Mode = 'embedded' | 'cluster';
