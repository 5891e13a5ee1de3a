import { effect } from '../../runtime/service.ts';
import type { About } from './decider.ts';
import { giveBack } from './projection.ts';

/** Giving tickets back, in the tables of the door: tried until it works, since a customer waits for the money. */
export const ticketsReturnSought = effect<About>({
  policy: {
    timeoutMs: 5_000,
    attemptsMax: 5,
    backoffMs: 100,
    backoffMaxMs: 5_000,
    concurrencyMax: 8,
    breakerFailures: 1_000_000,
    breakerOpenMs: 1_000,
  },
  run: async ({ data: { bookingId } }, service) => {
    const decided = await service.transaction((transaction) => giveBack(transaction, bookingId));
    return { type: 'TicketsReturnDecided', data: decided };
  },
  unanswered: () => ({ type: 'TicketsReturnUnanswered', data: {} }),
});
