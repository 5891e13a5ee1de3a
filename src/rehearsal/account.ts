import type { Visit } from './customers.ts';

/** What a rehearsal has shown. All times in milliseconds. */
export interface Account {
  readonly customers: number;
  readonly lastedMs: number;
  /** How many visits ended how: `confirmed`, `held`, `waiting`, `gave_up`, or why a booking was rejected. */
  readonly outcomes: Readonly<Record<string, number>>;
  readonly places: { readonly sold: number; readonly of: number };
  /** Who was told to come back later, and how often in all. */
  readonly toldToComeBack: { readonly customers: number; readonly times: number };
  /** From coming, or from being let in, to knowing: of those who have what they wanted, and of the others. */
  readonly yes: Waited;
  readonly no: Waited;
  /** In the waiting room, where there was one. */
  readonly inRoom?: Waited;
  readonly periods: readonly Period[];
  readonly processors: { readonly busiest: number; readonly of: number };
  /** Invariants that do not hold afterwards. */
  readonly broken: readonly string[];
}

export interface Waited {
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
  readonly most: number;
}

/** A part of the time. */
export interface Period {
  readonly fromMs: number;
  readonly toMs: number;
  readonly came: number;
  /** Of those who knew in it. */
  readonly booked: number;
  readonly refused: number;
  readonly gaveUp: number;
  /** How long those who knew in it had waited for answers; absent where nobody had. */
  readonly p50?: number;
  readonly p99?: number;
  /** How many processors of the machine were busy, with the customers; absent where nobody looked. */
  readonly busy?: number;
}

/** How busy the machine was, for about a second from a moment since the sale began. */
export interface Busy {
  readonly atMs: number;
  readonly processors: number;
}

export interface Seen {
  readonly visits: readonly Visit[];
  readonly busy: readonly Busy[];
  readonly capacity: number;
  readonly processors: number;
  readonly hasWaitingRoom: boolean;
  readonly broken: readonly string[];
}

const periodsShown = 10;
/** Who is on the waiting list has no seats, and knows it. */
const wanted: ReadonlySet<string> = new Set(['confirmed', 'held']);
const isYes = ({ outcome }: Visit) => wanted.has(outcome);
const hasGivenUp = ({ outcome }: Visit) => outcome === 'gave_up';
const isNo = (visit: Visit) => !isYes(visit) && !hasGivenUp(visit);
/** Whoever left the waiting room has asked for nothing, and waited for no answer. */
const hasAsked = ({ outcome }: Visit) => outcome !== 'left';

export function accountOf({ visits, busy, capacity, processors, hasWaitingRoom, broken }: Seen): Account {
  const lastedMs = visits.reduce((last, { knewMs }) => Math.max(last, knewMs), 0);
  const outcomes = Object.entries(Object.groupBy(visits, ({ outcome }) => outcome));
  const told = visits.filter(({ toldToComeBack }) => toldToComeBack > 0);
  return {
    ...{ customers: visits.length, lastedMs: Math.round(lastedMs), broken },
    outcomes: Object.fromEntries(
      outcomes.map(([name, those = []]): [string, number] => [name, those.length]).sort(([, a], [, b]) => b - a),
    ),
    places: { sold: visits.reduce((sum, { places }) => sum + places, 0), of: capacity },
    toldToComeBack: {
      customers: told.length,
      times: told.reduce((sum, { toldToComeBack }) => sum + toldToComeBack, 0),
    },
    yes: waited(visits.filter(isYes).map(({ tookMs }) => tookMs)),
    no: waited(visits.filter((visit) => isNo(visit) && hasAsked(visit)).map(({ tookMs }) => tookMs)),
    ...(hasWaitingRoom ? { inRoom: waited(visits.map(({ inRoomMs }) => inRoomMs)) } : {}),
    periods: periodsOf({ visits, busy }, lastedMs),
    processors: { busiest: rounded(Math.max(0, ...busy.map((each) => each.processors))), of: processors },
  };
}

/** Whether everybody got an answer and every promise holds. */
export function isBorne({ outcomes, broken }: Account): boolean {
  return (outcomes['gave_up'] ?? 0) === 0 && broken.length === 0;
}

function periodsOf({ visits, busy }: Pick<Seen, 'visits' | 'busy'>, lastedMs: number): readonly Period[] {
  const seconds = Math.max(1, Math.ceil(lastedMs / 1_000 / periodsShown));
  const lengthMs = seconds * 1_000;
  return Array.from({ length: Math.ceil(lastedMs / lengthMs) }, (_, number) => {
    const [fromMs, toMs] = [number * lengthMs, (number + 1) * lengthMs];
    const isIn = (ms: number) => ms >= fromMs && ms < toMs;
    const knew = visits.filter(({ knewMs }) => isIn(knewMs));
    const answered = knew.filter(hasAsked);
    const { p50, p99 } = waited(answered.map(({ tookMs }) => tookMs));
    const readings = busy.filter(({ atMs }) => isIn(atMs)).map((each) => each.processors);
    return {
      ...{ fromMs, toMs, came: visits.filter(({ cameMs }) => isIn(cameMs)).length },
      ...{
        booked: knew.filter(isYes).length,
        refused: knew.filter(isNo).length,
        gaveUp: knew.filter(hasGivenUp).length,
      },
      ...(answered.length === 0 ? {} : { p50, p99 }),
      ...(readings.length === 0
        ? {}
        : { busy: rounded(readings.reduce((sum, each) => sum + each, 0) / readings.length) }),
    };
  });
}

function waited(values: readonly number[]): Waited {
  const sorted = Float64Array.from(values).sort();
  const at = (share: number) => Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0);
  return { count: sorted.length, p50: at(0.5), p99: at(0.99), most: at(1) };
}

function rounded(number: number): number {
  return Math.round(number * 10) / 10;
}
