import type { CatalogEvent, Show } from '../../contracts/catalog.ts';
import { type Decider, unreachable } from '../../contracts/decider.ts';

/**
 * A show: absent → scheduled → cancelled or withdrawn.
 *
 * Cancelled is for a show people have booked: every booking is refunded, and the show stays on record. Withdrawn is for
 * one nobody has booked: it was a mistake of the programme. Both are final, but a cancelled show that nobody had booked
 * may still be withdrawn. Every event repeats the show whole, so a reader needs only the last one.
 */
export type ShowState = { readonly status: 'absent' } | { readonly status: Show['state']; readonly show: Show };

/** What may change of a show; `null` takes the limit away. */
export type ShowChanges = Partial<
  Pick<Show, 'movie' | 'theatre' | 'screen' | 'startsAt' | 'seatPlanId' | 'priceCategories' | 'sales' | 'refundPolicy'>
> & { readonly seatsPerCustomerMax?: number | null };

export type ShowCommand =
  | { readonly type: 'ScheduleShow'; readonly show: Show }
  | {
      readonly type: 'ChangeShow';
      readonly changes: ShowChanges;
      /** Whether a seat is held or has ever been sold. */
      readonly booked: boolean;
      /** The plan these seats are of, as far as it is known. */
      readonly bookedPlan?: string | undefined;
      /** Milliseconds since 1970. */
      readonly at: number;
    }
  | { readonly type: 'CancelShow' }
  | { readonly type: 'WithdrawShow'; readonly booked: boolean };

export type ShowRefusalReason =
  | 'scheduled_already'
  | 'show_not_found'
  | 'show_cancelled'
  | 'show_started'
  | 'show_booked'
  | 'plan_fixed'
  | 'currency_fixed';

export type ShowEvent =
  | CatalogEvent
  /** Kept by nobody: the answer to the request. */
  | { readonly type: 'ShowCommandRefused'; readonly data: { readonly reason: ShowRefusalReason } };

type Change = Extract<ShowCommand, { type: 'ChangeShow' }>;
type ChangeRule = (show: Show, change: Change) => ShowRefusalReason | undefined;

const changeRules: readonly ChangeRule[] = [notStarted, planStays, currencyStays];

export const shows: Decider<ShowState, ShowCommand, ShowEvent> = {
  initialState: { status: 'absent' },

  decide(state, command) {
    switch (command.type) {
      case 'ScheduleShow':
        return state.status === 'absent'
          ? [{ type: 'ShowScheduled', data: command.show }]
          : [refused('scheduled_already')];
      case 'ChangeShow':
        return change(state, command);
      case 'CancelShow':
        if (state.status === 'absent' || state.status === 'withdrawn') return [refused('show_not_found')];
        // Cancelling twice is what a person does who saw no answer: the first time counts.
        if (state.status === 'cancelled') return [];
        return [{ type: 'ShowCancelled', data: { ...state.show, state: 'cancelled' } }];
      case 'WithdrawShow':
        if (state.status === 'absent') return [refused('show_not_found')];
        if (state.status === 'withdrawn') return [];
        if (command.booked) return [refused('show_booked')];
        return [{ type: 'ShowWithdrawn', data: { ...state.show, state: 'withdrawn' } }];
      default:
        return unreachable(command);
    }
  },

  evolve(state, event) {
    switch (event.type) {
      case 'ShowScheduled':
      case 'ShowChanged':
      case 'ShowMoved':
      case 'ShowCancelled':
      case 'ShowWithdrawn':
        return { status: event.data.state, show: event.data };
      case 'ShowCommandRefused':
        return state;
      default:
        return unreachable(event);
    }
  },

  deadline: () => undefined,
};

function change(state: ShowState, command: Change): readonly ShowEvent[] {
  if (state.status === 'absent' || state.status === 'withdrawn') return [refused('show_not_found')];
  if (state.status === 'cancelled') return [refused('show_cancelled')];
  for (const rule of changeRules) {
    const reason = rule(state.show, command);
    if (reason !== undefined) return [refused(reason)];
  }
  const { seatsPerCustomerMax, ...changes } = command.changes;
  const { seatsPerCustomerMax: before, ...kept } = state.show;
  const limit = seatsPerCustomerMax === undefined ? before : (seatsPerCustomerMax ?? undefined);
  const changed: Show = { ...kept, ...changes, ...(limit === undefined ? {} : { seatsPerCustomerMax: limit }) };
  if (changed.startsAt !== state.show.startsAt || (command.booked && isAnother(changed, state.show))) {
    return [{ type: 'ShowMoved', data: { ...changed, movedAt: new Date(command.at).toISOString() } }];
  }
  return sameShow(changed, state.show) ? [] : [{ type: 'ShowChanged', data: changed }];
}

/** Whoever booked it booked something else: they are told, and may cancel free of charge, as when the start moves. */
function isAnother(changed: Show, before: Show): boolean {
  return changed.movie.movieId !== before.movie.movieId || changed.theatre.theatreId !== before.theatre.theatreId;
}

function notStarted(show: Show, { at }: Change): ShowRefusalReason | undefined {
  return Date.parse(show.startsAt) <= at ? 'show_started' : undefined;
}

/** A plan that was changed in the moment of the first booking, which holds the seats of the one before, may be changed back. */
function planStays(show: Show, { booked, bookedPlan, changes }: Change): ShowRefusalReason | undefined {
  const other = changes.seatPlanId !== undefined && ![show.seatPlanId, bookedPlan].includes(changes.seatPlanId);
  return booked && other ? 'plan_fixed' : undefined;
}

function currencyStays(show: Show, { booked, changes }: Change): ShowRefusalReason | undefined {
  const other = changes.priceCategories?.some(
    ({ price }) => price.currency !== show.priceCategories[0]?.price.currency,
  );
  return booked && other === true ? 'currency_fixed' : undefined;
}

/** Compared field by field: the order of fields says nothing. */
function sameShow(a: Show, b: Show): boolean {
  const fields = new Set([...Object.keys(a), ...Object.keys(b)]) as Set<keyof Show>;
  return [...fields].every((field) => canonical(a[field]) === canonical(b[field]));
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, each: unknown) =>
    typeof each === 'object' && each !== null && !Array.isArray(each)
      ? Object.fromEntries(Object.entries(each).sort(([left], [right]) => (left < right ? -1 : 1)))
      : each,
  );
}

function refused(reason: ShowRefusalReason): ShowEvent {
  return { type: 'ShowCommandRefused', data: { reason } };
}
