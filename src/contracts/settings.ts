import { z } from 'zod';
import type { Setting } from './catalog.ts';
import { serviceNames } from './topics.ts';

/**
 * Settings that change while the system runs: key → schema and default. The `settings` topic carries what was changed;
 * what was never changed has its default here.
 */
export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];
/** Whose lines a level is for; `default` is for whoever is not named. */
export const logNames = ['default', ...serviceNames, 'operations', 'gateway'] as const;
export type LogName = (typeof logNames)[number];

const days = z.int().min(1).max(3_650);
const milliseconds = (least: number, most: number) => z.int().min(least).max(most);

export const pricingRules = z.strictObject({
  /** Price never below this share of the list price, in percent. */
  floorPercent: z.number().min(0).max(100),
  ceilingPercent: z.number().min(100).max(1_000),
  /** The most that one change of the price list may move a price, in percent of the list price. */
  largestStepPercent: z.number().min(0).max(1_000),
  occupancy: z
    .array(z.strictObject({ fromPercent: z.number().min(0).max(100), addPercent: z.number().min(-100).max(900) }))
    .max(20),
  timeToShow: z
    .array(z.strictObject({ withinHours: z.number().min(0).max(10_000), addPercent: z.number().min(-100).max(900) }))
    .max(20),
  salesSpeed: z
    .array(z.strictObject({ fromSeatsPerHour: z.number().min(0), addPercent: z.number().min(-100).max(900) }))
    .max(20),
});
export type PricingRules = Readonly<z.infer<typeof pricingRules>>;

export const settings = {
  holdTtlMs: { schema: milliseconds(1_000, 86_400_000), default: 300_000 },
  paymentGraceMs: { schema: milliseconds(0, 3_600_000), default: 60_000 },
  paymentAttemptsMax: { schema: z.int().min(1).max(20), default: 3 },
  paymentUnsettledAfterMs: { schema: milliseconds(1_000, 86_400_000), default: 60_000 },
  seatsPerBookingMax: { schema: z.int().min(1).max(100), default: 10 },
  requestTtlMs: { schema: milliseconds(1_000, 3_600_000), default: 60_000 },
  notificationGraceMs: { schema: milliseconds(0, 600_000), default: 2_000 },
  referenceWaitMs: { schema: milliseconds(0, 60_000), default: 5_000 },
  quoteTtlMs: { schema: milliseconds(1_000, 86_400_000), default: 120_000 },
  bookingFeeMinor: { schema: z.int().min(0).max(100_000), default: 150 },
  notificationChannels: {
    schema: z.array(z.enum(['email', 'sms'])).max(2),
    default: ['email', 'sms'] as ('email' | 'sms')[],
  },
  /**
   * Ways to pay that are on. While `card` is off, nothing new is charged at the provider: what comes in is refused, and what
   * was accepted before keeps its seats for another try. Charges that are open are still asked about, refunds are still made.
   */
  paymentMethods: {
    schema: z.array(z.enum(['card', 'cash'])).max(2),
    default: ['card', 'cash'] as ('card' | 'cash')[],
  },
  /** How long rows are kept that only matter for a time; what is older goes, a bounded number at once. */
  retentionDays: {
    schema: z.strictObject({
      /** A request that is repeated later than this counts as a new one. */
      idempotencyKeys: days,
      /** Of streams that nobody has needed since. */
      snapshots: days,
      /** What the inbox received, and which sendings were begun. */
      messages: days,
      /** Webhooks that matched nothing. */
      webhooks: days,
      /** What operators asked of tasks. */
      operations: days,
    }),
    default: { idempotencyKeys: 7, snapshots: 30, messages: 30, webhooks: 90, operations: 7 },
  },
  /** From which level lines are written, by service; where none is named, `LOG_LEVEL` says so. */
  logLevels: {
    schema: z.partialRecord(z.enum(logNames), z.enum(logLevels)),
    default: {} as Partial<Record<LogName, LogLevel>>,
  },
  /** How many of those who waited for a show may be inside at once and have not booked yet, where its room says nothing else. */
  waitingRoomInsideMax: { schema: z.int().min(1).max(1_000_000), default: 500 },
  /** How long somebody may choose and book once they were let in. */
  waitingRoomVisitMs: { schema: milliseconds(1_000, 3_600_000), default: 600_000 },
  /** How long seats are held for somebody who has waited for them; at most until the sale ends, but never shorter than other holds. */
  waitingListHoldMs: { schema: milliseconds(1_000, 86_400_000), default: 1_800_000 },
  /** How many bookings may wait for seats of one show. */
  waitingListMax: { schema: z.int().min(0).max(10_000), default: 5_000 },
  rateLimitPerUser: { schema: z.int().min(1).max(10_000_000), default: 3_000 },
  rateLimitPerAddress: { schema: z.int().min(1).max(10_000_000), default: 30_000 },
  /** Share of requests whose way through the system is recorded, where traces are exported at all. */
  traceSampleRatio: { schema: z.number().min(0).max(1), default: 0.01 },
  loginsPerMinute: { schema: z.int().min(1).max(100_000), default: 10 },
  pricingRules: {
    schema: pricingRules,
    default: {
      floorPercent: 70,
      ceilingPercent: 150,
      largestStepPercent: 10,
      occupancy: [
        { fromPercent: 50, addPercent: 5 },
        { fromPercent: 75, addPercent: 10 },
        { fromPercent: 90, addPercent: 20 },
      ],
      timeToShow: [{ withinHours: 24, addPercent: 5 }],
      salesSpeed: [{ fromSeatsPerHour: 200, addPercent: 5 }],
    } as PricingRules,
  },
} as const;

export type SettingKey = keyof typeof settings;
export type Settings = { readonly [Key in SettingKey]: z.infer<(typeof settings)[Key]['schema']> };

export const settingKeys = Object.keys(settings) as readonly SettingKey[];

export const defaultSettings: Settings = Object.fromEntries(
  settingKeys.map((key) => [key, settings[key].default]),
) as unknown as Settings;

/** Whether a name from outside is a setting. */
export function isSettingKey(name: string): name is SettingKey {
  return Object.hasOwn(settings, name);
}

/** Values that were checked before: the record of a setting is one object until it changes. */
const checked = new WeakMap<Setting, { readonly value: unknown } | 'unusable'>();

/**
 * The value in force of one setting. `get` gives the record of the `settings` topic, `undefined` where the setting was
 * never changed; that, and a value this version cannot use, means the default.
 */
export function settingFrom<Key extends SettingKey>(get: (key: Key) => Setting | undefined, key: Key): Settings[Key] {
  const fallback: unknown = settings[key].default;
  const record = get(key);
  if (record === undefined) return fallback as Settings[Key];
  let known = checked.get(record);
  if (known === undefined) {
    const parsed = settings[key].schema.safeParse(record.value);
    known = parsed.success ? { value: parsed.data } : 'unusable';
    checked.set(record, known);
  }
  return (known === 'unusable' ? fallback : known.value) as Settings[Key];
}

/** How often a setting was changed: 0 while it has its default. */
export function settingVersion<Key extends SettingKey>(get: (key: Key) => Setting | undefined, key: Key): number {
  return get(key)?.version ?? 0;
}
