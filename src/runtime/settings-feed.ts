import { type Setting, SettingChanged } from '../contracts/catalog.ts';
import { defaultSettings, isSettingKey, type Settings, settingFrom, settingKeys } from '../contracts/settings.ts';
import { follow } from './log/follower.ts';
import type { Consumption, Log, LogRecord } from './log/log.ts';
import type { Logger } from './logger.ts';

/**
 * The settings in force, kept by each process for itself: it follows the `settings` topic from its beginning, outside the
 * consumer groups. A record that cannot be used is passed over with a line in the log, and the value before it stays.
 */
export class SettingsFeed {
  readonly #records = new Map<string, Setting>();
  readonly #logger: Logger;
  #consumption: Consumption | undefined;
  current: Settings = defaultSettings;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** Starts following; resolves when what the topic holds now has been read. */
  async start(log: Log): Promise<void> {
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
    this.#consumption = await follow(log, {
      topic: partition.topic,
      // What was read above need not be read again; a topic that was created anew is read from its beginning.
      from: (bounds) => (begun ? bounds.first : Math.max(offset, bounds.first)),
      onRecords: (records) => this.#apply(records),
      logger: this.#logger,
    });
    begun = true;
  }

  /** The last record of a key, for the trace of decisions. */
  record(key: string): Setting | undefined {
    return this.#records.get(key);
  }

  #apply(records: readonly LogRecord[]): void {
    for (const { key, value } of records) {
      if (value === null || !isSettingKey(key)) continue;
      const setting = read(value);
      if (setting === undefined) this.#logger.error({ key }, 'a setting cannot be read');
      else if ((this.#records.get(key)?.version ?? 0) < setting.version) this.#records.set(key, setting);
    }
    const get = (key: string) => this.#records.get(key);
    this.current = Object.freeze(
      Object.fromEntries(settingKeys.map((key) => [key, settingFrom(get, key)])),
    ) as unknown as Settings;
  }

  async stop(): Promise<void> {
    await this.#consumption?.stop();
  }
}

/** A record's setting; `undefined` for what is none: it must not stand in the way of the changes to come. */
function read(value: string): Setting | undefined {
  try {
    return SettingChanged.data.safeParse(JSON.parse(value)).data;
  } catch {
    return undefined;
  }
}
