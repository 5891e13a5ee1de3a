/**
 * Group commit without a timer: while one batch runs, what arrives waits and becomes the next batch. Alone, an item goes
 * at once; under load, batches grow by themselves.
 */
export interface Batcher<Item, Result> {
  /** Resolves with the item's result; rejects when its batch failed or `queuedMax` are waiting (`QueueFull`). */
  add(item: Item): Promise<Result>;
  /** Items that wait or run. */
  readonly size: number;
  /** Resolves when nothing runs or waits. */
  idle(): Promise<void>;
}

export interface BatcherOptions<Item, Result> {
  readonly itemsMax: number;
  readonly queuedMax: number;
  /** Results in the order of the items; fewer than items where nobody needs them. */
  readonly run: (items: readonly Item[]) => Promise<readonly Result[]>;
}

/** More waits than may: the caller should tell its own caller to come back later. */
export class QueueFull extends Error {
  override readonly name = 'QueueFull';
  readonly code = 'queue_full';
  readonly retryable = true;
}

interface Waiting<Item, Result> {
  readonly item: Item;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

export function createBatcher<Item, Result>({
  itemsMax,
  queuedMax,
  run,
}: BatcherOptions<Item, Result>): Batcher<Item, Result> {
  let waiting: Waiting<Item, Result>[] = [];
  let running: Promise<void> | undefined;
  let runningItems = 0;

  const runAll = async (): Promise<void> => {
    while (waiting.length > 0) {
      const batch = waiting.slice(0, itemsMax);
      waiting = waiting.slice(itemsMax);
      runningItems = batch.length;
      try {
        const results = await run(batch.map((each) => each.item));
        for (const [index, each] of batch.entries()) each.resolve(results[index] as Result);
      } catch (error) {
        for (const each of batch) each.reject(error);
      }
    }
    running = undefined;
    runningItems = 0;
  };

  return {
    get size() {
      return waiting.length + runningItems;
    },
    add(item) {
      if (waiting.length >= queuedMax) return Promise.reject(new QueueFull(`more than ${queuedMax} are waiting`));
      return new Promise((resolve, reject) => {
        waiting.push({ item, resolve, reject });
        // The turn of the event loop that brought this item may bring more: they share its batch.
        running ??= Promise.resolve().then(runAll);
      });
    },
    async idle() {
      while (running !== undefined) await running;
    },
  };
}
