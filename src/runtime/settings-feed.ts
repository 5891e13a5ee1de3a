import { type Setting, SettingChanged } from '../contracts/catalog.ts';
import { defaultSettings, isSettingKey, type Settings, settingFrom, settingKeys } from '../contracts/settings.ts';
import { follow } from './log/follower.ts';
import type { Consumption, Log, LogRecord } from './log/log.ts';
import type { Logger } from './logger.ts';

/** How long a start waits for the topic before it goes on with what a service's database has stored of it. */
const readWithinMs = 5_000;
const retryMs = 2_000;

export interface SettingsFeedOptions {
  /** The settings that the databases of this process' services have stored; empty where none has. */
  readonly stored?: () => Promise<readonly Setting[]>;
  readonly readWithinMs?: number;
  readonly retryMs?: number;
}

/**
 * The settings in force, kept by each process for itself: it follows the `settings` topic from its beginning, outside the
 * consumer groups. A record that cannot be used is passed over with a line in the log, and the value before it stays. While
 * the topic cannot be read, the last that was stored is in force.
 */
export class SettingsFeed {
  readonly #records = new Map<string, Setting>();
  readonly #logger: Logger;
  #consumption: Consumption | undefined;
  readonly #options: Required<SettingsFeedOptions>;
  readonly #listeners: ((settings: Settings) => void)[] = [];
  #retry: NodeJS.Timeout | undefined;
  #stopped = false;
  current: Settings = defaultSettings;

  constructor(logger: Logger, options: SettingsFeedOptions = {}) {
    this.#logger = logger;
    this.#options = { stored: async () => [], readWithinMs, retryMs, ...options };
  }

  /** Calls back with the settings in force, now and at each change. */
  onChange(listener: (settings: Settings) => void): void {
    this.#listeners.push(listener);
    listener(this.current);
  }

  /**
   * Starts following; resolves when what the topic holds now has been read or, where that takes too long, when what was
   * stored of it has been.
   */
  async start(log: Log): Promise<void> {
    const reading = this.#follow(log);
    const late = Promise.withResolvers<'late'>();
    const timer = setTimeout(() => late.resolve('late'), this.#options.readWithinMs);
    const outcome = await Promise.race([reading.then(() => 'read' as const), late.promise]).catch(
      (error: Error & { readonly retryable?: boolean }) => error,
    );
    clearTimeout(timer);
    if (outcome === 'read') return;
    if (outcome !== 'late' && outcome.retryable !== true) throw outcome;
    const stored = await this.#options.stored();
    if (stored.length === 0) return reading;
    const error = outcome === 'late' ? `no answer within ${this.#options.readWithinMs} ms` : outcome.message;
    this.#logger.error({ error }, 'the settings topic cannot be read; the settings that were stored last are in force');
    this.#take(stored);
    reading.catch(() => this.#again(log));
  }

  /** The start went on without the topic: it is followed as soon as it can be. */
  #again(log: Log): void {
    if (this.#stopped) return;
    this.#retry = setTimeout(() => {
      this.#follow(log).then(
        () => this.#logger.info('the settings topic can be read again'),
        () => this.#again(log),
      );
    }, this.#options.retryMs);
  }

  async #follow(log: Log): Promise<void> {
    const partition = { topic: 'settings', partition: 0 };
    const { first, next } = await log.bounds(partition);
    let offset = first;
    while (offset < next) {
      const page = await log.read({ ...partition, offset }, 1_000);
      if (page.length === 0) break;
      this.#apply(page);
      offset = (page.at(-1)?.offset ?? offset) + 1;
    }
    let begun = false;
    const following = await follow(log, {
      topic: partition.topic,
      // What was read above need not be read again; a topic that was created anew is read from its beginning.
      from: (bounds) => (begun ? bounds.first : Math.max(offset, bounds.first)),
      onRecords: (records) => this.#apply(records),
      logger: this.#logger,
    });
    begun = true;
    this.#consumption = following;
    if (this.#stopped) await following.stop();
  }

  /** The last record of a key, for the trace of decisions. */
  record(key: string): Setting | undefined {
    return this.#records.get(key);
  }

  #apply(records: readonly LogRecord[]): void {
    const read: Setting[] = [];
    for (const { key, value } of records) {
      if (value === null || !isSettingKey(key)) continue;
      const setting = settingIn(value);
      if (setting === undefined) this.#logger.error({ key }, 'a setting cannot be read');
      else read.push(setting);
    }
    this.#take(read);
  }

  #take(changes: readonly Setting[]): void {
    for (const setting of changes) {
      if ((this.#records.get(setting.key)?.version ?? 0) < setting.version) this.#records.set(setting.key, setting);
    }
    const get = (key: string) => this.#records.get(key);
    this.current = Object.freeze(
      Object.fromEntries(settingKeys.map((key) => [key, settingFrom(get, key)])),
    ) as unknown as Settings;
    for (const listener of this.#listeners) listener(this.current);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#retry);
    await this.#consumption?.stop();
  }
}

/** A record's setting; `undefined` for what is none: it must not stand in the way of the changes to come. */
function settingIn(value: string): Setting | undefined {
  try {
    return SettingChanged.data.safeParse(JSON.parse(value)).data;
  } catch {
    return undefined;
  }
}
