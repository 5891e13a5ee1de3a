import type { Endpoint } from '../../runtime/http/endpoint.ts';
import { Problem } from '../../runtime/http/problem.ts';

/** How old what is known may be: whoever was erased at another instance is refused here so much later, at most. */
const knownForMs = 1_000;

/**
 * Who was erased of late, as this service's database has it: their access tokens are good for some minutes more, whatever
 * has become of the news of it.
 */
export class RecentErasures {
  readonly #load: () => Promise<readonly string[]>;
  readonly #now: () => number;
  #ids: ReadonlySet<string> = new Set();
  #until = Number.NEGATIVE_INFINITY;
  #loading: Promise<void> | undefined;

  /** `load`: the ids of those who were erased while their tokens may still be good. `now`: milliseconds that only grow. */
  constructor(load: () => Promise<readonly string[]>, now: () => number = () => performance.now()) {
    this.#load = load;
    this.#now = now;
  }

  /** The endpoint, closed to whoever was erased: throws the problem `unauthenticated`. */
  closing(endpoint: Endpoint): Endpoint {
    if (endpoint.who === 'anyone') return endpoint;
    return {
      ...endpoint,
      handle: async (call) => {
        if (this.#now() >= this.#until) await this.#refresh();
        const { principal } = call as { readonly principal: { readonly userId: string } };
        if (this.#ids.has(principal.userId)) throw new Problem('unauthenticated', 'This account was erased.');
        return endpoint.handle(call);
      },
    };
  }

  /** They are read once for all who need them at the same moment. */
  #refresh(): Promise<void> {
    this.#loading ??= this.#load()
      .then((ids) => {
        this.#ids = new Set(ids);
        this.#until = this.#now() + knownForMs;
      })
      .finally(() => {
        this.#loading = undefined;
      });
    return this.#loading;
  }
}
