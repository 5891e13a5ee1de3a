import { dataOf } from './data-of.ts';
import type { Data, Fact } from './fact.ts';

/** A fact as it came from its database: what is in it is read when a rule looks at it, and most is never looked at. */
export class StoredFact implements Fact {
  readonly type: string;
  readonly version: number;
  readonly time: number;
  readonly #json: string;
  #data: Data | undefined;

  constructor({ type, version, time, json }: Omit<Fact, 'data' | 'address'> & { readonly json: string }) {
    this.type = type;
    this.version = version;
    this.time = time;
    this.#json = json;
  }

  get data(): Data {
    this.#data ??= dataOf(this.type, this.#json);
    return this.#data;
  }

  /** Whatever stands between quotation marks and looks like an e-mail address; nearly no fact has an @ at all. */
  get address(): string | null {
    if (!this.#json.includes('@')) return null;
    return /"([^"@\s]+@[^"@\s]+\.[^"@\s]+)"/.exec(this.#json)?.[1] ?? null;
  }

  get keepsNothing(): boolean {
    return !this.#json.includes('"kept"');
  }
}
