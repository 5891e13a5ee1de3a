import type { Failed } from '../load/child.ts';
import type { Distribution, LoadPlan } from '../load/plan.ts';
import type { Mode } from '../systems/system.ts';

/** What a baseline's process is asked for; it travels as JSON. */
export type Arm =
  | (Timing & {
      readonly kind: 'pipeline';
      /** `without-storing` publishes and commits nothing. */
      readonly how: 'null' | 'without-storing' | 'plain' | 'tuned';
      readonly pace: LoadPlan['pace'];
    })
  /** One record alone over the log, or one row alone into the database, at a rate: how long that takes. */
  | (Timing & { readonly kind: 'hop' | 'commit'; readonly ratePerSecond: number })
  /** Kafka's own `ProducerPerformance`, where there is a Kafka. */
  | { readonly kind: 'producer-performance'; readonly records: number; readonly recordBytes: number };

interface Timing {
  readonly warmUpMs: number;
  readonly measuredMs: number;
}

/** What came of it: passages (or hops, commits, records) done, and so many a second. */
export interface ArmResult {
  readonly done: number;
  readonly perSecond: number;
  readonly ms: Distribution;
}

export type ToldOfHost =
  | { readonly kind: 'ready'; readonly databaseUrl: string }
  | { readonly kind: 'measuring' | 'measured' }
  | { readonly kind: 'result'; readonly result: ArmResult }
  | Failed;

export interface HostPlan {
  readonly mode: Mode;
  readonly directory: string;
}
