import type { BookingConfirmed, BookingWaits } from '../../contracts/booking.ts';
import type { Decider, Fact, InputContext } from '../../contracts/decider.ts';
import { unreachable } from '../../contracts/decider.ts';
import type { DataOf } from '../../contracts/event.ts';
import type { BookingMovieEvent, Profile, Replaced } from '../../contracts/user.ts';

/**
 * The user service decides two small things.
 *
 * **The gate** (`bookingRequests`, one stream per booking): what a customer asked for becomes a fact once. A booking is
 * requested once; payments and cancellations may be asked for again, but the same request never counts twice. Where one of them
 * comes before the request that it is about, as when that was stored and told to nobody for a while, it is said again behind it.
 * Whether a request can be met is not judged here: that is the booking service's matter.
 * When a booking is confirmed that its customer has instead of another, the cancellation of that one is asked for: until somebody
 * has taken it, and once. When one begins to wait for seats, it is looked whether its customer is still there: a request that came
 * while they were being erased would else wait for nobody, and be charged for.
 *
 * **Profiles** (`profiles`, one stream per user): absent → active → erased. Erased is final: the id never comes back.
 */

/** A request as it reaches the gate; `id` names the request, so a repeated delivery is known. */
type GateRequest = BookingMovieEvent & InputContext;
/** What came of looking whether the customer of a booking that waits is still there. */
type WaitAnswer = { readonly type: 'WaitExamined' | 'WaitUnexamined' } & Wait & InputContext;
/** What came of asking for the cancellation of the other booking. */
type ReplacementAnswer = { readonly type: 'ReplacementAsked' | 'ReplacementUnasked' } & Replacement & InputContext;
export type GateInput =
  | GateRequest
  | ({ readonly type: 'BookingConfirmed'; readonly data: DataOf<typeof BookingConfirmed> } & InputContext)
  | ReplacementAnswer
  | ({ readonly type: 'BookingWaits'; readonly data: DataOf<typeof BookingWaits> } & InputContext)
  | WaitAnswer;

/** A booking that is confirmed, and the one its customer has it instead of. */
export interface Replacement {
  readonly bookingId: string;
  readonly userId: string;
  readonly replaces: Replaced;
  /** When the exchange was asked for, by which the cancellation is judged. */
  readonly acceptedAt: string;
}
export type ReplacementDue = Fact<'ReplacementDue', Replacement>;

/** A booking that waits for seats. */
export interface Wait {
  readonly bookingId: string;
  readonly showId: string;
  readonly userId: string;
  /** When this was taken note of. */
  readonly notedAt: string;
}
export type WaitBegun = Fact<'WaitBegun', Wait>;
export type GateEvent = BookingMovieEvent | ReplacementDue | WaitBegun;

export interface GateState {
  readonly requested: boolean;
  /** Requests taken before, newest last, at most `requestsRememberedMax`. */
  readonly taken: readonly string[];
  /** Payments and cancellations that came before the request. */
  readonly early: readonly BookingMovieEvent[];
  /** Whether the cancellation of the booking that it replaces is, or was, asked for. */
  readonly replaced: boolean;
  /** Whether it has begun to wait for seats. */
  readonly waits: boolean;
}

/** A request is delivered again within moments, if at all; more than these few cannot lie between. */
export const requestsRememberedMax = 64;

/** Takes each request once; the facts are the requests themselves, published on `booking-movie`. */
export const bookingRequests: Decider<GateState, GateInput, GateEvent> = {
  initialState: { requested: false, taken: [], early: [], replaced: false, waits: false },

  decide(state, input) {
    switch (input.type) {
      case 'BookingRequested':
        // One booking id is one request, whoever repeats it.
        return state.requested ? [] : [factOf(input), ...state.early];
      case 'PaymentSubmitted':
      case 'BookingCancellationRequested':
        // A booking this gate never saw may come from another producer of `booking-movie`: the booking service judges.
        return state.taken.includes(fingerprintOf(input)) ? [] : [factOf(input)];
      case 'BookingConfirmed':
        return state.replaced ? [] : replacementOf(input.data);
      case 'ReplacementAsked':
        return [];
      case 'ReplacementUnasked': {
        const { bookingId, userId, replaces, acceptedAt } = input;
        return [{ type: 'ReplacementDue', data: { bookingId, userId, replaces, acceptedAt } }];
      }
      case 'BookingWaits': {
        const { bookingId, showId, userId } = input.data;
        const notedAt = new Date(input.at).toISOString();
        return state.waits ? [] : [{ type: 'WaitBegun', data: { bookingId, showId, userId, notedAt } }];
      }
      case 'WaitExamined':
        return [];
      case 'WaitUnexamined': {
        const { bookingId, showId, userId, notedAt } = input;
        return [{ type: 'WaitBegun', data: { bookingId, showId, userId, notedAt } }];
      }
      default:
        return unreachable(input);
    }
  },

  evolve(state, event) {
    switch (event.type) {
      case 'BookingRequested':
        return { ...state, requested: true, early: [] };
      case 'PaymentSubmitted':
      case 'BookingCancellationRequested': {
        const early = state.requested ? state.early : [...state.early, event].slice(-requestsRememberedMax);
        return { ...state, taken: remembered(state, event), early };
      }
      case 'ReplacementDue':
        return { ...state, replaced: true };
      case 'WaitBegun':
        return { ...state, waits: true };
      default:
        return unreachable(event);
    }
  },

  deadline: () => undefined,
};

function remembered({ taken }: GateState, event: BookingMovieEvent): readonly string[] {
  return [...taken, fingerprintOf(event)].slice(-requestsRememberedMax);
}

function replacementOf({
  bookingId,
  userId,
  replaces,
  acceptedAt,
}: DataOf<typeof BookingConfirmed>): readonly ReplacementDue[] {
  if (replaces === undefined || acceptedAt === undefined) return [];
  return [{ type: 'ReplacementDue', data: { bookingId, userId, replaces, acceptedAt } }];
}

/** The request without what the runtime added to it. */
function factOf(input: GateRequest): BookingMovieEvent {
  return { type: input.type, data: input.data } as BookingMovieEvent;
}

/** The same request has the same content, to the millisecond at which it was accepted. */
function fingerprintOf(event: BookingMovieEvent): string {
  switch (event.type) {
    case 'BookingRequested':
      return event.type;
    case 'PaymentSubmitted':
      return `${event.type} ${event.data.acceptedAt} ${event.data.payment.method} ${event.data.payment.token}`;
    case 'BookingCancellationRequested': {
      const { acceptedAt, byUserId, seats = [], reason = '' } = event.data;
      return `${event.type} ${acceptedAt} ${byUserId} ${seats.join(' ')} ${reason}`;
    }
    default:
      return unreachable(event);
  }
}

export type ProfileCommand =
  | { readonly type: 'RegisterUser'; readonly profile: Profile }
  | { readonly type: 'ChangeProfile'; readonly changes: ProfileChanges }
  | { readonly type: 'EraseUser'; readonly userId: string };

/** What a person may change of a profile; `null` takes the phone number away. */
export interface ProfileChanges {
  readonly name?: string | undefined;
  readonly phone?: string | null | undefined;
  readonly locale?: string | undefined;
}

export type ProfileEvent =
  | { readonly type: 'UserProfileChanged'; readonly data: Profile }
  | { readonly type: 'UserErased'; readonly data: { readonly userId: string } }
  | {
      readonly type: 'ProfileChangeRefused';
      readonly data: { readonly reason: 'unknown_user' | 'erased' | 'registered_already' };
    };

export type ProfileState =
  | { readonly status: 'absent' }
  | { readonly status: 'active'; readonly profile: Profile }
  | { readonly status: 'erased' };

export const profiles: Decider<ProfileState, ProfileCommand, ProfileEvent> = {
  initialState: { status: 'absent' },

  decide(state, command) {
    switch (command.type) {
      case 'RegisterUser':
        if (state.status === 'erased') return [refused('erased')];
        if (state.status === 'active') return [refused('registered_already')];
        return [{ type: 'UserProfileChanged', data: command.profile }];
      case 'ChangeProfile': {
        if (state.status === 'erased') return [refused('erased')];
        if (state.status === 'absent') return [refused('unknown_user')];
        const changed = changedProfile(state.profile, command.changes);
        return sameProfile(state.profile, changed) ? [] : [{ type: 'UserProfileChanged', data: changed }];
      }
      case 'EraseUser':
        if (state.status === 'absent') return [refused('unknown_user')];
        // Erasing twice is what a person with a slow connection does: nothing is left to erase.
        if (state.status === 'erased') return [];
        return [{ type: 'UserErased', data: { userId: command.userId } }];
      default:
        return unreachable(command);
    }
  },

  evolve(state, event) {
    switch (event.type) {
      case 'UserProfileChanged':
        return { status: 'active', profile: event.data };
      case 'UserErased':
        return { status: 'erased' };
      case 'ProfileChangeRefused':
        return state;
      default:
        return unreachable(event);
    }
  },

  deadline: () => undefined,
};

function refused(reason: 'unknown_user' | 'erased' | 'registered_already'): ProfileEvent {
  return { type: 'ProfileChangeRefused', data: { reason } };
}

function changedProfile(profile: Profile, changes: ProfileChanges): Profile {
  const { phone: oldPhone, ...rest } = profile;
  const phone = changes.phone === undefined ? oldPhone : (changes.phone ?? undefined);
  return {
    ...rest,
    name: changes.name ?? profile.name,
    locale: changes.locale ?? profile.locale,
    ...(phone === undefined ? {} : { phone }),
  };
}

function sameProfile(a: Profile, b: Profile): boolean {
  return a.name === b.name && a.phone === b.phone && a.locale === b.locale && a.email === b.email;
}
