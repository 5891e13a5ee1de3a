/** One thing that happened to a booking, or waits to happen. */
export interface TimelineEntry {
  readonly at: string;
  /** Milliseconds since the first entry. */
  readonly ms: number;
  readonly service: string;
  readonly kind: 'event' | 'provider' | 'parked' | 'effect' | 'deadline' | 'request';
  readonly type: string;
  readonly id: string;
  /** The entry that led to this one, as `service type id`, or the request or timer that did. */
  readonly causedBy?: string | undefined;
  /** The topic it was published on; absent for what a service keeps to itself. */
  readonly topic?: string | undefined;
  readonly says: string;
}
