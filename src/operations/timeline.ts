import { bookingNumber } from '../contracts/rules/booking-number.ts';
import { byId, type PlaceNames } from '../contracts/rules/places.ts';
import type { ServiceName } from '../contracts/topics.ts';
import type { ServiceDefinition } from '../runtime/service.ts';
import { privateChannel } from '../runtime/store/store.ts';
import { bookingNamed } from './booking-named.ts';
import { type Installation, OperationRefused } from './installation.ts';
import { placesOfShow } from './place-names.ts';
import type { TimelineEntry } from './timeline-entry.ts';
import { conclusionOf, sentenceFor } from './timeline-sentences.ts';
import { whatWaits } from './timeline-waiting.ts';

/**
 * All that happened to a booking, in all services: each fact with what caused it, what the provider's own books say, and
 * what still waits. The event tables are the truth, so it can be told after any retention of the topics.
 */
export interface Timeline {
  readonly bookingId: string;
  /** What people call it. */
  readonly number: string;
  readonly entries: readonly TimelineEntry[];
  readonly conclusion: string;
}

/** Facts of one booking in one service that are told; no booking of ours has more. */
const eventsPerServiceMax = 2_000;

export interface StoredEvent {
  readonly service: string;
  readonly id: string;
  readonly channel: string;
  readonly type: string;
  readonly time: number;
  readonly causationId: string;
  readonly data: unknown;
}

/** Tells the story of a booking, named by its id or its number. Refuses one that no service knows. */
export async function timeline(installation: Installation, named: string): Promise<Timeline> {
  const bookingId = await bookingNamed(installation, named);
  const events: StoredEvent[] = [];
  for (const { name } of installation.definitions) {
    const rows = await installation.query<Omit<StoredEvent, 'service'>>(
      name as ServiceName,
      `select stream || '/' || stream_version as id, channel, type, time, causation_id as "causationId", data
       from events where stream = $1 or (subject = $1 and subject <> stream) order by time, stream, stream_version limit $2`,
      [bookingId, eventsPerServiceMax],
    );
    events.push(...rows.map((row) => ({ service: name, ...row })));
  }
  const waiting = await whatWaits(installation, bookingId);
  if (events.length === 0 && waiting.length === 0) {
    throw new OperationRefused('not_found', `There is no booking "${bookingId}". Check the id.`);
  }
  const causes = causesOf(events, installation.definitions);
  const places = placesOfTickets(events);
  const showId = events.map(({ data }) => (data as { readonly showId?: string } | null)?.showId).find(Boolean);
  const names = showId === undefined ? byId : await placesOfShow(installation, showId);
  const told = inOrder(events, causes).map(
    (event): Untimed => entryOf(event, { cause: causes.get(event), places, names }),
  );
  const entries = [...told, ...(await providerEntries(installation, events)), ...waiting];
  // The sort is stable: facts of the same millisecond stay in the order of cause and effect.
  const sorted = entries.sort((a, b) => Date.parse(a.at) - Date.parse(b.at));
  const first = Date.parse(sorted[0]?.at ?? '');
  return {
    bookingId,
    number: bookingNumber(bookingId),
    entries: sorted.map((entry) => ({ ...entry, ms: Date.parse(entry.at) - first })),
    conclusion: conclusionOf(ofBooking(events), names),
  };
}

type Untimed = Omit<TimelineEntry, 'ms'>;

/** The process manager's own facts, and the payment's and the seats' where they explain an end. */
function ofBooking(events: readonly StoredEvent[]) {
  return [...events]
    .sort((a, b) => a.time - b.time)
    .map(({ type, data, time }) => ({ type, data, at: new Date(time).toISOString() }));
}

interface Place {
  readonly seat?: string;
  readonly area?: string;
}

/** By ticket: facts after its issue name the ticket alone, and people know it by its place. */
function placesOfTickets(events: readonly StoredEvent[]): ReadonlyMap<string, Place> {
  const issued = events.filter(({ type }) => type === 'TicketIssued');
  return new Map(
    issued.map(({ data }) => {
      const { ticketId, seat, area } = data as Place & { readonly ticketId: string };
      return [ticketId, { ...(seat !== undefined && { seat }), ...(area !== undefined && { area }) }];
    }),
  );
}

function entryOf(
  event: StoredEvent,
  {
    cause,
    places,
    names,
  }: {
    readonly cause: StoredEvent | undefined;
    readonly places: ReadonlyMap<string, Place>;
    readonly names: PlaceNames;
  },
): Untimed {
  const place = places.get((event.data as { readonly ticketId?: string } | null)?.ticketId ?? '');
  return {
    at: new Date(event.time).toISOString(),
    service: event.service,
    kind: 'event',
    type: event.type,
    id: event.id,
    causedBy: cause === undefined ? causeInWords(event.causationId) : `${cause.service} ${cause.type} ${cause.id}`,
    ...(event.channel === privateChannel ? {} : { topic: event.channel }),
    says: sentenceFor(event.type, place === undefined ? event.data : { ...place, ...(event.data as object) }, names),
  };
}

function causeInWords(causationId: string): string {
  if (causationId.startsWith('req_')) return `request ${causationId}`;
  if (causationId.includes('/deadline')) return 'its own deadline';
  if (causationId.endsWith('/answer')) return `the answer to ${causationId.slice(0, -'/answer'.length)}`;
  return causationId;
}

/**
 * An event's id is unique within its service only, so the cause of an event is the one of that id that its service reads:
 * published on one of its inputs, or asked for by itself.
 */
function causesOf(
  events: readonly StoredEvent[],
  definitions: readonly ServiceDefinition[],
): ReadonlyMap<StoredEvent, StoredEvent> {
  const byId = Map.groupBy(events, ({ id }) => id);
  const inputs = new Map(definitions.map(({ name, inputs: read }) => [name as string, read as readonly string[]]));
  const causes = new Map<StoredEvent, StoredEvent>();
  for (const event of events) {
    const answered = event.causationId.endsWith('/answer');
    const id = answered ? event.causationId.slice(0, -'/answer'.length) : event.causationId;
    const reads = inputs.get(event.service) ?? [];
    const candidates = (byId.get(id) ?? []).filter((each) =>
      answered ? each.service === event.service : reads.includes(each.channel) && each.time <= event.time,
    );
    const latest = candidates.sort((a, b) => b.time - a.time)[0];
    if (latest !== undefined && latest !== event) causes.set(event, latest);
  }
  return causes;
}

/** By time, and within a millisecond causes before what they caused. */
function inOrder(
  events: readonly StoredEvent[],
  causes: ReadonlyMap<StoredEvent, StoredEvent>,
): readonly StoredEvent[] {
  const depths = new Map<StoredEvent, number>();
  const depthOf = (event: StoredEvent): number => {
    const known = depths.get(event);
    if (known !== undefined) return known;
    // Set before it is known, so that a circle in broken data ends.
    depths.set(event, 0);
    const cause = causes.get(event);
    const depth = cause === undefined ? 0 : depthOf(cause) + 1;
    depths.set(event, depth);
    return depth;
  };
  return [...events].sort((a, b) => a.time - b.time || depthOf(a) - depthOf(b));
}

interface LedgerRow {
  readonly entry_id: string;
  readonly key: string;
  readonly type: 'charge' | 'refund';
  readonly outcome: string;
  readonly error_code: string | null;
  readonly created_at: number;
}

/** What the sandbox provider wrote down about the charges and refunds that these facts name. */
async function providerEntries(
  installation: Installation,
  events: readonly StoredEvent[],
): Promise<readonly Untimed[]> {
  const keys = new Set<string>();
  for (const { type, data } of events) {
    const {
      paymentId,
      refundId,
      round = 1,
    } = (data ?? {}) as { paymentId?: string; refundId?: string; round?: number };
    if (type === 'ChargeRequested' && paymentId !== undefined) keys.add(paymentId);
    if (type === 'RefundStarted' && refundId !== undefined) keys.add(round === 1 ? refundId : `${refundId}-${round}`);
  }
  // A provider elsewhere is not asked for what its answers have told already.
  if (keys.size === 0 || installation.books !== undefined) return [];
  const rows = await installation.query<LedgerRow>(
    'sandbox_provider',
    'select entry_id, key, type, outcome, error_code, created_at from ledger where key = any ($1) order by entry_id',
    [[...keys]],
  );
  return rows.map((row) => ({
    at: new Date(row.created_at).toISOString(),
    service: 'sandbox provider',
    kind: 'provider',
    type: row.type,
    id: row.entry_id,
    causedBy: `payment asked under the key ${row.key}`,
    says: `The provider's own books: ${row.type} ${row.outcome}${row.error_code === null ? '' : ` (${row.error_code})`}.`,
  }));
}
