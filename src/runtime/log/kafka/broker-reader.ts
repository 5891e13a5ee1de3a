import type { Cluster, Purpose } from './cluster.ts';
import { type Fetched, FetchSession, fetchOnce, isSessionLost, type Wanted } from './fetch-session.ts';
import type { Subscription } from './subscription.ts';

/**
 * Reads from one broker with two connections, however many consumers and partitions there are. The *main* one asks for
 * everything that is wanted in one long poll. What becomes wanted while that poll is under way, and consumers that are
 * elsewhere in a partition than the foremost, are asked for *aside*, with a short wait, until the next main poll has them
 * as well. What both bring is taken once: by offset.
 */
const mainWaitMs = 3_000;
const asideWaitMs = 25;
const retryFirstMs = 50;
const retryMaxMs = 2_000;

/** Which of a partition's consumers is asked for. */
type Choice = (subscriptions: readonly Subscription[]) => Subscription | undefined;

export interface BrokerReaderOptions {
  readonly cluster: Cluster;
  readonly node: number;
  readonly wanted: (choose: Choice) => ReadonlyMap<string, Wanted>;
  readonly onFetched: (fetched: readonly Fetched[], purpose: Purpose) => Promise<void>;
}

export class BrokerReader {
  readonly #options: BrokerReaderOptions;
  readonly #session = new FetchSession();
  /** The main poll that is under way. */
  #asked: ReadonlyMap<string, Wanted> = new Map();
  #isMainRunning = false;
  #isAsideRunning = false;
  #round = 0;

  constructor(options: BrokerReaderOptions) {
    this.#options = options;
  }

  wake(): void {
    if (!this.#isMainRunning) {
      this.#isMainRunning = true;
      void this.#run('fetch', () => this.#main());
    } else this.#wakeAside();
  }

  #wakeAside(): void {
    if (this.#isAsideRunning) return;
    this.#isAsideRunning = true;
    void this.#run('fetch-aside', () => this.#aside());
  }

  /** Goes on as long as something is wanted, through failures as well. */
  async #run(purpose: Purpose, ask: () => Promise<readonly Fetched[] | undefined>): Promise<void> {
    const { cluster, onFetched } = this.#options;
    let retryMs = retryFirstMs;
    while (!cluster.isClosed) {
      try {
        const fetched = await ask();
        if (fetched === undefined) break;
        await onFetched(fetched, purpose);
        retryMs = retryFirstMs;
      } catch (error) {
        if (purpose === 'fetch') this.#asked = new Map();
        if (isSessionLost(error) && retryMs === retryFirstMs) {
          retryMs *= 2;
          continue;
        }
        await new Promise((resolve) => setTimeout(resolve, retryMs).unref());
        retryMs = Math.min(2 * retryMs, retryMaxMs);
        await cluster.refresh().catch(() => undefined);
      }
    }
    // In the same turn as the look above: what is wanted later starts anew.
    if (purpose === 'fetch') this.#isMainRunning = false;
    else this.#isAsideRunning = false;
  }

  async #main(): Promise<readonly Fetched[] | undefined> {
    let isSplit = false;
    this.#asked = this.#options.wanted((subscriptions) => {
      const chosen = foremost(subscriptions);
      isSplit ||= subscriptions.some((each) => each.position !== chosen?.position);
      return chosen;
    });
    if (this.#asked.size === 0) return undefined;
    const { cluster, node } = this.#options;
    const answer = this.#session.fetch({ cluster, node, purpose: 'fetch', waitMs: mainWaitMs }, this.#asked);
    if (isSplit) this.#wakeAside();
    return answer;
  }

  async #aside(): Promise<readonly Fetched[] | undefined> {
    this.#round += 1;
    const wanted = this.#options.wanted((subscriptions) => this.#longestWaiting(subscriptions));
    if (wanted.size === 0) return undefined;
    const { cluster, node } = this.#options;
    return fetchOnce({ cluster, node, purpose: 'fetch-aside', waitMs: asideWaitMs }, [...wanted.values()]);
  }

  #longestWaiting(subscriptions: readonly Subscription[]): Subscription | undefined {
    let chosen: Subscription | undefined;
    for (const each of subscriptions) {
      if (this.#asked.get(each.name)?.offset === each.position) continue;
      if (chosen === undefined || each.askedInRound < chosen.askedInRound) chosen = each;
    }
    if (chosen !== undefined) chosen.askedInRound = this.#round;
    return chosen;
  }
}

function foremost(subscriptions: readonly Subscription[]): Subscription | undefined {
  let chosen: Subscription | undefined;
  for (const each of subscriptions) if (chosen === undefined || each.position > chosen.position) chosen = each;
  return chosen;
}
