import {
  admittedOnce,
  answerHasBooking,
  cancellationIsAnswered,
  cancelledShowHasNoBookings,
  everyBooking,
  exchangedIsGivenBack,
  oneBookingPerKey,
  priceIsAgreed,
  ticketsFollowConfirmation,
} from './customers.ts';
import {
  erasedAreRefused,
  erasedHearNothing,
  erasedLeaveNothing,
  erasedStayErased,
  erasedWaitForNothing,
} from './erasures.ts';
import type { Evidence, SimulatedInvariant } from './evidence.ts';
import { everyCauseIsTold, everyMessageHasAnOutcome, receivedOnce } from './messages.ts';
import { chargedAsAsked, noEndWhileCharged, oneChargeStays, providersBooksAreOurs } from './money.ts';
import {
  customersKeepTheLimit,
  oneTicketPerShowSeat,
  reservedAsWanted,
  salesAreCounted,
  seatHasOneOwner,
  whoWaitsComesFirst,
} from './seats.ts';
import {
  eventsOnTopics,
  nothingHappenedThatMustNot,
  nothingWaits,
  sequencesWithoutGaps,
  topicsAreRead,
  versionsWithoutGaps,
  viewsAreTheirRebuild,
} from './streams.ts';
import { oldCodesLetNobodyIn, takenByOne } from './transfers.ts';

/** All that must hold whenever everything has come to rest. What replay must not change is tried afterwards (`world.ts`). */
export const invariants: readonly SimulatedInvariant[] = [
  nothingHappenedThatMustNot,
  seatHasOneOwner,
  whoWaitsComesFirst,
  reservedAsWanted,
  oneTicketPerShowSeat,
  customersKeepTheLimit,
  salesAreCounted,
  ...everyBooking,
  answerHasBooking,
  oneBookingPerKey,
  priceIsAgreed,
  ticketsFollowConfirmation,
  admittedOnce,
  oldCodesLetNobodyIn,
  takenByOne,
  cancellationIsAnswered,
  exchangedIsGivenBack,
  cancelledShowHasNoBookings,
  providersBooksAreOurs,
  chargedAsAsked,
  oneChargeStays,
  noEndWhileCharged,
  receivedOnce,
  everyMessageHasAnOutcome,
  everyCauseIsTold,
  erasedStayErased,
  erasedLeaveNothing,
  erasedHearNothing,
  erasedAreRefused,
  erasedWaitForNothing,
  versionsWithoutGaps,
  sequencesWithoutGaps,
  eventsOnTopics,
  topicsAreRead,
  nothingWaits,
  viewsAreTheirRebuild,
];

export interface Violation {
  readonly invariant: string;
  readonly says: string;
}

/** Violations of one invariant that are told. */
const toldMax = 5;

/** Examines all invariants; nothing is found where all is well. */
export function examine(evidence: Evidence): readonly Violation[] {
  return invariants.flatMap((invariant) =>
    [...invariant.examine(evidence)].slice(0, toldMax).map((says) => ({ invariant: invariant.name, says })),
  );
}
