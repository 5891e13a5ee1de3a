import type { RejectionReason } from '../../contracts/booking.ts';
import { type SeatPlan, type Show, seatPlan } from '../../contracts/catalog.ts';
import type { AreaCount, Wanted } from '../../contracts/seats.ts';
import { decider } from './decider.ts';
import {
  type About,
  type Allocation,
  type BlockInput,
  type BookingCreatedInput,
  type Event,
  type Input,
  type InputOf,
  initialState,
  type OfferInput,
  type ShowSeats,
  type State,
} from './state.ts';

/** What the tests of this service say in short: a show with its plan, bookings, and the inputs about them. */
const uuid = (number: number) => `01900000-0000-7000-8000-${String(number).padStart(12, '0')}`;
export const showId = `shw_${uuid(1)}`;
export const at = Date.UTC(2030, 0, 1);
const acceptedAt = new Date(at - 50).toISOString();
const eur = (amount: number) => ({ amount, currency: 'EUR' });

const rows = ['A', 'B'].map((id) => ({ id, name: id, first: 1, last: 6 }));
const shape = {
  seatPlanId: `pln_${uuid(1)}`,
  name: 'Hall',
  sections: [{ id: 'S', name: 'Stalls', priceCategory: 'stalls', rows }],
  areas: [{ area: 'pit', name: 'Pit', capacity: 8, priceCategory: 'standing' }],
};
export const plan: SeatPlan = seatPlan.parse(shape);
export const otherPlan: SeatPlan = seatPlan.parse({ ...shape, seatPlanId: `pln_${uuid(2)}` });

export const show: Show = {
  showId,
  movie: { movieId: `mov_${uuid(1)}`, title: 'Metropolis' },
  theatre: { theatreId: `thr_${uuid(1)}`, name: 'Odeon', location: 'Main Street 1', timeZone: 'Europe/Berlin' },
  screen: { screenId: `scr_${uuid(1)}`, number: 1 },
  startsAt: new Date(at + 86_400_000).toISOString(),
  seatPlanId: plan.seatPlanId,
  priceCategories: [
    { name: 'stalls', price: eur(1_200) },
    { name: 'standing', price: eur(900) },
  ],
  sales: { opensAt: new Date(at - 86_400_000).toISOString(), closesAt: new Date(at + 86_400_000).toISOString() },
  refundPolicy: { untilMinutesBefore: 0, feePercent: 0 },
  state: 'scheduled',
};

/** A booking by number, of a customer by name. */
export function booking(number: number, customer = 'ann'): About {
  return { bookingId: `bkg_${uuid(number)}`, showId, userId: `usr_${uuid(customer.charCodeAt(0))}` };
}

export const seats = (...ids: string[]): Wanted => ({ kind: 'seats', seats: ids });
export const areas = (...counts: [string, number][]): Wanted => ({
  kind: 'areas',
  areas: counts.map(([area, count]) => ({ area, count })),
});
export const minutesLater = (minutes: number): number => at + minutes * 60_000;

let messages = 0;
const context = () => {
  messages += 1;
  return { id: `message/${messages}`, at };
};

type Created = BookingCreatedInput['data'] & { readonly plan: SeatPlan };

export function created(about: About, wanted: Wanted, more: Partial<Created> = {}): BookingCreatedInput {
  const { plan: given = plan, ...data } = more;
  const base = { wanted, acceptedAt, seatPlanId: plan.seatPlanId, currency: 'EUR', paymentSent: false };
  const terms = { show, plan: given, holdTtlMs: 300_000, waitingListMax: 3 };
  return { type: 'BookingCreated', ...context(), data: { ...about, ...base, ...data }, ...terms };
}

export const waitsUntil = show.startsAt;

export function best(count: number): Wanted {
  return { kind: 'bestAvailable', count };
}

interface OfferTurn extends Partial<Pick<OfferInput, 'goesOn' | 'plan'>> {
  readonly time?: number;
  /** Nothing may be sold any more. */
  readonly saleIsOver?: boolean;
}

/** The offer's turn. */
export function offerDue({ time, saleIsOver = false, ...more }: OfferTurn = {}): OfferInput {
  const turn = offered({ saleIsOver });
  return { ...turn, type: 'OfferDue', at: time ?? turn.at, ...more };
}

export function placesDue(about: About, more: { readonly time?: number } = {}): OfferInput {
  return { ...offered({}), type: 'PlacesDue', id: `places/${about.bookingId}`, at: more.time ?? at };
}

function offered({ saleIsOver = false }: { readonly saleIsOver?: boolean }) {
  const terms = { show, plan, holdTtlMs: 300_000, waitingListHoldMs: 1_800_000 };
  return { ...context(), ...terms, at: saleIsOver ? Date.parse(show.startsAt) : at, data: { showId } };
}

const attempt = { attempt: 1, paymentId: `pay_${uuid(1)}`, amount: eur(1_200) };
const holdExpiresAt = new Date(at + 300_000).toISOString();

export function paymentStarted(about: About, heldUntil: string): InputOf<'BookingPaymentStarted'> {
  return { type: 'BookingPaymentStarted', ...context(), data: { ...about, ...attempt, holdExpiresAt, heldUntil } };
}

export function declined(about: About): InputOf<'PaymentDeclined'> {
  const error = { code: 'card_declined', message: 'declined' };
  return {
    type: 'PaymentDeclined',
    ...context(),
    data: { ...about, attempt: 1, attemptsLeft: 2, paymentId: attempt.paymentId, error, holdExpiresAt },
  };
}

export function paid(
  about: About,
  ids: readonly string[] = [],
  more: Partial<InputOf<'BookingPaid'>['data']> = {},
): InputOf<'BookingPaid'> {
  return { type: 'BookingPaid', ...context(), data: { ...about, ...attempt, seats: [...ids], areas: [], ...more } };
}

export function ended(
  type: 'BookingRejected' | 'BookingExpired',
  about: About,
  reason: RejectionReason = 'payment_declined',
): Input {
  const places = { seats: [], areas: [] };
  return type === 'BookingExpired'
    ? { type, ...context(), data: { ...about, ...places } }
    : { type, ...context(), data: { ...about, ...places, reason } };
}

export function cancelled(
  about: About,
  some: {
    readonly whole: boolean;
    readonly seats?: readonly string[];
    readonly areas?: readonly AreaCount[];
    readonly cause?: 'customer';
  },
): InputOf<'BookingCancelled'> {
  const places = { seats: [...(some.seats ?? [])], areas: [...(some.areas ?? [])] };
  return {
    type: 'BookingCancelled',
    ...context(),
    data: { ...about, ...places, whole: some.whole, cause: some.cause ?? 'organizer' },
  };
}

export function deadlineReached(about: About, time: number): InputOf<'DeadlineReached'> {
  return { type: 'DeadlineReached', id: `deadline/${about.bookingId}`, at: time };
}

export function blocking(type: BlockInput['type'], ...ids: string[]): BlockInput {
  const data = { requestId: `req_${uuid(1)}`, showId, seats: ids, by: `usr_${uuid(2)}` };
  return { type, ...context(), data, plan };
}

/** A show as the runtime keeps it: one root, a part for each booking. */
export class ShowOfBookings {
  root: ShowSeats = initialState.root;
  readonly parts = new Map<string, Allocation>();

  state(about: About | undefined): State {
    const part = about === undefined ? undefined : this.parts.get(about.bookingId);
    return { root: this.root, part: part ?? initialState.part };
  }

  /** What the input is answered with; nothing is changed. */
  when(input: Input): readonly Event[] {
    return decider.decide(this.state(subjectOf(input)), input);
  }

  /** Decides and folds. */
  take(input: Input): readonly Event[] {
    const about = subjectOf(input);
    const events = this.when(input);
    for (const event of events) {
      const { root, part } = decider.evolve(this.state(about), event);
      this.root = root;
      if (about !== undefined) this.parts.set(about.bookingId, part);
    }
    return events;
  }

  /** As the runtime does: what the facts ask for comes back, until nothing is asked for any more. */
  settle(events: readonly Event[]): readonly Event[] {
    const following: Event[] = [];
    for (const event of events) for (const input of asksFor(event)) following.push(...this.take(input));
    return following.length === 0 ? [] : [...following, ...this.settle(following)];
  }
}

/** What comes back for a fact that asks the show to go on. */
export function asksFor(event: Event): readonly Input[] {
  if (event.type === 'PlacesOffered') return [offerDue()];
  if (event.type !== 'WaitingFound') return [];
  return [
    ...event.data.bookingIds.map((bookingId) => placesDue({ ...booking(0), bookingId })),
    offerDue({ goesOn: true }),
  ];
}

/** A show that these inputs have come to. */
export function given(...inputs: readonly Input[]): ShowOfBookings {
  const shown = new ShowOfBookings();
  for (const input of inputs) shown.take(input);
  return shown;
}

function subjectOf(input: Input): About | undefined {
  if (input.type === 'DeadlineReached') return { ...booking(0), bookingId: input.id.slice('deadline/'.length) };
  if (input.type === 'PlacesDue') return { ...booking(0), bookingId: input.id.slice('places/'.length) };
  return 'bookingId' in input.data ? input.data : undefined;
}

export const types = (events: readonly Event[]): readonly string[] => events.map(({ type }) => type);

/** Types and what a reader of the test wants to see of the data. */
export function facts(events: readonly Event[]): readonly (readonly [string, object])[] {
  const shown = ['reason', 'offending', 'heldUntil', 'from', 'cause', 'whole', 'outcome'];
  return events.map(({ type, data }) => [
    type,
    Object.fromEntries(Object.entries(data).filter(([name]) => shown.includes(name))),
  ]);
}

/** The reason of the one refusal. */
export function refused(events: readonly Event[]): string | undefined {
  const [event] = events;
  return event?.type === 'SeatsRefused' ? event.data.reason : undefined;
}
