import { spentBetween } from '../measure/probe.ts';
import { cpuOf } from '../measure/processor-time.ts';
import { bothModes, type Figure, type Goal, pairsOf, saturated } from './goal.ts';
import { loosened, type Stage } from './stage.ts';

const idleMs = 30_000;

/** Per cent of one processor, while nobody asks for anything. */
async function idle(stage: Stage): Promise<Figure> {
  const seconds = await stage.watched(async (probe) => {
    const before = await probe.read();
    await new Promise((resolve) => setTimeout(resolve, idleMs));
    return cpuOf(spentBetween(before, await probe.read()).cpu);
  });
  const share = (100 * seconds * 1_000) / idleMs;
  return { what: 'processor time when idle', unit: '% of a core', values: [share], wanted: { atMost: 2 } };
}

/** Another system, which publishes without storing once its shows are known everywhere. */
async function againstUnsafe(stage: Stage): Promise<readonly Figure[]> {
  const { stage: unsafe, loosen } = await loosened(stage.mode, stage.sizes, 'without-storing');
  try {
    const show = await unsafe.scene.open(stage.sizes.shows);
    await unsafe.book({ pace: saturated, show });
    loosen();
    const pairs = await pairsOf(
      stage,
      () => stage.book({ pace: saturated }),
      () => unsafe.book({ pace: saturated, show, unaudited: true }),
    );
    const ratio = pairs.map(([safe, loose]) => safe.ticketedPerSecond / loose.ticketedPerSecond);
    return [
      { what: 'stored before published ÷ not stored', unit: '', values: ratio, wanted: { atLeast: 0.85 } },
      { what: 'stored before published', unit: '/s', values: pairs.map(([safe]) => safe.ticketedPerSecond) },
      { what: 'published and not stored', unit: '/s', values: pairs.map(([, loose]) => loose.ticketedPerSecond) },
    ];
  } finally {
    await unsafe.stop();
  }
}

export const durability: Goal = {
  name: 'durability',
  says: 'bookings a second as they are ÷ published without being stored (embedded); processor time when nobody asks',
  modes: bothModes,
  async measure(stage) {
    const atRest = await idle(stage);
    return stage.mode === 'embedded' ? [...(await againstUnsafe(stage)), atRest] : [atRest];
  },
};
