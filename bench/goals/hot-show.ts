import { bothModes, costOf, type Goal, roundsOf, saturated } from './goal.ts';
import type { Stage } from './stage.ts';

const hallSeats = 65_536;
/** Divides the hall's rows, so that the last seat goes as well. */
const seatsAtOnce = 8;
const fillingMs = 10_000;

export const hotShow: Goal = {
  name: 'hot-show',
  says: 'everybody wants one show, of 5,000,000 places or of 65,536 seats ÷ bookings spread over many; a no ÷ a booking',
  modes: bothModes,
  async measure(stage) {
    const full = await fullHall(stage);
    const book = { pace: saturated } as const;
    const rounds = await roundsOf(stage, {
      places: () => stage.book({ ...book, show: 'one' }),
      seats: async () => stage.book({ ...book, show: await stage.scene.open(1, hallSeats) }),
      no: () => stage.book({ ...book, show: [full], until: 'rejection' }),
      many: () => stage.book({ ...book, show: 'many' }),
    });
    const of = (figure: (round: (typeof rounds)[number]) => number) => rounds.map(figure);
    return [
      {
        ...{ what: 'one show ÷ many', unit: '', wanted: { atLeast: 0.9 } },
        values: of(({ places, many }) => places.ticketedPerSecond / many.ticketedPerSecond),
      },
      {
        ...{ what: `one hall of ${hallSeats} seats ÷ many`, unit: '', wanted: { atLeast: 0.9 } },
        values: of(({ seats, many }) => seats.ticketedPerSecond / many.ticketedPerSecond),
      },
      {
        ...{ what: 'processor time, a no ÷ a booking', unit: '', wanted: { atMost: 0.15 } },
        values: of(({ no, many }) => costOf(no) / costOf(many)),
      },
      { what: 'bookings for one show', unit: '/s', values: of(({ places }) => places.ticketedPerSecond) },
      { what: 'bookings for one hall', unit: '/s', values: of(({ seats }) => seats.ticketedPerSecond) },
      { what: 'bookings for many', unit: '/s', values: of(({ many }) => many.ticketedPerSecond) },
      { what: 'processor time of a no', unit: 'µs', values: of(({ no }) => costOf(no)) },
    ];
  },
};

/** A show in a large hall whose seats are all sold: until somebody gets none. */
async function fullHall(stage: Stage): Promise<string> {
  const show = await stage.scene.open(1, hallSeats);
  const sell = { pace: saturated, show, seats: seatsAtOnce, measuredMs: fillingMs, unaudited: true };
  while ((await stage.book(sell)).unticketed === 0);
  return show[0] ?? '';
}
