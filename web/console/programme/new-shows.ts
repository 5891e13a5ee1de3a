import { html, type TemplateResult } from 'lit-html';
import type { Show } from '../../kit/answers.ts';
import { get, type Listed, post } from '../../kit/api.ts';
import { serverNow } from '../../kit/clock.ts';
import { countText, shortDayText } from '../../kit/format.ts';
import { type App, fieldsOf, type Page } from '../../kit/page.ts';
import { messageOf, Problem } from '../../kit/problem.ts';
import { WishKey } from '../../kit/wish-key.ts';
import { asking } from '../asking.ts';
import { field } from '../field.ts';
import { type Movie, moviesOf, type Place, placesOf, programme } from './entries.ts';
import { EntryForm, wrongInput } from './entry-form.ts';
import {
  blankShow,
  currencyNow,
  minutesBefore,
  movieField,
  priceFields,
  pricesText,
  type ReadShow,
  readShow,
  type ShowText,
  saleFields,
  screenField,
  type Typed,
  textOf,
} from './show-fields.ts';
import { localText, type Start, startsOf } from './show-times.ts';
import { takenBy } from './taken.ts';

/**
 * New shows of a movie, one or a week of them: the same on several days and at several times. They are sent one by one, each under a
 * key of its own, with what became of each beside it; sent again, those that are made are left alone.
 */
interface Line {
  readonly start: Start;
  /** Tells it from every other show: the same again is this one. */
  readonly key: string;
}

type Became =
  | { readonly state: 'sending' }
  | { readonly state: 'made' | 'there'; readonly showId: string }
  | { readonly state: 'refused'; readonly why: string; readonly showId?: string };

interface Known {
  readonly movies: readonly Movie[];
  readonly places: readonly Place[];
  readonly text: ShowText;
  /** The day and the times of the show that is copied. */
  readonly copied: { readonly day: string; readonly time: string } | undefined;
}

const weekdays = [1, 2, 3, 4, 5, 6, 0] as const;
/** A week of any year that begins with a Monday. */
const weekdayName = (weekday: number) =>
  new Intl.DateTimeFormat(undefined, { weekday: 'short', timeZone: 'UTC' }).format(Date.UTC(2024, 0, 7 + weekday));

export function newShowsPart(app: App): Page {
  const part = new NewShows(app, new URLSearchParams(location.search));
  return { title: 'New shows', leave: () => part.leave(), view: () => part.view() };
}

class NewShows {
  readonly #app: App;
  readonly #query: URLSearchParams;
  readonly #form: EntryForm;
  readonly #leaving = new AbortController();
  readonly #known = asking<Known>({ redraw: () => this.#app.redraw() }, (signal) => this.#load(signal));
  /** What became of each, by its key; kept while the form changes, so that nothing is made twice. */
  readonly #became = new Map<string, Became>();
  readonly #wishes = new Map<string, WishKey>();
  readonly #leftOut = new Set<string>();
  /** Which of the two moments of a time that comes twice is meant. */
  readonly #seconds = new Set<string>();
  #typed: Typed = {};
  #weekdays: ReadonlySet<number> = new Set(weekdays);
  /** Prices of the screen that was chosen last, as its next show has them. */
  #prices: Pick<ShowText, 'currency' | 'prices'> | undefined;
  #tally: { readonly tone: 'done' | 'note'; readonly text: string } | undefined;

  constructor(app: App, query: URLSearchParams) {
    this.#app = app;
    this.#query = query;
    this.#form = new EntryForm(app, (sent) => this.#send(sent.form));
    void this.#known.again();
  }

  leave(): void {
    this.#leaving.abort();
    this.#known.stop();
  }

  async #load(signal: AbortSignal): Promise<Known> {
    const from = this.#query.get('from');
    const [movies, places, show] = await Promise.all([
      moviesOf(signal),
      placesOf(signal),
      from === null ? undefined : get<Show>(`/v1/shows/${encodeURIComponent(from)}`, { signal }),
    ]);
    const given = { movieId: this.#query.get('movie') ?? '', screenId: this.#query.get('screen') ?? '' };
    // A copy goes on sale at once: the sale of the other show has opened long since.
    const text = show === undefined ? { ...blankShow, ...given } : { ...textOf(show), opensAt: '' };
    const [day = '', time = ''] = show === undefined ? [] : localText(show.startsAt, show.theatre.timeZone).split('T');
    this.#typed = { movieId: text.movieId, screenId: text.screenId, currency: text.currency };
    if (show === undefined && text.screenId !== '') void this.#askPrices(text.screenId);
    return { movies, places, text, copied: show === undefined ? undefined : { day, time } };
  }

  view(): TemplateResult {
    return html`
      <h1>New shows</h1>
      ${this.#known.view((known) =>
        known.movies.length === 0 || known.places.length === 0
          ? html`<p class="note">A show needs a movie and a screen. <a href=${programme}>What is there, and what comes next</a></p>`
          : this.#filling(known),
      )}
    `;
  }

  #filling(known: Known): TemplateResult {
    const place = this.#place(known);
    const timeZone = place?.theatre.timeZone;
    const lines = this.#lines(known);
    const open = lines.filter((line) => this.#isOpen(line));
    const does = open.length === 0 ? 'Put on the programme' : `Put ${countText(open.length, 'show')} on the programme`;
    // What a screen sells at comes with the screen, and does not take away what was typed.
    const text = { ...known.text, ...(this.#prices === undefined ? {} : this.#prices) };
    const shown = { text, form: this.#form };
    return html`
      <div @input=${(event: Event) => this.#changed(event)} @change=${(event: Event) => this.#changed(event)}>
        ${this.#form.view(
          does,
          () => html`
            <div class="row">${movieField(shown, known.movies)} ${screenField(shown, known.places)}</div>
            ${this.#days(known, timeZone)}
            ${priceFields(shown, { categories: place?.plan.priceCategories ?? [], currency: currencyNow(this.#typed['currency'] ?? text.currency) })}
            ${saleFields(shown, { timeZone, opens: 'Opens (at once, if empty)' })}
            ${this.#list(lines, timeZone)}
          `,
        )}
      </div>
      <div class="outcome" role="status">${this.#tally === undefined ? undefined : html`<p class=${this.#tally.tone}>${this.#tally.text}</p>`}</div>
    `;
  }

  #days({ copied }: Known, timeZone: string | undefined): TemplateResult {
    const wrong = (pointer: string) => this.#form.wrong(pointer);
    return html`
      <fieldset>
        <legend>When</legend>
        <div class="row">
          ${field('First day', html`<input name="firstDay" type="date" required value=${copied?.day ?? ''}>`, wrong('/firstDay'))}
          ${field('Last day (only that day, if empty)', html`<input name="lastDay" type="date">`, wrong('/lastDay'))}
          ${field('Times', html`<input name="times" required size="18" autocomplete="off" placeholder="17:30, 20:15" value=${copied?.time ?? ''}>`, [...wrong('/times'), ...wrong('/startsAt')])}
        </div>
        <div class="row weekdays" role="group" aria-label="On these days of the week">
          ${weekdays.map(
            (day) =>
              html`<label class="choice"><input type="checkbox" name="weekday" value=${day} checked>${weekdayName(day)}</label>`,
          )}
        </div>
        ${wrong('/weekdays').map((message) => html`<span class="wrong" role="alert">${message}</span>`)}
        ${timeZone === undefined ? undefined : html`<p class="quiet">On the clocks of the theatre (${timeZone}).</p>`}
      </fieldset>
    `;
  }

  #place({ places }: Known): Place | undefined {
    return places.find(({ screen }) => screen.screenId === this.#typed['screenId']);
  }

  /** The shows that the form means as it stands; none while it means nothing yet. */
  #lines(known: Known): readonly Line[] {
    const place = this.#place(known);
    if (place === undefined) return [];
    const found = startsOf(this.#repeat(), place.theatre.timeZone);
    if ('wrong' in found) return [];
    const { movieId = '', screenId = '' } = this.#typed;
    return found.starts.map((start) => ({ start, key: `${movieId} ${screenId} ${start.local}` }));
  }

  #repeat() {
    const { firstDay = '', lastDay = '', times = '' } = this.#typed;
    return { firstDay, lastDay, times, weekdays: this.#weekdays };
  }

  #momentOf({ start, key }: Line): number | undefined {
    return start.moments[this.#seconds.has(key) ? 1 : 0] ?? start.moments[0];
  }

  /** Whether it is still to be made. */
  #isOpen(line: Line): boolean {
    const at = this.#momentOf(line);
    const state = this.#became.get(line.key)?.state;
    return (
      at !== undefined && at > serverNow() && !this.#leftOut.has(line.key) && state !== 'made' && state !== 'there'
    );
  }

  #list(lines: readonly Line[], timeZone: string | undefined): TemplateResult | undefined {
    if (lines.length === 0 || timeZone === undefined) return undefined;
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
            ${lines.map((line) => this.#line(line))}
          </tbody>
        </table>
      </div>
    `;
  }

  #line(line: Line): TemplateResult {
    const { start, key } = line;
    const [day = '', time = ''] = start.local.split('T');
    const dayName = shortDayText(`${day}T12:00:00Z`, 'UTC');
    const became = this.#became.get(key);
    const isSettled = became?.state === 'made' || became?.state === 'there' || start.moments.length === 0;
    return html`
      <tr>
        <td>
          <input
            type="checkbox" aria-label=${`${dayName}, ${time}`} .checked=${start.moments.length > 0 && !this.#leftOut.has(key)} ?disabled=${isSettled || this.#form.isSending}
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

  #changed(event: Event): void {
    const form = (event.target as Element).closest('form');
    if (form === null) return;
    const screenBefore = this.#typed['screenId'];
    this.#typed = fieldsOf(form);
    this.#weekdays = new Set(new FormData(form).getAll('weekday').map(Number));
    this.#tally = undefined;
    const { screenId } = this.#typed;
    if (screenId !== undefined && screenId !== screenBefore) void this.#askPrices(screenId);
    this.#app.redraw();
  }

  /** What the next show on a screen costs is what another one there most likely costs. */
  async #askPrices(screenId: string): Promise<void> {
    const query = new URLSearchParams({ screenId, limit: '1' });
    const found = await get<Listed<Show>>(`/v1/shows?${query}`, { signal: this.#leaving.signal }).catch(
      () => undefined,
    );
    const [show] = found?.items ?? [];
    if (show === undefined || this.#typed['screenId'] !== screenId) return;
    this.#prices = pricesText(show.priceCategories);
    // What nobody has typed yet is filled in; the rest stays.
    this.#typed = { ...this.#typed, currency: this.#typed['currency'] ?? this.#prices.currency };
    this.#app.redraw();
  }

  async #send(form: HTMLFormElement): Promise<void> {
    const known = this.#known.answer;
    const place = known && this.#place(known);
    this.#typed = fieldsOf(form);
    if (known === undefined || place === undefined) throw wrongInput({ '/screenId': 'must be chosen' });
    const found = startsOf(this.#repeat(), place.theatre.timeZone);
    const read = readShow(this.#typed, place);
    const wrong = { ...read.wrong, ...('wrong' in found ? found.wrong : {}) };
    if (Object.keys(wrong).length > 0) throw wrongInput(wrong);
    const lines = this.#lines(known);
    const open = lines.filter((line) => this.#isOpen(line));
    if (open.length === 0) {
      const detail = lines.some(({ key }) => this.#became.has(key))
        ? 'All of them are made.'
        : 'There is nothing to make: see what stands beside each.';
      throw new Problem(422, { code: 'validation_failed', detail });
    }
    try {
      for (const line of open) await this.#make(line, { read, place });
    } finally {
      this.#count(lines);
    }
  }

  /** Makes one of them. Throws where the others would be refused for the same reason, or cannot be asked for. */
  async #make(line: Line, { read, place }: { readonly read: ReadShow; readonly place: Place }): Promise<void> {
    const at = this.#momentOf(line);
    if (at === undefined) return;
    const { movieId = '', screenId = '' } = this.#typed;
    const body = showBody({ movieId, screenId, at, read });
    const wish = this.#wishes.get(line.key) ?? new WishKey();
    this.#wishes.set(line.key, wish);
    this.#set(line, { state: 'sending' });
    try {
      const { showId } = await post<Show>('/v1/shows', body, { key: wish.of(body), signal: this.#leaving.signal });
      this.#set(line, { state: 'made', showId });
    } catch (error) {
      this.#became.delete(line.key);
      if (!(error instanceof Problem) || !isOfOne(error)) throw error;
      wish.answered();
      this.#set(line, await whyNot(error, { movieId, at, timeZone: place.theatre.timeZone }));
    }
  }

  #set(line: Line, became: Became): void {
    this.#became.set(line.key, became);
    this.#app.redraw();
  }

  #count(lines: readonly Line[]): void {
    const count = (state: Became['state']) => lines.filter(({ key }) => this.#became.get(key)?.state === state).length;
    const [made, there, refused] = [count('made'), count('there'), count('refused')];
    const open = lines.filter((line) => this.#isOpen(line) && !this.#became.has(line.key)).length;
    const texts = [
      `${countText(made, 'show')} made`,
      ...(there > 0 ? [`${there} there already`] : []),
      ...(refused > 0 ? [`${refused} refused, with the reason beside each`] : []),
      ...(open > 0 ? [`${open} not sent`] : []),
    ];
    this.#tally = { tone: refused + open > 0 ? 'note' : 'done', text: `${texts.join(', ')}.` };
    this.#app.redraw();
  }
}

/** In the order of the server's own schema, so that the same show is the same body. */
function showBody({
  movieId,
  screenId,
  at,
  read,
}: {
  readonly movieId: string;
  readonly screenId: string;
  readonly at: number;
  readonly read: ReadShow;
}) {
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

async function whyNot(
  problem: Problem,
  { movieId, at, timeZone }: { readonly movieId: string; readonly at: number; readonly timeZone: string },
): Promise<Became> {
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
