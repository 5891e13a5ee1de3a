import { html, type TemplateResult } from 'lit-html';
import type { Show } from '../../kit/answers.ts';
import { post } from '../../kit/api.ts';
import { serverNow } from '../../kit/clock.ts';
import { countText, shortDayText } from '../../kit/format.ts';
import type { App } from '../../kit/page.ts';
import { messageOf, Problem } from '../../kit/problem.ts';
import { WishKey } from '../../kit/wish-key.ts';
import { minutesBefore, type ReadShow } from './show-fields.ts';
import type { Start } from './show-times.ts';
import { takenBy } from './taken.ts';

/**
 * The shows that are to be made, each in a line: wanted or left out, then sent, then made, there already, or refused and why. They are sent
 * one by one, each under a key of its own. What became of each stays while the form changes: sent again, those that are made are left
 * alone.
 */
export interface Line {
  readonly start: Start;
  /** Tells it from every other show: the same again is this one. */
  readonly key: string;
}

type Became =
  | { readonly state: 'sending' }
  | { readonly state: 'made' | 'there'; readonly showId: string }
  | { readonly state: 'refused'; readonly why: string; readonly showId?: string };

/** What all of them have in common, as it was when they were sent. */
interface Wanted {
  readonly movieId: string;
  readonly screenId: string;
  readonly read: ReadShow;
  readonly timeZone: string;
}

export interface Tally {
  readonly tone: 'done' | 'note';
  readonly text: string;
}

export class ShowLines {
  readonly #app: Pick<App, 'redraw'>;
  readonly #leaving: AbortSignal;
  readonly #became = new Map<string, Became>();
  readonly #wishes = new Map<string, WishKey>();
  readonly #leftOut = new Set<string>();
  /** Those of which the second moment is meant, of a time that comes twice. */
  readonly #seconds = new Set<string>();

  constructor(app: Pick<App, 'redraw'>, leaving: AbortSignal) {
    this.#app = app;
    this.#leaving = leaving;
  }

  #momentOf({ start, key }: Line): number | undefined {
    return start.moments[this.#seconds.has(key) ? 1 : 0] ?? start.moments[0];
  }

  /** Those that are still to be made. */
  openOf(lines: readonly Line[]): readonly Line[] {
    return lines.filter((line) => this.#isOpen(line));
  }

  #isOpen(line: Line): boolean {
    const at = this.#momentOf(line);
    const state = this.#became.get(line.key)?.state;
    return (
      at !== undefined && at > serverNow() && !this.#leftOut.has(line.key) && state !== 'made' && state !== 'there'
    );
  }

  view(lines: readonly Line[], isSending: boolean): TemplateResult {
    return html`
      <div class="scrolls">
        <table class="wraps starts">
          <caption>${countText(lines.length, 'show')}; leave out what is not wanted</caption>
          <thead>
            <tr>
              <th scope="col">Wanted</th>
              <th scope="col">Day</th>
              <th scope="col">Time</th>
              <th scope="col">What became of it</th>
            </tr>
          </thead>
          <tbody>
            ${lines.map((line) => this.#line(line, isSending))}
          </tbody>
        </table>
      </div>
    `;
  }

  #line(line: Line, isSending: boolean): TemplateResult {
    const { start, key } = line;
    const [day = '', time = ''] = start.local.split('T');
    const dayName = shortDayText(`${day}T12:00:00Z`, 'UTC');
    const became = this.#became.get(key);
    const isSettled = became?.state === 'made' || became?.state === 'there' || start.moments.length === 0;
    return html`
      <tr>
        <td>
          <input
            type="checkbox" aria-label=${`${dayName}, ${time}`} .checked=${start.moments.length > 0 && !this.#leftOut.has(key)} ?disabled=${isSettled || isSending}
            @change=${() => toggle(this.#leftOut, key)}
          >
        </td>
        <td>${dayName}</td>
        <td>${time} ${start.moments.length > 1 && !isSettled ? this.#whichTime(key) : undefined}</td>
        <td>${becameText(became) ?? this.#note(line)}</td>
      </tr>
    `;
  }

  #note(line: Line): string | undefined {
    const at = this.#momentOf(line);
    if (at === undefined) return 'Not made: clocks go forward then and never show this time.';
    return at <= serverNow() ? 'Not made: it is over.' : undefined;
  }

  #whichTime(key: string): TemplateResult {
    return html`
      <label>
        Clocks go back then, and show it twice:
        <select @change=${() => toggle(this.#seconds, key)}>
          <option ?selected=${!this.#seconds.has(key)}>the first time</option>
          <option ?selected=${this.#seconds.has(key)}>the second time</option>
        </select>
      </label>
    `;
  }

  /** Makes those that are still to be made. Throws where nothing is, or where none of them can be made as they are. */
  async make(lines: readonly Line[], wanted: Wanted): Promise<void> {
    const open = this.openOf(lines);
    if (open.length === 0) {
      const detail = lines.some(({ key }) => this.#became.has(key))
        ? 'All of them are made.'
        : 'There is nothing to make: see what stands beside each.';
      throw new Problem(422, { code: 'validation_failed', detail });
    }
    for (const line of open) await this.#makeOne(line, wanted);
  }

  /** Makes one of them. Throws where the others would be refused for the same reason, or cannot be asked for. */
  async #makeOne(line: Line, wanted: Wanted): Promise<void> {
    const at = this.#momentOf(line);
    if (at === undefined) return;
    const body = showBody(wanted, at);
    const wish = this.#wishes.get(line.key) ?? new WishKey();
    this.#wishes.set(line.key, wish);
    this.#set(line, { state: 'sending' });
    try {
      const { showId } = await post<Show>('/v1/shows', body, { key: wish.of(body), signal: this.#leaving });
      this.#set(line, { state: 'made', showId });
    } catch (error) {
      this.#became.delete(line.key);
      if (!(error instanceof Problem) || !isOfOne(error)) throw error;
      wish.answered();
      this.#set(line, await whyNot(error, wanted, at));
    }
  }

  #set(line: Line, became: Became): void {
    this.#became.set(line.key, became);
    this.#app.redraw();
  }

  /** What came of all of them, in a sentence. */
  tallyOf(lines: readonly Line[]): Tally {
    const count = (state: Became['state']) => lines.filter(({ key }) => this.#became.get(key)?.state === state).length;
    const [made, there, refused] = [count('made'), count('there'), count('refused')];
    const open = lines.filter((line) => this.#isOpen(line) && !this.#became.has(line.key)).length;
    const texts = [
      `${countText(made, 'show')} made`,
      ...(there > 0 ? [`${there} there already`] : []),
      ...(refused > 0 ? [`${refused} refused, with the reason beside each`] : []),
      ...(open > 0 ? [`${open} not sent`] : []),
    ];
    return { tone: refused + open > 0 ? 'note' : 'done', text: `${texts.join(', ')}.` };
  }
}

/** In the order of the server's own schema, so that the same show is the same body. */
function showBody({ movieId, screenId, read }: Wanted, at: number) {
  const { priceCategories, opensAt, closesMinutes, seatsPerCustomerMax, refundPolicy } = read;
  const sales = {
    ...(opensAt === undefined ? {} : { opensAt }),
    ...(closesMinutes > 0 ? { closesAt: minutesBefore(at, closesMinutes) } : {}),
  };
  return {
    ...{ movieId, screenId, startsAt: new Date(at).toISOString(), priceCategories },
    ...(Object.keys(sales).length === 0 ? {} : { sales }),
    ...(seatsPerCustomerMax === undefined ? {} : { seatsPerCustomerMax }),
    refundPolicy,
  };
}

/** Whether a no is about this one show: its time, or what has its screen then. */
function isOfOne({ code, fields }: Problem): boolean {
  if (code === 'conflict') return true;
  return fields.size > 0 && [...fields.keys()].every((pointer) => /^\/(startsAt|sales)(\/|$)/.test(pointer));
}

async function whyNot(problem: Problem, { movieId, timeZone }: Wanted, at: number): Promise<Became> {
  const taken = await takenBy(problem, timeZone);
  if (taken === undefined) return { state: 'refused', why: messageOf(problem) };
  const { show, text } = taken;
  // Whoever asked for it before, and was not answered, has it.
  const isIt = show.movie.movieId === movieId && Date.parse(show.startsAt) === at;
  return isIt ? { state: 'there', showId: show.showId } : { state: 'refused', why: text, showId: show.showId };
}

function becameText(became: Became | undefined): TemplateResult | undefined {
  switch (became?.state) {
    case undefined:
      return undefined;
    case 'sending':
      return html`<span class="quiet">Sending …</span>`;
    case 'made':
      return html`<span class="badge good">made</span> <a href="/console/shows/${became.showId}">the show</a>`;
    case 'there':
      return html`<span class="badge good">there already</span> <a href="/console/shows/${became.showId}">the show</a>`;
    case 'refused':
      return html`<span class="badge bad">refused</span> ${became.why} ${became.showId === undefined ? undefined : html`<a href="/console/shows/${became.showId}">What is there</a>`}`;
  }
}

function toggle(set: Set<string>, key: string): void {
  if (!set.delete(key)) set.add(key);
}
