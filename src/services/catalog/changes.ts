import type { Show } from '../../contracts/catalog.ts';
import type { Answered, Call } from '../../runtime/http/endpoint.ts';
import { notFound, Problem, type ProblemCode } from '../../runtime/http/problem.ts';
import type { FirstAnswer, OwnedFact, ServiceRuntime, Transaction } from '../../runtime/service-runtime.ts';
import { type ShowCommand, type ShowEvent, type ShowRefusalReason, type ShowState, shows } from './decider.ts';
import * as projection from './projection.ts';
import { endOf, type ShowFault, showFaults } from './show-rules.ts';

/** How the catalogue changes: in the request's own transaction, its facts leaving with the commit. */

/** More shows than this are not changed by one request: the theatre would be one of the world's busiest. */
export const showsRepublishedMax = 20_000;

/** Shows that one statement puts on the programme: nobody else is answered while it is written out. */
const showsPerStatementMax = 1_000;

/** A problem names so many shows at the most. */
const showsNamedMax = 20;

const refusals: Readonly<Record<ShowRefusalReason, { readonly code: ProblemCode; readonly detail: string }>> = {
  scheduled_already: { code: 'conflict', detail: 'There is a show with this id already.' },
  show_not_found: { code: 'not_found', detail: 'There is no such show. Check the id.' },
  show_cancelled: { code: 'conflict', detail: 'The show is cancelled; schedule another one instead.' },
  show_started: { code: 'conflict', detail: 'The show has started; only its cancellation is possible now.' },
  show_booked: { code: 'conflict', detail: 'Seats of this show are held or were sold; cancel it instead.' },
  plan_fixed: {
    code: 'conflict',
    detail: 'Seats were sold by this seat plan; it stays. Schedule another show instead.',
  },
  currency_fixed: { code: 'conflict', detail: 'Seats were sold in this currency; it stays.' },
};

/** What a request for a change is, in the words of an endpoint. */
export type Change = Pick<Call<unknown, unknown, unknown>, 'idempotency' | 'traceparent'>;

/** Does a write once per idempotency key, and answers with what the entry is now. */
export async function answerOnce(
  service: ServiceRuntime,
  change: Change,
  write: {
    readonly work: (transaction: Transaction) => Promise<FirstAnswer>;
    /** The body of the answer; `undefined` when the entry is gone. */
    readonly read: (id: string) => Promise<unknown>;
  },
): Promise<Answered> {
  const { answer } = await service.transactionOnce(change.idempotency, write.work);
  const headers = answer.location === undefined ? {} : { headers: { location: answer.location } };
  if (answer.status === 204) return { status: 204 };
  const body = await write.read(answer.resource);
  if (body === undefined) throw notFound('entry any more');
  return { status: answer.status, body, ...headers };
}

/** Decides about one show and stores what follows. */
export async function changeShow(
  transaction: Transaction,
  about: {
    readonly showId: string;
    readonly traceparent: string | undefined;
    readonly command: ShowCommand | ((show: Show) => ShowCommand);
  },
): Promise<void> {
  const row = await projection.lockShow(transaction, about.showId);
  if (row === undefined) throw refused('show_not_found');
  const command = typeof about.command === 'function' ? about.command(row.show) : about.command;
  await store(transaction, [{ row, events: decide(row, command) }], about.traceparent);
}

/** Puts new shows on the programme. */
export async function scheduleShows(
  transaction: Transaction,
  drafts: readonly Show[],
  traceparent?: string,
): Promise<void> {
  if (drafts.length === 0) return;
  const events = drafts.flatMap((show) => accepted(shows.decide(shows.initialState, { type: 'ScheduleShow', show })));
  for (let at = 0; at < drafts.length; at += showsPerStatementMax) {
    await projection.insertShows(transaction, drafts.slice(at, at + showsPerStatementMax));
  }
  await transaction.publish(events.map((event) => factOf(event, 1, traceparent)));
}

/** Gives all shows to come that are made of something its new content: each show repeats it whole. */
export async function refreshShows(
  transaction: Transaction,
  about: {
    readonly of: projection.ShowsWanted;
    readonly content: (show: Show) => Partial<Pick<Show, 'movie' | 'theatre' | 'screen'>>;
    readonly traceparent: string | undefined;
  },
): Promise<void> {
  const rows = await projection.lockUpcomingShows(transaction, about.of, showsRepublishedMax + 1);
  if (rows.length > showsRepublishedMax) {
    throw new Problem('conflict', `More than ${showsRepublishedMax} shows to come would change at once.`);
  }
  // A show that is running keeps what is printed on the tickets in people's hands.
  const at = Date.now();
  const upcoming = rows.filter(({ show }) => Date.parse(show.startsAt) > at);
  const changed = upcoming.map((row) => ({
    row,
    events: decide(row, { type: 'ChangeShow', changes: about.content(row.show), booked: false, at }),
  }));
  await store(transaction, changed, about.traceparent);
}

/**
 * Throws 409 when another show takes the screen at that time. Only where both running times were told: what nobody has told is no
 * reason to refuse a show. The screen must be locked by the caller.
 */
export async function assertScreenFree(transaction: Transaction, show: Show): Promise<void> {
  if (show.movie.runningTimeMinutes === undefined) return;
  const { screenId } = show.screen;
  const wanted = { screenIds: [screenId], from: Date.parse(show.startsAt), to: endOf(show) };
  const others = await projection.occupiedScreens(transaction, wanted);
  const other = others.find((each) => each.showId !== show.showId && !each.isCancelled && each.isTimed);
  if (other === undefined) return;
  const [from, to] = [other.startsAt, other.endsAt].map((time) => new Date(time).toISOString());
  throw new Problem(
    'conflict',
    `The screen is taken from ${from} to ${to} by ${other.showId}. Choose another time or screen.`,
    { extensions: { shows: [other.showId] } },
  );
}

/** Throws 409 with the first shows to come of a movie that run into the next one on their screen. */
export async function assertNoOverlaps(transaction: Transaction, movieId: string): Promise<void> {
  const overlapping = await projection.overlappingShows(transaction, movieId, showsNamedMax);
  if (overlapping.length === 0) return;
  const shows = overlapping.map(({ showId }) => showId);
  const which = `${shows[0]}${shows.length > 1 ? ' and others' : ''}`;
  throw new Problem(
    'conflict',
    `With this running time ${which} would run into the next show on the screen. Move or cancel what is in the way first.`,
    { extensions: { shows } },
  );
}

/** Throws 422 with everything that is wrong with a show. */
export function assertShowSound(show: Show, planCategories: readonly string[]): void {
  throwFaults(showFaults(show, { planCategories, now: Date.now() }));
}

/** Throws 422 with these faults, if there are any. */
export function throwFaults(faults: readonly ShowFault[]): void {
  const first = faults[0];
  if (first === undefined) return;
  throw new Problem('validation_failed', `${first.pointer}: ${first.message}`, { errors: faults });
}

function decide(row: projection.ShowRow, command: ShowCommand): readonly CatalogFact[] {
  const state: ShowState = { status: row.show.state, show: row.show };
  return accepted(shows.decide(state, command));
}

type CatalogFact = Exclude<ShowEvent, { type: 'ShowCommandRefused' }>;

function accepted(events: readonly ShowEvent[]): readonly CatalogFact[] {
  return events.map((event) => {
    if (event.type === 'ShowCommandRefused') throw refused(event.data.reason);
    return event;
  });
}

function refused(reason: ShowRefusalReason): Problem {
  return new Problem(refusals[reason].code, refusals[reason].detail);
}

async function store(
  transaction: Transaction,
  changed: readonly { readonly row: projection.ShowRow; readonly events: readonly CatalogFact[] }[],
  traceparent: string | undefined,
): Promise<void> {
  // A command about a show has one fact or none.
  const facts = changed.flatMap(({ row, events }) => events.map((event) => ({ event, version: row.version + 1 })));
  if (facts.length === 0) return;
  await projection.updateShows(
    transaction,
    facts.map(({ event }) => event.data),
  );
  await transaction.publish(facts.map(({ event, version }) => factOf(event, version, traceparent)));
}

function factOf(event: CatalogFact, streamVersion: number, traceparent: string | undefined): OwnedFact {
  const { showId } = event.data;
  return {
    type: event.type,
    stream: `shows/${showId}`,
    streamVersion,
    key: showId,
    subject: showId,
    data: event.data,
    traceparent,
  };
}
