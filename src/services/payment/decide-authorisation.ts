import type { InputContext } from '../../contracts/decider.ts';
import { unreachable } from '../../contracts/decider.ts';
import {
  type Attempt,
  type Authorisation,
  type AuthorisationAnswer,
  type AuthorisationBegun,
  type Event,
  nextWait,
  type State,
} from './state.ts';

/**
 * What a customer authorises in the browser and never pays with: their bank keeps that money from them until it is let go.
 *
 * An authorisation is kept while it may be paid with, which is for as long as the seats are held; then it is asking (an effect
 * lets it go), unknown (asked again), or over. While a charge of the booking is open none is let go: it may be what is charged.
 */

/** After the end of the hold: whoever pays in its last moment still does so with what they authorised. */
export const releaseAfterMs = 60_000;
/** Nobody waits for it, and the provider lets go of it by itself in the end: it need not be asked as often as about a charge. */
const askAfterMaxMs = 600_000;
/** A booking has a few tries to pay; more than this is no booking of ours. */
const authorisationsKeptMax = 100;

export function onAuthorisationBegun(state: State, { data }: AuthorisationBegun): readonly Event[] {
  const { bookingId, showId, userId, attempts, amount, acceptedAt } = data;
  // Asked for again for the same try it is the same one.
  if (state.authorisations[attempts] !== undefined) return [];
  if (Object.keys(state.authorisations).length >= authorisationsKeptMax)
    throw new Error(`booking ${bookingId} has too many authorisations`);
  const releaseAt = Date.parse(data.holdExpiresAt) + releaseAfterMs;
  const begun = { bookingId, showId, userId, attempts, amount, begunAt: Date.parse(acceptedAt) };
  return [{ type: 'AuthorisationKept', data: { ...begun, releaseAt } }];
}

export function onAuthorisationAnswer(state: State, input: AuthorisationAnswer & InputContext): readonly Event[] {
  const { attempts } = input;
  const authorisation = state.authorisations[attempts];
  if (authorisation === undefined) throw new Error(`authorisation ${attempts} was let go, and never begun`);
  // Let go by an earlier answer, or waiting for its next question: this one came late.
  if (authorisation.status !== 'asking') return [];
  switch (input.type) {
    case 'AuthorisationOver':
      return [{ type: 'AuthorisationReleased', data: { attempts, released: input.released } }];
    case 'AuthorisationUnknown':
      return [
        {
          type: 'AuthorisationUnanswered',
          data: { attempts, ...nextWait(authorisation.wait, input.at, askAfterMaxMs) },
        },
      ];
    default:
      return unreachable(input);
  }
}

export function authorisationsDue(state: State, at: number): readonly Event[] {
  return Object.values(state.authorisations)
    .filter((each) => (wakeForAuthorisation(state, each) ?? Number.POSITIVE_INFINITY) <= at)
    .map((each) => ({ type: 'AuthorisationReleaseStarted', data: intentOf(each) }));
}

/** When an authorisation is to be let go, or asked about again. */
export function wakeForAuthorisation(state: State, authorisation: Authorisation): number | undefined {
  const attempts = Object.values(state.attempts);
  if (attempts.some(isOpen) || isPaidWith(state, authorisation)) return undefined;
  switch (authorisation.status) {
    case 'kept':
      // Paid for in another way: nobody needs it any more.
      return attempts.some(isPaid) ? authorisation.begunAt : authorisation.releaseAt;
    case 'unknown':
      return authorisation.wait?.askAt;
    case 'asking':
    case 'over':
      return undefined;
    default:
      return unreachable(authorisation.status);
  }
}

const isOpen = ({ status }: Attempt) => status === 'asking' || status === 'unknown';
const isPaid = ({ status, surplus }: Attempt) => status === 'succeeded' && !surplus;

/** Whether it is what was captured; where there were several, the provider is asked which of them. */
function isPaidWith({ attempts, authorisations }: State, { status }: Authorisation): boolean {
  if (status !== 'kept' || Object.keys(authorisations).length > 1) return false;
  return Object.values(attempts).some((each) => isPaid(each) && each.payment?.token === each.reference);
}

function intentOf({ bookingId, showId, userId, attempts, amount, begunAt }: Authorisation) {
  return { bookingId, showId, userId, attempts, amount, begunAt };
}
