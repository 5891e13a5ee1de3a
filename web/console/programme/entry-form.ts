import { html, type TemplateResult } from 'lit-html';
import { type App, onSubmit, problemBox } from '../../kit/page.ts';
import { messageOf, Problem } from '../../kit/problem.ts';
import { WishKey } from '../../kit/wish-key.ts';
import { isAtField, wrongAt } from '../field.ts';

/**
 * A form that makes or changes something of the programme. It is sent under a key that stays the same while the same is asked for;
 * what the server has against it stands at its fields, the rest above the button, and what was typed stays.
 */
export class EntryForm {
  readonly #app: Pick<App, 'redraw'>;
  readonly #send: (sent: Sent) => Promise<void>;
  readonly #wish = new WishKey();
  #problem: unknown;
  #isSending = false;
  /** What is asked about while it is drawn: what is wrong elsewhere has no field. */
  #placed: { readonly pointer: string; readonly isWhole: boolean }[] = [];

  constructor(app: Pick<App, 'redraw'>, send: (sent: Sent) => Promise<void>) {
    this.#app = app;
    this.#send = send;
  }

  get isSending(): boolean {
    return this.#isSending;
  }

  /** What is wrong with a field, or what is below it; `exactly`: only with itself. */
  wrong(pointer: string, how?: 'exactly'): readonly string[] {
    const isWhole = how === undefined;
    this.#placed.push({ pointer, isWhole });
    if (isWhole) return wrongAt(this.#problem, pointer);
    const own = this.#problem instanceof Problem ? this.#problem.fields.get(pointer) : undefined;
    return own === undefined ? [] : [own];
  }

  /** `fields` is drawn anew each time: what it asks about is at its place. */
  view(does: string, fields: () => TemplateResult): TemplateResult {
    this.#placed = [];
    const drawn = fields();
    return html`
      <form class="card entry" @submit=${onSubmit((form) => void this.#run(form))}>
        ${drawn} ${this.#elsewhere()}
        <p><button ?disabled=${this.#isSending}>${this.#isSending ? 'Sending …' : does}</button></p>
      </form>
    `;
  }

  #elsewhere(): TemplateResult | undefined {
    const problem = this.#problem;
    if (problem === undefined) return undefined;
    if (!isAtField(problem)) return problemBox(messageOf(problem));
    const others = [...problem.fields].filter(
      ([at]) =>
        !this.#placed.some(({ pointer, isWhole }) => at === pointer || (isWhole && at.startsWith(`${pointer}/`))),
    );
    const texts = others.map(([at, message]) => `${at.slice(1)}: ${message}`);
    return problemBox(texts.length > 0 ? texts.join('; ') : 'Not sent: something is to be mended above.');
  }

  async #run(form: HTMLFormElement): Promise<void> {
    if (this.#isSending) return;
    this.#isSending = true;
    this.#problem = undefined;
    this.#app.redraw();
    try {
      await this.#send({ form, keyOf: (body) => this.#wish.of(body) });
      this.#wish.answered();
    } catch (error) {
      this.#problem = error;
      if (error instanceof Problem && !error.isPassing) this.#wish.answered();
      requestAnimationFrame(() => firstWrong(form)?.focus());
    }
    this.#isSending = false;
    this.#app.redraw();
  }
}

export interface Sent {
  readonly form: HTMLFormElement;
  /** The idempotency key of a body. */
  readonly keyOf: (body: unknown) => string;
}

/** The control of the first field with something wrong. */
function firstWrong(form: HTMLFormElement): HTMLElement | undefined {
  const field = form.querySelector('.wrong')?.closest('label, fieldset');
  return field?.querySelector<HTMLElement>('input, select, textarea') ?? undefined;
}

/** A no to what was typed, told like one of the server's. */
export function wrongInput(wrong: Readonly<Record<string, string>>): Problem {
  const errors = Object.entries(wrong).map(([pointer, message]) => ({ pointer, message }));
  return new Problem(422, { code: 'validation_failed', errors });
}

/** What the page that comes next is to say of the one before; gone once it was said. */
let said: string | undefined;

export function sayNext(text: string): void {
  said = text;
}

export function whatWasSaid(): string | undefined {
  const text = said;
  said = undefined;
  return text;
}

export const doneBox = (text: string | undefined) =>
  html`<div role="status">${text === undefined ? undefined : html`<p class="done">${text}</p>`}</div>`;
