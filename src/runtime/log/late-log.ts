import type {
  Bounds,
  ConsumeOptions,
  Consumption,
  JoinOptions,
  Log,
  LogRecord,
  LogTopic,
  Membership,
  OutgoingRecord,
  Position,
  TopicPartition,
} from './log.ts';

/** A log that tells whether its brokers answer. */
export type HealthyLog = Log & {
  readonly health: { readonly reachable: true } | { readonly reachable: false; readonly error: string };
};

/**
 * A log that a process is built around before it has been reached, so that requests are accepted meanwhile. Its topics are
 * those it will have, without their ids; whatever is asked of it waits.
 */
export class LateLog implements HealthyLog {
  readonly #wanted: readonly LogTopic[];
  readonly #opened: Promise<HealthyLog>;
  #log: HealthyLog | undefined;

  constructor(topics: readonly Omit<LogTopic, 'id'>[], opening: Promise<HealthyLog>) {
    this.#wanted = topics.map((topic) => ({ ...topic, id: '' }));
    this.#opened = opening.then((log) => {
      this.#log = log;
      return log;
    });
    // Whoever asks something of it is told.
    this.#opened.catch(() => undefined);
  }

  /** Resolves when it has been reached; rejects where it never will be. */
  async reached(): Promise<void> {
    await this.#opened;
  }

  get topics(): readonly LogTopic[] {
    return this.#log?.topics ?? this.#wanted;
  }

  get health(): HealthyLog['health'] {
    return this.#log?.health ?? { reachable: false, error: 'it has not been reached yet' };
  }

  async append(records: readonly OutgoingRecord[]): Promise<void> {
    return (await this.#opened).append(records);
  }

  consume(options: ConsumeOptions): Consumption {
    if (this.#log !== undefined) return this.#log.consume(options);
    let isStopped = false;
    const consuming = this.#opened.then((log) => (isStopped ? undefined : log.consume(options)));
    consuming.catch(options.onError);
    return {
      stop: async () => {
        isStopped = true;
        if (this.#log !== undefined) await (await consuming)?.stop();
      },
    };
  }

  async read(from: Position, recordsMax: number): Promise<readonly LogRecord[]> {
    return (await this.#opened).read(from, recordsMax);
  }

  async bounds(partition: TopicPartition): Promise<Bounds> {
    return (await this.#opened).bounds(partition);
  }

  async join(options: JoinOptions): Promise<Membership> {
    return (await this.#opened).join(options);
  }

  commit(group: string, positions: readonly Position[]): void {
    this.#log?.commit(group, positions);
  }

  async committed(): Promise<readonly (Position & { readonly group: string })[]> {
    return (await this.#opened).committed();
  }

  async close(): Promise<void> {
    await this.#log?.close();
  }
}
