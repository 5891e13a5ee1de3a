import { type Goal, pairsOf, saturated } from './goal.ts';

export const history: Goal = {
  name: 'history',
  says: 'with a million past bookings ÷ with none: bookings a second at saturation, and a start after SIGKILL',
  modes: ['embedded'],
  async measure(stage) {
    const grown = await stage.withHistory(stage.sizes.history);
    try {
      const booked = await pairsOf(
        stage,
        () => grown.book({ pace: saturated }),
        () => stage.book({ pace: saturated }),
      );
      const started = await pairsOf(
        stage,
        () => grown.restart(),
        () => stage.restart(),
      );
      const rate = booked.map(([past, none]) => past.ticketedPerSecond / none.ticketedPerSecond);
      const slower = started.map(([past, none]) => past / none);
      return [
        { what: `${stage.sizes.history} past bookings ÷ none`, unit: '', values: rate, wanted: { atLeast: 0.9 } },
        { what: 'bookings with them', unit: '/s', values: booked.map(([past]) => past.ticketedPerSecond) },
        { what: 'bookings without', unit: '/s', values: booked.map(([, none]) => none.ticketedPerSecond) },
        { what: 'start after SIGKILL, with them ÷ without', unit: '', values: slower, wanted: { atMost: 1.5 } },
        { what: 'start with them', unit: 'ms', values: started.map(([past]) => past), wanted: { atMost: 3_000 } },
        { what: 'start without', unit: 'ms', values: started.map(([, none]) => none) },
      ];
    } finally {
      await grown.stop();
    }
  },
};
