import { html, type TemplateResult } from 'lit-html';
import { keyed } from 'lit-html/directives/keyed.js';
import { type App, fieldsOf, onSubmit, problemBox } from '../kit/page.ts';
import { messageOf, Problem } from '../kit/problem.ts';
import { WishKey } from '../kit/wish-key.ts';

/**
 * What people do to the system, in two steps: a button, then what follows from it in a sentence with what has to be told, and a second
 * button. One is open at a time. It stays open until there is an answer; a repeat after a lost one has the same key.
 */
export interface Deed {
  /** Tells this one from the others of the page. */
  readonly id: string;
  /** On the buttons: an imperative. */
  readonly does: string;
  readonly follows: string | TemplateResult;
  readonly fields?: (problem: Problem | undefined) => TemplateResult;
  /** Asks the server; tells what came of it. */
  readonly run: (asked: Asked) => Promise<string>;
}

interface Asked {
  readonly fields: Readonly<Record<string, string>>;
  readonly form: HTMLFormElement;
  /** The idempotency key of a body. */
  readonly keyOf: (body: unknown) => string;
}

interface Open {
  readonly id: string;
  readonly does: string;
  readonly key: WishKey;
  isRunning: boolean;
  problem: unknown;
}

export class Deeds {
  readonly #app: Pick<App, 'redraw'>;
  readonly #after: () => void;
  #open: Open | undefined;
  #outcome: { readonly tone: 'done' | 'note'; readonly text: string } | undefined;

  /** `after`: what to do when something was done, such as reading the list again. */
  constructor(app: Pick<App, 'redraw'>, after: () => void) {
    this.#app = app;
    this.#after = after;
  }

  /** What came of the last one; stands in the page all the time, so that it is read out when it changes. */
  outcome(): TemplateResult {
    const told = this.#outcome;
    return html`<div class="outcome" role="status" tabindex="-1">${told === undefined ? undefined : html`<p class=${told.tone}>${told.text}</p>`}</div>`;
  }

  /** Lets go of what can be done no more, and says so: whoever is writing about it would see it vanish. */
  keepTo(deeds: readonly Pick<Deed, 'id'>[]): void {
    const open = this.#open;
    if (open === undefined || open.isRunning || deeds.some(({ id }) => id === open.id)) return;
    this.#open = undefined;
    const why = open.problem === undefined ? '' : ` ${messageOf(open.problem)}`;
    const text = `“${open.does}”: there is nothing to do any more. Somebody else was quicker, or it went on by itself.${why}`;
    this.#outcome = { tone: 'note', text };
    this.#focusSoon('.outcome');
  }

  /** The buttons of some deeds, and below them the one that is open. */
  view(...deeds: readonly Deed[]): TemplateResult {
    const open = deeds.find(({ id }) => id === this.#open?.id);
    const others = deeds.filter((deed) => deed !== open);
    return html`
      <div class="deeds">
        ${others.map(
          ({ id, does }) => html`
            <button type="button" class="plain" id=${buttonId(id)} @click=${() => this.#begin(id, does)}>${does} …</button>
          `,
        )}
      </div>
      ${open === undefined || this.#open === undefined ? undefined : keyed(open.id, this.#form(open, this.#open))}
    `;
  }

  #form(deed: Deed, { problem, isRunning }: Open): TemplateResult {
    return html`
      <form class="deed" @submit=${onSubmit((form) => void this.#run(deed, form))}>
        <p>${deed.follows}</p>
        ${deed.fields?.(problem instanceof Problem ? problem : undefined)}
        ${problemBox(problem === undefined ? undefined : messageOf(problem))}
        <p class="row">
          <button ?disabled=${isRunning}>${isRunning ? 'Asking …' : deed.does}</button>
          <button type="button" class="plain" ?disabled=${isRunning} @click=${() => this.#end(deed.id)}>Leave it</button>
        </p>
      </form>
    `;
  }

  #begin(id: string, does: string): void {
    this.#open = { id, does, key: new WishKey(), isRunning: false, problem: undefined };
    this.#outcome = undefined;
    this.#focusSoon('.deed input, .deed select, .deed textarea, .deed button');
  }

  #end(id: string): void {
    this.#open = undefined;
    this.#focusSoon(`#${CSS.escape(buttonId(id))}`);
  }

  async #run(deed: Deed, form: HTMLFormElement): Promise<void> {
    const open = this.#open;
    if (open === undefined || open.isRunning) return;
    open.isRunning = true;
    open.problem = undefined;
    this.#app.redraw();
    try {
      const text = await deed.run({ fields: fieldsOf(form), form, keyOf: (body) => open.key.of(body) });
      this.#outcome = { tone: 'done', text };
      if (this.#open === open) this.#open = undefined;
      this.#focusSoon('.outcome');
      this.#after();
    } catch (error) {
      open.problem = error;
      open.isRunning = false;
      if (error instanceof Problem && !error.isPassing) open.key.answered();
      this.#app.redraw();
    }
  }

  /** What had the focus is gone with the next drawing; whoever works by keyboard goes on where it goes on. */
  #focusSoon(selector: string): void {
    this.#app.redraw();
    requestAnimationFrame(() => document.querySelector<HTMLElement>(selector)?.focus());
  }
}

const buttonId = (id: string) => `deed-${id}`;
