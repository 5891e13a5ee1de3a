import { html, type TemplateResult } from 'lit-html';
import type { SeatPlan } from '../../../src/contracts/catalog.ts';
import { rowSeatCount } from '../../../src/contracts/rules/plan-order.ts';
import { post } from '../../kit/api.ts';
import { countText } from '../../kit/format.ts';
import type { SeatPlace } from '../../kit/hall.ts';
import { type App, loading, onSubmit, type Page, problemBox } from '../../kit/page.ts';
import { planById } from '../../kit/plans.ts';
import { messageOf, Problem } from '../../kit/problem.ts';
import { keep, kept } from '../../kit/storage.ts';
import { WishKey } from '../../kit/wish-key.ts';
import { field, isAtField } from '../field.ts';
import { areaCard } from './area-card.ts';
import { bestChoiceOf, bestSeatCard } from './best-seat-card.ts';
import { programme } from './entries.ts';
import { sayNext } from './entry-form.ts';
import {
  type AreaDraft,
  type DraftFault,
  draftOf,
  emptyDraft,
  type PlanDraft,
  planOf,
  type SectionDraft,
  withNextKind,
} from './plan-draft.ts';
import { faultList } from './plan-faults.ts';
import { PlanPicture, seatText } from './plan-picture.ts';
import { type Noted, rowsAlikeFields, rowsTable } from './plan-rows.ts';
import { newArea, newSection, nextRow } from './row-drafts.ts';

/**
 * Draws up a new seat plan, from nothing or from another one. The draft is kept with its tab until it is made, so that neither a
 * reload nor a look elsewhere loses it.
 */
const hint = 'Choosing a seat makes it a wheelchair space, then a companion seat.';
const bestHint = 'Choose the best seat of the house.';

export function planEditorPart(app: App): Page {
  const from = new URLSearchParams(location.search).get('from') ?? undefined;
  const editor = new PlanEditor(app, from);
  return { title: 'New seat plan', leave: () => editor.leave(), view: () => editor.view() };
}

class PlanEditor {
  readonly #app: App;
  readonly #from: string | undefined;
  readonly #key: string;
  readonly #picture: PlanPicture;
  readonly #wish = new WishKey();
  readonly #leaving = new AbortController();
  #draft: PlanDraft | undefined;
  #faults: readonly DraftFault[] = [];
  #problem: unknown;
  /** Whether somebody wanted to send it: then what is missing is told as well. */
  #isTried = false;
  #isSending = false;
  #isWhole = false;
  #isChoosingBest = false;

  constructor(app: App, from: string | undefined) {
    this.#app = app;
    this.#from = from;
    this.#key = `fullhouse-plan-draft-${from ?? 'new'}`;
    this.#picture = new PlanPicture(app, (row, seat) => this.#chosen(row, seat));
    const text = kept(this.#key, 'tab');
    if (text !== undefined) this.#show({ ...emptyDraft, ...(JSON.parse(text) as PlanDraft) });
    else void this.#begin();
  }

  leave(): void {
    this.#leaving.abort();
    this.#picture.leave();
  }

  async #begin(): Promise<void> {
    keep(this.#key, undefined, 'tab');
    this.#isTried = false;
    this.#problem = undefined;
    if (this.#from === undefined) {
      this.#show({ ...emptyDraft, sections: [{ ...newSection, name: 'Stalls' }], bestSeat: 'middle' });
      return;
    }
    try {
      const from = await planById(this.#from, { signal: this.#leaving.signal });
      this.#show(draftOf({ ...from, name: `${from.name}, new` }));
    } catch (error) {
      if (this.#leaving.signal.aborted) return;
      this.#problem = error;
      this.#app.redraw();
    }
  }

  #show(draft: PlanDraft): void {
    this.#draft = draft;
    const { plan, faults } = planOf(draft);
    this.#faults = faults;
    this.#picture.show(plan);
    this.#app.redraw();
  }

  /** Changes the draft as it is now: what is drawn may be a word behind it. */
  #change(change: (draft: PlanDraft) => PlanDraft): void {
    if (this.#draft === undefined) return;
    const draft = change(this.#draft);
    this.#problem = undefined;
    keep(this.#key, JSON.stringify(draft), 'tab');
    this.#show(draft);
  }

  #changeSection(at: number, change: Partial<SectionDraft> | ((section: SectionDraft) => Partial<SectionDraft>)): void {
    const changed = (each: SectionDraft) => ({ ...each, ...(typeof change === 'function' ? change(each) : change) });
    this.#change((draft) => ({
      ...draft,
      sections: draft.sections.map((each, index) => (index === at ? changed(each) : each)),
    }));
  }

  #changeArea(at: number, change: Partial<AreaDraft>): void {
    this.#change((draft) => ({
      ...draft,
      areas: draft.areas.map((each, index) => (index === at ? { ...each, ...change } : each)),
    }));
  }

  /** A seat of the picture; its row is counted through all sections. */
  #chosen(row: number, seat: SeatPlace): void {
    if (this.#isChoosingBest) {
      this.#isChoosingBest = false;
      this.#change((draft) => ({ ...draft, bestSeat: seat.id }));
      this.#picture.say(`${this.#picture.bestSeatText}: the best seat now`);
      return;
    }
    let before = 0;
    for (const [at, section] of (this.#draft?.sections ?? []).entries()) {
      const own = section.rows[row - before];
      if (own !== undefined && row >= before) {
        const next = withNextKind(own, seat.number);
        this.#changeSection(at, { rows: section.rows.map((each) => (each === own ? next.row : each)) });
        const plainSeat = { ...seat, isAccessible: false, isCompanion: false };
        this.#picture.say(`${seatText(plainSeat)}: ${next.kind} now`);
        return;
      }
      before += section.rows.length;
    }
  }

  view(): TemplateResult {
    const draft = this.#draft;
    if (draft === undefined)
      return problemBox(this.#problem === undefined ? undefined : messageOf(this.#problem)) ?? loading;
    const wrong = this.#wrong();
    const categories = [
      ...new Set([...draft.sections, ...draft.areas].map(({ priceCategory }) => priceCategory.trim())),
    ];
    return html`
      <p><a href="${programme}/seat-plans">All seat plans</a></p>
      <h1>New seat plan</h1>
      <p class="quiet">What is drawn here is kept in this tab until it is made. <button type="button" class="plain" @click=${() => confirm('All that is drawn here goes. Begin again?') && void this.#begin()}>Begin again</button></p>
      <form class="entry" novalidate @submit=${onSubmit((form) => void this.#send(form))}>
        ${field(
          'Name of the plan',
          html`<input .value=${draft.name} maxlength="120" autocomplete="off" @input=${typed((name) => this.#change((now) => ({ ...now, name })))}>`,
          wrong('/name'),
        )}
        <datalist id="price-categories">${categories.map((each) => html`<option value=${each}></option>`)}</datalist>
        <div class="drawing">
          ${this.#picture.view(this.#isChoosingBest ? bestHint : hint)}
          <div>
            ${draft.sections.map((section, at) => this.#section(section, { at, wrong }))}
            ${draft.areas.map((area, at) =>
              areaCard(area, {
                ...{ at, wrong, isWhole: this.#isWhole },
                onChange: (change) => this.#changeArea(at, change),
                onRemove: () => this.#without('areas', at),
              }),
            )}
            ${draft.sections.length === 0 ? undefined : this.#best(draft, wrong)}
          </div>
        </div>
        <p class="row">
          <button type="button" class="plain" @click=${() => this.#change((now) => ({ ...now, sections: [...now.sections, newSection] }))}>Add a section of seats</button>
          <button type="button" class="plain" @click=${() => this.#change((now) => ({ ...now, areas: [...now.areas, newArea] }))}>Add an area without numbers</button>
          <label class="choice"><input type="checkbox" .checked=${this.#isWhole} @change=${() => this.#toggleWhole()}>Show ids, steps and places</label>
        </p>
        ${faultList(this.#told(), draft)} ${isAtField(this.#problem) ? undefined : problemBox(this.#problem === undefined ? undefined : messageOf(this.#problem))}
        <p><button ?disabled=${this.#isSending}>${this.#isSending ? 'Sending …' : 'Make the plan'}</button></p>
      </form>
    `;
  }

  #best({ bestSeat }: PlanDraft, wrong: Noted): TemplateResult {
    return bestSeatCard({
      ...{ choice: bestChoiceOf(bestSeat), wrong: wrong('/bestSeat'), isChoosing: this.#isChoosingBest },
      says: this.#isChoosingBest ? bestHint : (this.#picture.bestSeatText ?? ''),
      onChoose: (choice) => {
        this.#isChoosingBest = choice === 'chosen';
        this.#change((draft) => (bestChoiceOf(draft.bestSeat) === choice ? draft : { ...draft, bestSeat: choice }));
        this.#picture.showOrder(true);
      },
    });
  }

  #toggleWhole(): void {
    this.#isWhole = !this.#isWhole;
    this.#app.redraw();
  }

  #section(section: SectionDraft, { at, wrong }: { readonly at: number; readonly wrong: Noted }): TemplateResult {
    const pointer = `/sections/${at}`;
    const { plan } = planOf({ ...emptyDraft, sections: [section] });
    const seats = (plan.sections[0]?.rows ?? []).reduce((sum, row) => sum + rowSeatCount(row), 0);
    const name = section.name.trim() === '' ? `Section ${at + 1}` : section.name;
    return html`
      <section class="card" aria-label=${name}>
        <h2>${name} <span class="quiet">${countText(section.rows.length, 'row')}, ${countText(seats, 'seat')}</span></h2>
        <div class="row">
          ${field('Name', html`<input .value=${section.name} maxlength="120" autocomplete="off" @input=${typed((text) => this.#changeSection(at, { name: text }))}>`, wrong(`${pointer}/name`))}
          ${field(
            'Price category',
            html`<input .value=${section.priceCategory} list="price-categories" maxlength="40" size="14" autocomplete="off" @input=${typed((text) => this.#changeSection(at, { priceCategory: text }))}>`,
            wrong(`${pointer}/priceCategory`),
          )}
          ${
            this.#isWhole
              ? field(
                  'Id (of itself, if empty)',
                  html`<input .value=${section.id} maxlength="40" size="8" autocomplete="off" @input=${typed((text) => this.#changeSection(at, { id: text }))}>`,
                  wrong(`${pointer}/id`),
                )
              : undefined
          }
        </div>
        ${rowsAlikeFields(section.rows.length === 0, (rows) => this.#changeSection(at, (now) => ({ rows: [...now.rows, ...rows] })))}
        ${wrong(`${pointer}/rows`, 'exactly').map((message) => html`<p class="wrong" role="alert">${message}</p>`)}
        ${
          section.rows.length === 0
            ? undefined
            : rowsTable(section.rows, {
                ...{ pointer: `${pointer}/rows`, wrong, isWhole: this.#isWhole },
                onChange: (change) => this.#changeSection(at, ({ rows }) => ({ rows: change(rows) })),
              })
        }
        <p class="row">
          <button type="button" class="plain" @click=${() => this.#changeSection(at, ({ rows }) => ({ rows: [...rows, nextRow(rows)] }))}>One row more</button>
          <button type="button" class="plain" @click=${() => (section.rows.length === 0 || confirm(`Remove ${name} with all its rows?`)) && this.#without('sections', at)}>Remove ${name}</button>
        </p>
      </section>
    `;
  }

  #without(list: 'sections' | 'areas', at: number): void {
    this.#change((draft) => ({ ...draft, [list]: draft[list].toSpliced(at, 1) }));
  }

  /** What is wrong, by where it is. */
  #wrong(): Noted {
    const told = this.#told();
    return (pointer, how) =>
      told
        .filter(({ pointer: at }) => at === pointer || (how === undefined && at.startsWith(`${pointer}/`)))
        .map(({ message }) => message);
  }

  /** What is wrong with the draft itself, and what the server says beyond that. */
  #told(): readonly Pick<DraftFault, 'pointer' | 'message'>[] {
    const own = this.#faults.filter(({ isMissing }) => this.#isTried || !isMissing);
    const fields = isAtField(this.#problem) ? [...this.#problem.fields] : [];
    return [...own, ...fields.map(([pointer, message]) => ({ pointer, message }))];
  }

  async #send(form: HTMLFormElement): Promise<void> {
    if (this.#isSending || this.#draft === undefined) return;
    this.#isTried = true;
    this.#problem = undefined;
    const { plan, faults } = planOf(this.#draft);
    if (faults.length > 0) {
      this.#app.redraw();
      requestAnimationFrame(() =>
        form.querySelector<HTMLElement>('[aria-invalid=true], label:has(.wrong) input')?.focus(),
      );
      return;
    }
    this.#isSending = true;
    this.#app.redraw();
    try {
      const made = await post<SeatPlan>('/v1/seat-plans', plan, { key: this.#wish.of(plan) });
      keep(this.#key, undefined, 'tab');
      sayNext(`The seat plan “${made.name}” is made.`);
      this.#app.go(`${programme}/${made.seatPlanId}`);
    } catch (error) {
      this.#problem = error;
      if (error instanceof Problem && !error.isPassing) this.#wish.answered();
    }
    this.#isSending = false;
    this.#app.redraw();
  }
}

const typed = (take: (text: string) => void) => (event: Event) => take((event.target as HTMLInputElement).value);
