import { byId, type PlaceNames, placeNames } from '../../src/contracts/rules/places.ts';
import type { Show } from '../kit/answers.ts';
import { get } from '../kit/api.ts';
import { shortDayText, timeText } from '../kit/format.ts';
import { planById } from '../kit/plans.ts';

/** A queue of people waits: what is not told soon is called by its id until somebody asks again. */
const withinMs = 8_000;

/** What shows and their seats are called, for a door: told once, so that it is known without a network as well. */
export class DoorNames {
  readonly #changed: () => void;
  readonly #shows = new Map<string, Show>();
  readonly #known = new Map<string, PlaceNames>();
  readonly #asking = new Map<string, Promise<void>>();

  constructor(changed: () => void) {
    this.#changed = changed;
  }

  /** The names as far as they are known; what is not is asked for, and drawn when it is. */
  of(showId: string | undefined): PlaceNames {
    if (showId === undefined) return byId;
    const known = this.#known.get(showId);
    if (known === undefined) void this.load(showId);
    return known ?? byId;
  }

  /** When a show begins, and on which screen: a ticket of tomorrow, or of the other hall, is seen to be one. Empty while it is not known. */
  whenOf(showId: string | undefined): string {
    const show = showId === undefined ? undefined : this.#shows.get(showId);
    return show === undefined ? '' : whenText(show);
  }

  /** What a ticket for the show is for, in words; `undefined` while that is not known. */
  textOf(showId: string): string | undefined {
    const show = this.#shows.get(showId);
    if (show === undefined) void this.load(showId);
    return show && `${show.movie.title}, ${whenText(show)}, ${show.theatre.name}`;
  }

  /** The show, asked for where it is not known; throws where nobody tells. */
  async showOf(showId: string): Promise<Show> {
    const ask = { triesMax: 1, signal: AbortSignal.timeout(withinMs) };
    const show = this.#shows.get(showId) ?? (await get<Show>(`/v1/shows/${encodeURIComponent(showId)}`, ask));
    this.#shows.set(showId, show);
    return show;
  }

  /** Ends when they are known, or cannot be told now. */
  load(showId: string): Promise<void> {
    if (this.#known.has(showId)) return Promise.resolve();
    const asking = this.#asking.get(showId) ?? this.#ask(showId).finally(() => this.#asking.delete(showId));
    this.#asking.set(showId, asking);
    return asking;
  }

  async #ask(showId: string): Promise<void> {
    const ask = { triesMax: 1, signal: AbortSignal.timeout(withinMs) };
    try {
      const { seatPlanId } = await this.showOf(showId);
      this.#known.set(showId, placeNames(await planById(seatPlanId, ask)));
      this.#changed();
    } catch {
      // Somebody is let in by the id of their seat just as well.
    }
  }
}

const whenText = ({ startsAt, theatre: { timeZone }, screen }: Show) =>
  `${shortDayText(startsAt, timeZone)}, ${timeText(startsAt, timeZone)}, screen ${screen.number}`;
