import type { Log } from '../log/log.ts';
import type { ServiceDefinition } from '../service.ts';
import type { EventRow, Store, TaskRow } from '../store/store.ts';
import { earlierInputs } from './inputs.ts';
import { LookupThen } from './lookup-then.ts';
import { Recalling } from './recalling.ts';
import { toldEvents } from './told-events.ts';

/**
 * A task whose database was restored from an older backup gets back what happened since. What it told on its topics is
 * there, word for word, and stands. What it kept to itself is decided again: each told event names the input that caused it,
 * and that input still is on its topic; decided once more it has to say what was told, and says the private facts beside it.
 * Inputs of which nothing was told are decided as well and may add private facts, nothing else; so are the answers that a
 * service gives itself. How far a topic was read is known by the last input of it that something was told of, or whose
 * private facts fill a place before something told. What comes after that, the task reads for itself when it goes on.
 *
 * Not to be had again are private facts that followed from what no topic holds (a request, an answer from outside): their
 * places in the streams stay empty, and `fullhouse check` shows them.
 */
export interface Recalled {
  readonly partition: number;
  readonly timeline: number;
  /** Events that the topics held and the database did not. */
  readonly readBack: number;
  /** Private facts that were decided again. */
  readonly decidedAgain: number;
  /** Inputs that are decided again when the task goes on, since it cannot be told what became of them. */
  readonly leftToDecide: number;
  /** Own events that the topics do not hold any more either, by topic: the first and the last that is missing. */
  readonly gone: readonly { readonly topic: string; readonly from: number; readonly to: number }[];
  /** Streams that cannot be folded without what is lost. */
  readonly broken: readonly string[];
}

export interface RecallOptions {
  readonly definition: ServiceDefinition;
  readonly store: Store;
  readonly log: Log;
  readonly partition: number;
  /** How far task 0 has read the topics of one partition. */
  readonly global: TaskRow['positions'];
}

/** Brings one task back, in one transaction; `undefined` where its topics hold nothing that its database lacks. */
export async function recall(options: RecallOptions): Promise<Recalled | undefined> {
  const { definition, store, log, partition, global } = options;
  const takeover = await store.takeOver([partition]);
  const [task] = takeover.tasks;
  if (task === undefined) throw new Error(`there is no task ${partition}`);
  const told = await toldEvents(log, definition, task);
  if (told.length === 0) return undefined;
  const lookup = new LookupThen(store, definition);
  await lookup.read(log, definition, { task, global });
  const inputs = await earlierInputs(log, definition, takeover);
  const given = { definition, log, store, takeover, task, told, inputs, lookup };
  // Which record is meant by a cause shows only when it is decided; once that is known, so is how far each topic was read.
  const first = new Recalling({ ...given, causes: undefined });
  await first.run();
  const recalling = new Recalling({ ...given, causes: first.matched });
  await recalling.run();
  const { commit, ...result } = await recalling.result();
  await store.commit(commit);
  return { partition, ...result, readBack: told.length, gone: goneOf(task, told) };
}

function goneOf({ sequences }: TaskRow, told: readonly EventRow[]): Recalled['gone'] {
  const gone: { topic: string; from: number; to: number }[] = [];
  for (const [topic, rows] of Map.groupBy(told, ({ channel }) => channel)) {
    let expected = (sequences[topic] ?? 0) + 1;
    for (const { sequence } of rows.toSorted((a, b) => a.sequence - b.sequence)) {
      if (sequence > expected) gone.push({ topic, from: expected, to: sequence - 1 });
      expected = sequence + 1;
    }
  }
  return gone;
}
