import { html, type TemplateResult } from 'lit-html';
import type { PricingRules } from '../../src/contracts/settings.ts';
import { field, wrongAt } from './field.ts';
import { type PricingDraft, pricingDraftOf, pricingValueOf } from './pricing-draft.ts';
import { type ExampleDraft, firstExample, pricingForm } from './pricing-form.ts';

/**
 * The pricing rules in their fields, or as JSON for whoever has them from elsewhere. Until somebody changes something, it shows what is in
 * force.
 */
export class PricingEditor {
  readonly #changed: () => void;
  #draft: PricingDraft | undefined;
  #example: ExampleDraft = firstExample;
  #isJson = false;
  #text = '';

  /** `changed` is called when somebody has changed something. */
  constructor(changed: () => void) {
    this.#changed = changed;
  }

  /** The rules that stand in the fields, as JSON; the field `value` of the form has them otherwise. */
  get text(): string | undefined {
    return this.#isJson ? undefined : this.#text;
  }

  /** Shows what is in force again. */
  forget(): void {
    this.#draft = undefined;
  }

  view(
    inForce: unknown,
    { problem, currency }: { readonly problem: unknown; readonly currency: string },
  ): TemplateResult {
    const draft = this.#draft ?? pricingDraftOf(inForce as PricingRules);
    const text = JSON.stringify(pricingValueOf(draft), null, 2);
    this.#text = text;
    return html`
      <p>
        <button type="button" class="plain" aria-pressed=${this.#isJson} @click=${() => this.#turn()}>
          ${this.#isJson ? 'Back to the form: what was changed in the JSON is lost' : 'Edit as JSON'}
        </button>
      </p>
      ${
        this.#isJson
          ? field(
              'Value, as JSON',
              html`<textarea name="value" rows="20" spellcheck="false" .defaultValue=${text}></textarea>`,
              wrongAt(problem, '/value'),
            )
          : html`
              ${pricingForm({
                ...{ draft, example: this.#example, currency, problem },
                onChange: (next) => this.#change(next),
                onExample: (next) => this.#show(next),
              })}
            `
      }
    `;
  }

  #turn(): void {
    this.#isJson = !this.#isJson;
    this.#changed();
  }

  #change(draft: PricingDraft): void {
    this.#draft = draft;
    this.#changed();
  }

  #show(example: ExampleDraft): void {
    this.#example = example;
    this.#changed();
  }
}
