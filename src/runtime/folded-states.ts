import { type Batcher, createBatcher } from './batcher.ts';
import type { StreamDefinition } from './service.ts';
import type { LoadedStream, StreamToLoad } from './store/store.ts';
import { type StateName, StreamStates } from './task/streams.ts';

/** Those who may ask at once. */
const askersMax = 20_000;

export interface FoldedState {
  readonly state: unknown;
  /** Version of the stream's last event; 0 before the first. */
  readonly version: number;
}

/**
 * States that the loop does not have in memory, folded from what is committed. None is kept: it may be another instance's, and
 * change there. Whoever asks while states are being read shares the next reading, which begins after all of them have asked; so a
 * thousand who look at one show cost as much as one, over and over.
 */
export class FoldedStates {
  readonly #streams: Readonly<Record<string, StreamDefinition>>;
  readonly #load: (streams: readonly StreamToLoad[]) => Promise<readonly LoadedStream[]>;
  readonly #asked: Batcher<StateName, Promise<FoldedState>>;

  constructor(options: {
    readonly streams: Readonly<Record<string, StreamDefinition>>;
    readonly load: (streams: readonly StreamToLoad[]) => Promise<readonly LoadedStream[]>;
  }) {
    this.#streams = options.streams;
    this.#load = options.load;
    this.#asked = createBatcher({
      itemsMax: askersMax,
      queuedMax: askersMax,
      run: (names) => this.#readAll(names),
    });
  }

  /** Rejects with what reading this state threw: nobody else's is the worse for it. */
  async state(name: StateName): Promise<FoldedState> {
    return this.#asked.add(name);
  }

  async #readAll(names: readonly StateName[]): Promise<readonly Promise<FoldedState>[]> {
    const reading = new Map<string, Promise<FoldedState>>();
    const all = names.map((name) => {
      const key = JSON.stringify([name.kind, name.id, name.part]);
      const known = reading.get(key) ?? this.#read(name);
      reading.set(key, known);
      return known;
    });
    await Promise.allSettled(all);
    return all;
  }

  async #read(name: StateName): Promise<FoldedState> {
    const states = new StreamStates(this.#streams);
    const loaded = await this.#load(states.missing([name]));
    states.keep(loaded.map((each) => ({ ...each, kind: name.kind })));
    return states.committed(name) ?? { state: undefined, version: 0 };
  }
}
