import { emptySeatMap } from '../../src/contracts/rules/seat-map.ts';
import { decider, decision, type Loose, type LooseFact, type LooseInput, type PlantedBug, viewFold } from './alter.ts';

/** Bugs of deciders: what a developer in a hurry writes. */

const seats = (
  alter: (
    state: Loose,
    input: LooseInput,
    decide: (state: Loose, input: LooseInput) => readonly LooseFact[],
  ) => readonly LooseFact[],
) => decision('seat-inventory', 'show-seats', alter);
const booking = (...[alter]: Parameters<typeof seats>) => decision('booking', 'booking', alter);
const payment = (...[alter]: Parameters<typeof seats>) => decision('payment', 'payments', alter);
const tickets = (...[alter]: Parameters<typeof seats>) => decision('ticket', 'tickets', alter);
const gate = (...[alter]: Parameters<typeof seats>) => decision('user', 'booking-requests', alter);

/** A hall in which every seat looks free. */
const allFree = (state: Loose): Loose => ({ ...state, root: { ...(state['root'] as Loose), map: emptySeatMap } });
const partOf = (state: Loose) => state['part'] as Loose;
const withData = (input: LooseInput, data: Loose): LooseInput => ({ ...input, data: { ...input.data, ...data } });
const changed = (facts: readonly LooseFact[], type: string, change: (data: Loose) => Loose): readonly LooseFact[] =>
  facts.map((fact) => (fact.type === type ? { ...fact, data: { ...fact.data, ...change(fact.data) } } : fact));
const statusIs = (state: Loose, ...statuses: readonly string[]) => statuses.includes(String(state['status']));

export const businessBugs: readonly PlantedBug[] = [
  {
    name: 'a seat is held without a look at whether it is free',
    // Its story is shrunk, and by this one it gets short.
    shownBy: 1,
    alterations: seats((state, input, decide) =>
      decide(input.type === 'BookingCreated' && partOf(state)['status'] === 'none' ? allFree(state) : state, input),
    ),
  },
  {
    name: 'a late payment takes seats that were sold since',
    shownBy: 28,
    alterations: seats((state, input, decide) => decide(input.type === 'BookingPaid' ? allFree(state) : state, input)),
  },
  {
    name: 'a hold takes those of the seats that it can get',
    alterations: seats((state, input, decide) =>
      changed(decide(state, input), 'SeatsReserved', (data) => ({
        seats: (data['seats'] as unknown[]).slice(0, 2),
        indexes: (data['indexes'] as unknown[]).slice(0, 2),
      })),
    ),
  },
  {
    name: 'an expiry gives the seats back twice',
    alterations: seats((state, input, decide) => {
      const facts = decide(state, input);
      return input.type === 'DeadlineReached' ? [...facts, ...facts] : facts;
    }),
  },
  {
    name: 'a hold ends before its time',
    alterations: decider('seat-inventory', 'show-seats', (before) => ({
      decide: (state, input) =>
        before.decide(state, input.type === 'DeadlineReached' ? { ...input, at: input.at + 60_000 } : input),
      deadline: (state) => {
        const due = before.deadline(state);
        return due === undefined ? undefined : due - 30_000;
      },
    })),
  },
  {
    name: 'a hold never ends',
    alterations: decider('seat-inventory', 'show-seats', () => ({ deadline: () => undefined })),
  },
  {
    name: 'an open charge keeps its hold for an hour',
    alterations: seats((state, input, decide) =>
      decide(
        state,
        input.type === 'BookingPaymentStarted'
          ? withData(input, { heldUntil: new Date(input.at + 3_600_000).toISOString() })
          : input,
      ),
    ),
  },
  {
    name: 'the end of a booking frees seats that others have since',
    alterations: seats((state, input, decide) => {
      const part = partOf(state);
      const again = input.type === 'BookingExpired' && part['status'] === 'released';
      return decide(again ? { ...state, part: { ...part, status: 'held' } } : state, input);
    }),
  },
  {
    name: 'an area counts only what is sold',
    alterations: seats((state, input, decide) => {
      if (input.type !== 'BookingCreated' || partOf(state)['status'] !== 'none') return decide(state, input);
      const root = state['root'] as Loose;
      const areas = Object.entries(root['areas'] as Record<string, Loose>).map(([name, area]) => [
        name,
        { ...area, held: 0, sold: 0 },
      ]);
      return decide({ ...state, root: { ...root, areas: Object.fromEntries(areas) } }, input);
    }),
  },
  {
    name: 'seats that are held can be blocked',
    alterations: seats((state, input, decide) =>
      decide(input.type === 'BlockRequested' ? allFree(state) : state, input),
    ),
  },
  {
    name: 'an offer ends before those who wait have had their turn',
    alterations: seats((state, input, decide) =>
      decide(state, input).map((fact) => (fact.type === 'WaitingFound' ? { ...fact, type: 'OfferEnded' } : fact)),
    ),
  },
  {
    name: 'what becomes free is offered to nobody',
    alterations: seats((state, input, decide) => decide(state, input).filter(({ type }) => type !== 'PlacesOffered')),
  },
  {
    name: 'whoever has left the waiting list stays on it',
    alterations: seats((state, input, decide) => decide(state, input).filter(({ type }) => type !== 'WaitEnded')),
  },
  {
    name: 'a wait for seats never ends',
    alterations: decider('booking', 'booking', (before) => ({
      deadline: (state) => (state['waits'] === true ? undefined : before.deadline(state)),
    })),
  },
  {
    name: 'the limit of a customer is forgotten',
    alterations: seats((state, input, decide) => {
      if (input.type !== 'BookingCreated') return decide(state, input);
      const { seatsPerCustomerMax: _, ...data } = input.data;
      return decide(state, { ...input, data });
    }),
  },
  {
    name: 'a booking is confirmed although its seats are lost',
    shownBy: 13,
    alterations: booking((state, input, decide) =>
      decide(state, input.type === 'SeatsLost' ? { ...input, type: 'SeatsSold' } : input),
    ),
  },
  {
    name: 'money that comes after the end is kept',
    shownBy: 13,
    alterations: booking((state, input, decide) =>
      input.type === 'PaymentSucceeded' &&
      statusIs(state, 'expired', 'rejected', 'cancelled', 'awaiting_payment', 'requested')
        ? []
        : input.type === 'SeatsLost'
          ? decide(state, input).filter(({ type }) => type !== 'RefundRequested')
          : decide(state, input),
    ),
  },
  {
    name: 'a booking expires while its charge is open',
    alterations: booking((state, input, decide) =>
      decide(
        input.type === 'SeatsReleased' && statusIs(state, 'paying') ? { ...state, status: 'awaiting_payment' } : state,
        input,
      ),
    ),
  },
  {
    name: 'a payment within the hold is overlooked',
    alterations: booking((state, input, decide) =>
      input.type === 'PaymentSubmitted' && statusIs(state, 'awaiting_payment') && Number(state['attempts']) > 0
        ? []
        : decide(state, input),
    ),
  },
  {
    name: 'one of two payments is dropped in silence',
    alterations: booking((state, input, decide) =>
      decide(state, input).filter(({ type }) => type !== 'PaymentPassedOver'),
    ),
  },
  {
    name: 'a cancellation during the charge is lost',
    alterations: booking((state, input, decide) =>
      input.type === 'BookingCancellationRequested' && statusIs(state, 'paying', 'paid') ? [] : decide(state, input),
    ),
  },
  {
    name: 'a cancelled booking is refunded what is to be kept, too',
    alterations: booking((state, input, decide) =>
      input.type === 'TicketsReturned'
        ? changed(decide(state, input), 'RefundRequested', () => ({ amount: state['paid'] }))
        : decide(state, input),
    ),
  },
  {
    name: 'a cancellation does not wait for the tickets',
    alterations: booking((state, input, decide) => {
      const facts = decide(state, input);
      const begun = facts.find(({ type }) => type === 'CancellationBegun');
      return begun === undefined
        ? facts
        : decide({ ...state, returning: begun.data }, { ...input, type: 'TicketsReturned' });
    }),
  },
  {
    name: 'a booking is refunded although a ticket of it was given away',
    alterations: tickets((state, input, decide) =>
      decide(state, input.type === 'TicketsReturnDecided' ? { ...input, given: false } : input),
    ),
  },
  {
    name: 'a confirmed booking survives its show',
    alterations: booking((state, input, decide) =>
      input.type === 'ShowCancelled' && statusIs(state, 'confirmed') ? [] : decide(state, input),
    ),
  },
  {
    name: 'the price may be higher than was agreed to',
    alterations: booking((state, input, decide) => {
      const { priceLimit: _, ...asked } = (state['asked'] ?? {}) as Loose;
      return decide(
        input.type === 'PriceCalculated' && state['asked'] !== undefined ? { ...state, asked } : state,
        input,
      );
    }),
  },
  {
    name: 'a decider reads the clock',
    alterations: booking((state, input, decide) =>
      changed(decide(state, input), 'RequestAccepted', () => ({ timesOutAt: Date.now() + 60_000 })),
    ),
  },
  {
    name: 'a decider changes the state it was given',
    alterations: booking((state, input, decide) => {
      if (statusIs(state, 'confirmed')) Object.assign(state, { used: true });
      return decide(state, input);
    }),
  },
  {
    name: 'the price is not that of the quote',
    shownBy: 70,
    alterations: decision('pricing', 'show-prices', (state, input, decide) => {
      if (input.type !== 'SeatsReserved') return decide(state, input);
      const { quote: _, ...data } = input.data;
      return decide(state, { ...input, data });
    }),
  },
  {
    name: 'a lost answer is taken for a decline',
    alterations: payment((state, input, decide) =>
      decide(
        state,
        input.type === 'ChargeUnknown'
          ? { ...input, type: 'ChargeDeclined', error: { code: 'timeout', message: 'No answer.' } }
          : input,
      ),
    ),
  },
  {
    name: 'the same outcome of a charge is published twice',
    alterations: payment((state, input, decide) => {
      const attempt = (state['attempts'] as Record<string, Loose>)[String(input['paymentId'])];
      const told = input.type === 'ProviderReported' && attempt?.['status'] === 'succeeded';
      const again = { ...state, attempts: { [String(input['paymentId'])]: { ...attempt, status: 'unknown' } } };
      return decide(told ? again : state, input);
    }),
  },
  {
    name: 'an unknown charge is asked for once only',
    alterations: decider('payment', 'payments', () => ({ deadline: () => undefined })),
  },
  {
    name: 'tickets are issued after a cancellation',
    shownBy: 25,
    alterations: tickets((state, input, decide) =>
      input.type === 'BookingCancelled' && statusIs(state, 'planned') ? [] : decide(state, input),
    ),
  },
  {
    name: 'tickets of a cancelled booking stay valid',
    alterations: tickets((state, input, decide) =>
      input.type === 'BookingCancelled' && statusIs(state, 'issued') ? [] : decide(state, input),
    ),
  },
  {
    name: 'a ticket waits for its message for ever',
    alterations: decider('ticket', 'tickets', (before) => ({
      decide: (state, input) =>
        input.type === 'PaymentMessageSent' && statusIs(state, 'waiting') ? [] : before.decide(state, input),
      deadline: () => undefined,
    })),
  },
  {
    name: 'tickets are issued twice',
    alterations: tickets((state, input, decide) => {
      const facts = decide(state, input);
      return input.type === 'PaymentMessageSent'
        ? [...facts, ...facts.filter(({ type }) => type === 'TicketIssued')]
        : facts;
    }),
  },
  {
    name: 'a message whose fate is unknown has no outcome',
    alterations: decision('notification', 'messages', (state, input, decide) =>
      input.type === 'MessageSettled' && input['status'] === 'unknown' ? [] : decide(state, input),
    ),
  },
  {
    name: 'a second channel is not told',
    alterations: decision('notification', 'messages', (state, input, decide) =>
      decide(state, input).filter(
        ({ type, data }) => type !== 'MessagePlanned' || data['kind'] !== 'refund_made' || data['channel'] === 'email',
      ),
    ),
  },
  {
    name: 'a late event overwrites a final state',
    alterations: viewFold('user', 'bookings', (fold) => (doc, applied) => {
      const before = doc as Loose | undefined;
      const forgotten = before && {
        ...before,
        status: 'requested',
        internal: { ...(before['internal'] as Loose), seen: { timeline: 1, version: 0 } },
      };
      return fold(forgotten, applied);
    }),
  },
  {
    name: 'an exchange gives the old booking back before the new one is theirs',
    alterations: gate((state, input, decide) => {
      const facts = decide(state, input);
      if (input.type !== 'BookingRequested' || input.data['replaces'] === undefined) return facts;
      const { bookingId, userId, replaces, acceptedAt } = input.data;
      return [...facts, { type: 'ReplacementDue', data: { bookingId, userId, replaces, acceptedAt } }];
    }),
  },
  {
    name: 'whoever was erased stays on the waiting list',
    alterations: gate((state, input, decide) =>
      decide(state, input).filter(({ data }) => data['whileUnpaid'] !== true),
    ),
  },
  {
    name: 'a request that came while its customer was erased waits for seats',
    alterations: gate((state, input, decide) => decide(state, input).filter(({ type }) => type !== 'WaitBegun')),
  },
  {
    name: 'a booking keeps the name that is on its tickets',
    alterations: viewFold('user', 'bookings', (fold) => (doc, applied) => {
      const { data } = applied.envelope as { readonly data: Loose | null };
      const named = data?.['bookedUnder'] ?? (doc as Loose | undefined)?.['bookedUnder'];
      return { ...(fold(doc, applied) as Loose), ...(named === undefined ? {} : { bookedUnder: named }) };
    }),
  },
  {
    name: 'an exchange leaves its customer with both bookings',
    alterations: gate((state, input, decide) => decide(state, input).filter(({ type }) => type !== 'ReplacementDue')),
  },
];
