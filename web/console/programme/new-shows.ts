import { html, type TemplateResult } from 'lit-html';
import type { Show } from '../../kit/answers.ts';
import { get, type Listed } from '../../kit/api.ts';
import { countText } from '../../kit/format.ts';
import { type App, fieldsOf, type Page } from '../../kit/page.ts';
import { asking } from '../asking.ts';
import { field } from '../field.ts';
import { type Movie, moviesOf, type Place, placesOf, programme } from './entries.ts';
import { EntryForm, wrongInput } from './entry-form.ts';
import {
  blankShow,
  currencyNow,
  movieField,
  priceFields,
  pricesText,
  readShow,
  type ShowText,
  saleFields,
  screenField,
  type Typed,
  textOf,
} from './show-fields.ts';
import { type Line, ShowLines, type Tally } from './show-lines.ts';
import { localText, startsOf } from './show-times.ts';

/** New shows of a movie, one or a week of them: the same on several days and at several times. */
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
  readonly #lines: ShowLines;
  #typed: Typed = {};
  #weekdays: ReadonlySet<number> = new Set(weekdays);
  /** Prices of the screen that was chosen last, as its next show has them. */
  #prices: Pick<ShowText, 'currency' | 'prices'> | undefined;
  #tally: Tally | undefined;

  constructor(app: App, query: URLSearchParams) {
    this.#app = app;
    this.#query = query;
    this.#lines = new ShowLines(app, this.#leaving.signal);
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
    this.#typed = {
      movieId: text.movieId,
      screenId: text.screenId,
      currency: text.currency,
      firstDay: day,
      times: time,
    };
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
    const lines = this.#linesNow(known);
    const open = this.#lines.openOf(lines);
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
            ${lines.length === 0 ? undefined : this.#lines.view(lines, this.#form.isSending)}
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
  #linesNow(known: Known): readonly Line[] {
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
    const { movieId = '', screenId = '' } = this.#typed;
    const lines = this.#linesNow(known);
    try {
      await this.#lines.make(lines, { movieId, screenId, read, timeZone: place.theatre.timeZone });
    } finally {
      this.#tally = this.#lines.tallyOf(lines);
    }
  }
}
