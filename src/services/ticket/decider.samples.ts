import type { Show } from '../../contracts/catalog.ts';
import { type Event, type Input, type State, tickets } from './decider.ts';

/** Inputs that the ticket service's tests tell their stories with. */

export const bookingId = 'bkg_019a0000-0000-7000-8000-000000000001';
const showId = 'shw_019a0000-0000-7000-8000-000000000002';
const about = { bookingId, showId, userId: 'usr_019a0000-0000-7000-8000-000000000003' };
const context = { id: 'sample/1', at: 0 };
const euro = (amount: number) => ({ amount, currency: 'EUR' });

export function show(): Show {
  return {
    showId,
    movie: { movieId: 'mov_1', title: 'Metropolis' },
    theatre: { theatreId: 'thr_1', name: 'Astor', location: 'Berlin', timeZone: 'Europe/Berlin' },
    screen: { screenId: 'scr_1', number: 3 },
    startsAt: '2026-11-21T19:15:00.000Z',
    seatPlanId: 'pln_1',
    priceCategories: [{ name: 'standard', price: euro(1_250) }],
    sales: { opensAt: '2026-11-01T00:00:00.000Z', closesAt: '2026-11-21T19:15:00.000Z' },
    refundPolicy: { untilMinutesBefore: 0, feePercent: 0 },
    state: 'scheduled',
  };
}

type ConfirmedData = Extract<Input, { readonly type: 'BookingConfirmed' }>['data'];
type CancelledData = Extract<Input, { readonly type: 'BookingCancelled' }>['data'];

export function confirmed(facts: Partial<ConfirmedData> = {}): Input {
  const seats = ['A-1-1', 'A-1-2'];
  const items = seats.map((seat) => ({ seat, priceCategory: 'standard', price: euro(1_250) }));
  const data = { ...about, seats, areas: [], items, total: euro(2_500), ...facts };
  return { ...context, type: 'BookingConfirmed', data, show: show(), graceMs: 2_000 };
}

export const message = (): Input => ({ ...context, type: 'PaymentMessageSent', bookingId });
export const due = (): Input => ({ ...context, at: 2_000, type: 'DeadlineReached' });

export function cancelled(facts: Partial<CancelledData> = {}): Input {
  const data = { ...about, seats: ['A-1-1', 'A-1-2'], areas: [], whole: true, cause: 'customer' as const, ...facts };
  return { ...context, type: 'BookingCancelled', data };
}

export const askedBack = (): Input => ({ ...context, type: 'TicketsAskedBack', data: about });
export const returnDecided = (found: { readonly used?: boolean; readonly given?: boolean } = {}): Input => ({
  ...context,
  type: 'TicketsReturnDecided',
  ...{ used: false, given: false, ...found },
});
export const returnUnanswered = (): Input => ({ ...context, type: 'TicketsReturnUnanswered' });

/** Runs inputs through the decider and shows what came of them. */
export function given(...inputs: readonly Input[]) {
  let state: State = tickets.initialState;
  const events: Event[] = [];
  for (const input of inputs) {
    for (const event of tickets.decide(state, input)) {
      events.push(event);
      state = tickets.evolve(state, event);
    }
  }
  return { state, events, issued: events.flatMap((event) => (event.type === 'TicketIssued' ? [event.data] : [])) };
}
