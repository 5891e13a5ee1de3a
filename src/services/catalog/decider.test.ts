import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Show } from '../../contracts/catalog.ts';
import {
  type ShowChanges,
  type ShowCommand,
  type ShowEvent,
  type ShowRefusalReason,
  type ShowState,
  shows,
} from './decider.ts';

const uuid = '01890000-0000-7000-8000-000000000001';
const at = Date.parse('2026-01-01T00:00:00.000Z');
const usd = (amount: number) => ({ amount, currency: 'USD' });
const show: Show = {
  showId: `shw_${uuid}`,
  movie: { movieId: `mov_${uuid}`, title: 'Any' },
  theatre: { theatreId: `thr_${uuid}`, name: 'Any', location: 'Any', timeZone: 'UTC' },
  screen: { screenId: `scr_${uuid}`, number: 1 },
  startsAt: '2026-03-01T20:00:00.000Z',
  seatPlanId: `pln_${uuid}`,
  priceCategories: [{ name: 'standard', price: usd(1_000) }],
  sales: { opensAt: '2026-01-01T00:00:00.000Z', closesAt: '2026-03-01T20:00:00.000Z' },
  refundPolicy: { untilMinutesBefore: 0, feePercent: 0 },
  state: 'scheduled',
};
const states: Readonly<Record<ShowState['status'], ShowState>> = {
  absent: { status: 'absent' },
  scheduled: { status: 'scheduled', show },
  cancelled: { status: 'cancelled', show: { ...show, state: 'cancelled' } },
  withdrawn: { status: 'withdrawn', show: { ...show, state: 'withdrawn' } },
};
const refusal = (reason: ShowRefusalReason): readonly ShowEvent[] => [{ type: 'ShowCommandRefused', data: { reason } }];
const change = (
  changes: ShowChanges,
  more: Partial<Omit<Extract<ShowCommand, { type: 'ChangeShow' }>, 'type'>> = {},
): ShowCommand => ({
  ...{ type: 'ChangeShow', changes, booked: false, at },
  ...more,
});
const schedule: ShowCommand = { type: 'ScheduleShow', show };
const cancel: ShowCommand = { type: 'CancelShow' };
const withdraw = (booked: boolean): ShowCommand => ({ type: 'WithdrawShow', booked });
const dearer = [{ name: 'standard', price: usd(1_200) }];
const euro = [{ name: 'standard', price: { amount: 1_000, currency: 'EUR' } }];
const later = '2026-03-02T20:00:00.000Z';
const elsewhere = { ...show.theatre, theatreId: `thr_${uuid.slice(0, -1)}2` };
const another = { ...show.movie, movieId: `mov_${uuid.slice(0, -1)}2` };
const otherPlan = `pln_${uuid.slice(0, -1)}2`;

const cases: readonly [string, ShowState['status'], ShowCommand, readonly ShowEvent[]][] = [
  ['a show is scheduled', 'absent', schedule, [{ type: 'ShowScheduled', data: show }]],
  ['a show is scheduled once', 'scheduled', schedule, refusal('scheduled_already')],
  ['a cancelled show is not scheduled again', 'cancelled', schedule, refusal('scheduled_already')],
  ['a withdrawn show is not scheduled again', 'withdrawn', schedule, refusal('scheduled_already')],
  ['no show cannot change', 'absent', change({ priceCategories: dearer }), refusal('show_not_found')],
  ['a withdrawn show cannot change', 'withdrawn', change({ priceCategories: dearer }), refusal('show_not_found')],
  ['a cancelled show cannot change', 'cancelled', change({ priceCategories: dearer }), refusal('show_cancelled')],
  [
    'prices change',
    'scheduled',
    change({ priceCategories: dearer }),
    [{ type: 'ShowChanged', data: { ...show, priceCategories: dearer } }],
  ],
  [
    'the same again is no change',
    'scheduled',
    change({ startsAt: show.startsAt, priceCategories: show.priceCategories }),
    [],
  ],
  [
    'the order of fields is no change',
    'scheduled',
    change({ sales: { closesAt: show.sales.closesAt, opensAt: show.sales.opensAt } }),
    [],
  ],
  [
    'another start moves the show',
    'scheduled',
    change({ startsAt: later }),
    [{ type: 'ShowMoved', data: { ...show, startsAt: later, movedAt: '2026-01-01T00:00:00.000Z' } }],
  ],
  [
    'a booked show may be moved',
    'scheduled',
    change({ startsAt: later }, { booked: true }),
    [{ type: 'ShowMoved', data: { ...show, startsAt: later, movedAt: '2026-01-01T00:00:00.000Z' } }],
  ],
  [
    'a booked show in another theatre has moved',
    'scheduled',
    change({ theatre: elsewhere }, { booked: true }),
    [{ type: 'ShowMoved', data: { ...show, theatre: elsewhere, movedAt: '2026-01-01T00:00:00.000Z' } }],
  ],
  [
    'a booked show of another movie has moved',
    'scheduled',
    change({ movie: another }, { booked: true }),
    [{ type: 'ShowMoved', data: { ...show, movie: another, movedAt: '2026-01-01T00:00:00.000Z' } }],
  ],
  [
    'before anybody has booked it that is a change like any other',
    'scheduled',
    change({ theatre: elsewhere, movie: another }),
    [{ type: 'ShowChanged', data: { ...show, theatre: elsewhere, movie: another } }],
  ],
  [
    'a limit is set',
    'scheduled',
    change({ seatsPerCustomerMax: 4 }),
    [{ type: 'ShowChanged', data: { ...show, seatsPerCustomerMax: 4 } }],
  ],
  ['no limit is taken away', 'scheduled', change({ seatsPerCustomerMax: null }), []],
  [
    'before the first sale the plan may change',
    'scheduled',
    change({ seatPlanId: otherPlan }),
    [{ type: 'ShowChanged', data: { ...show, seatPlanId: otherPlan } }],
  ],
  [
    'a plan that changed in the moment of the first booking goes back to that of its seats',
    'scheduled',
    change({ seatPlanId: otherPlan }, { booked: true, bookedPlan: otherPlan }),
    [{ type: 'ShowChanged', data: { ...show, seatPlanId: otherPlan } }],
  ],
  ['after it the plan stays', 'scheduled', change({ seatPlanId: otherPlan }, { booked: true }), refusal('plan_fixed')],
  [
    'before the first sale the currency may change',
    'scheduled',
    change({ priceCategories: euro }),
    [{ type: 'ShowChanged', data: { ...show, priceCategories: euro } }],
  ],
  [
    'after it the currency stays',
    'scheduled',
    change({ priceCategories: euro }, { booked: true }),
    refusal('currency_fixed'),
  ],
  [
    'after it prices may change',
    'scheduled',
    change({ priceCategories: dearer }, { booked: true }),
    [{ type: 'ShowChanged', data: { ...show, priceCategories: dearer } }],
  ],
  [
    'a show that has started cannot change',
    'scheduled',
    change({ startsAt: later }, { at: Date.parse(show.startsAt) }),
    refusal('show_started'),
  ],
  ['a show is cancelled', 'scheduled', cancel, [{ type: 'ShowCancelled', data: { ...show, state: 'cancelled' } }]],
  ['cancelling twice is fine', 'cancelled', cancel, []],
  ['no show cannot be cancelled', 'absent', cancel, refusal('show_not_found')],
  ['a withdrawn show cannot be cancelled', 'withdrawn', cancel, refusal('show_not_found')],
  [
    'a show nobody booked is withdrawn',
    'scheduled',
    withdraw(false),
    [{ type: 'ShowWithdrawn', data: { ...show, state: 'withdrawn' } }],
  ],
  ['a booked show is not withdrawn', 'scheduled', withdraw(true), refusal('show_booked')],
  [
    'a cancelled show nobody had booked is withdrawn',
    'cancelled',
    withdraw(false),
    [{ type: 'ShowWithdrawn', data: { ...show, state: 'withdrawn' } }],
  ],
  ['a cancelled show that was booked is not withdrawn', 'cancelled', withdraw(true), refusal('show_booked')],
  ['withdrawing twice is fine', 'withdrawn', withdraw(false), []],
  ['no show cannot be withdrawn', 'absent', withdraw(false), refusal('show_not_found')],
];

for (const [sentence, status, command, expected] of cases) {
  test(sentence, () => assert.deepEqual(shows.decide(states[status], command), expected));
}

test('a limit is taken away', () => {
  const state: ShowState = { status: 'scheduled', show: { ...show, seatsPerCustomerMax: 4 } };
  assert.deepEqual(shows.decide(state, change({ seatsPerCustomerMax: null })), [{ type: 'ShowChanged', data: show }]);
});

test('the state is the last event; a refusal changes nothing', () => {
  const events = cases.flatMap(([, , , expected]) => expected);
  for (const event of events) {
    const after = shows.evolve(states.absent, event);
    if (event.type === 'ShowCommandRefused') assert.equal(after, states.absent);
    else assert.deepEqual(after, { status: event.data.state, show: event.data });
  }
  for (const state of Object.values(states)) assert.equal(shows.deadline(state), undefined);
});
