import { html, type TemplateResult } from 'lit-html';
import { momentText } from '../kit/format.ts';
import type { App } from '../kit/page.ts';
import type { Timeline, TimelineEntry } from './answers.ts';
import { layOut, type Placed } from './timeline.ts';
import { clockText, spanText } from './words.ts';

/** The story of a booking: what happened when and where, and what led to what. */
const kinds: Readonly<Record<TimelineEntry['kind'], string>> = {
  event: 'event',
  provider: 'provider',
  parked: 'parked',
  effect: 'unanswered',
  deadline: 'timer',
  request: 'not yet taken',
};

export class TimelineView {
  readonly #app: Pick<App, 'redraw'>;
  #looked: number | undefined;
  #drawn: { readonly timeline: Timeline; readonly placed: readonly Placed[] } | undefined;

  constructor(app: Pick<App, 'redraw'>) {
    this.#app = app;
  }

  view(timeline: Timeline): TemplateResult {
    const { entries, conclusion } = timeline;
    // Laid out once, and drawn each time the pointer moves on.
    if (this.#drawn?.timeline !== timeline) this.#drawn = { timeline, placed: layOut(entries) };
    const { placed } = this.#drawn;
    const looked = this.#looked === undefined ? undefined : placed[this.#looked];
    return html`
      <p class="conclusion">${conclusion}</p>
      <p class="quiet">
        ${entries[0] === undefined ? undefined : html`From ${momentText(entries[0].at)}.`}
        Point at an entry, or go to it by Tab, to see its cause and what it led to.
      </p>
      <ol class="timeline" @pointerleave=${() => this.#look(undefined)}>
        ${placed.map((each, index) => this.#entry(each, index, roleOf(index, looked)))}
      </ol>
    `;
  }

  #entry({ entry, cause, quietMs }: Placed, index: number, role: string): TemplateResult {
    const { service, kind, type, topic, ms, at, says, causedBy } = entry;
    return html`
      ${quietMs === undefined ? undefined : html`<li class="gap quiet">${spanText(quietMs)} in which nothing happened</li>`}
      <li
        class="entry ${kind} ${role} ${index === this.#looked ? 'looked' : ''}"
        id="entry-${index}"
        tabindex="0"
        @pointerenter=${() => this.#look(index)}
        @focusin=${() => this.#look(index)}
      >
        <span class="when" title=${momentText(at)}>${ms < 0 ? '' : '+'}${spanText(ms)}</span>
        <span class="service">${service}</span>
        <span class="what">
          ${kind === 'event' ? undefined : html`<span class="badge">${kinds[kind]}</span>`} ${says}
          ${role === '' ? undefined : html`<span class="badge role">${role === 'cause' ? 'the cause' : 'what it led to'}</span>`}
        </span>
        <span class="more">
          <span>${type}${topic === undefined ? undefined : html` → <code>${topic}</code>`}${kind === 'deadline' ? ` at ${clockText(new Date(at))}` : undefined}</span>
          ${this.#because(cause, causedBy)}
        </span>
      </li>
    `;
  }

  #because(cause: number | undefined, words: string | undefined): TemplateResult | undefined {
    if (words === undefined) return undefined;
    if (cause === undefined) return html`<span>because of ${words}</span>`;
    return html`<button type="button" class="plain" @click=${() => this.#goTo(cause)}>because of ${causeName(words)}</button>`;
  }

  #look(index: number | undefined): void {
    if (this.#looked === index) return;
    this.#looked = index;
    this.#app.redraw();
  }

  #goTo(index: number): void {
    document.getElementById(`entry-${index}`)?.focus();
  }
}

/** What an entry is to the one that is looked at. */
function roleOf(index: number, looked: Placed | undefined): string {
  if (looked?.cause === index) return 'cause';
  return looked?.effects.includes(index) === true ? 'effect-of' : '';
}

/** `booking BookingHeld bkg_…/3` without the id, which is in the entry itself. */
const causeName = (causedBy: string) => causedBy.replace(/ \S+\/\d+$/, '');
