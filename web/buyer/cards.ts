import { html, type TemplateResult } from 'lit-html';
import { fieldsOf } from '../kit/page.ts';

/** A way to say by which card to pay, and the token that comes of it. */
export interface CardForm {
  view(): TemplateResult;
  /** What is paid with; throws a problem where the card, or its bank, says no. */
  token(form: HTMLFormElement): Promise<string>;
}

/** What the sandbox provider does with each of its tokens. */
const testCards = [
  ['tok_visa', 'A card that works'],
  ['tok_declined', 'A card that is declined'],
  ['tok_insufficient_funds', 'A card without enough money'],
  ['tok_slow_5', 'A bank that takes five seconds'],
  ['tok_lost', 'A bank whose answer is lost on its way'],
] as const;

export const testCardForm: CardForm = {
  view: () => html`
    <fieldset>
      <legend>Test cards: no money moves</legend>
      ${testCards.map(([token, name], index) => html`<label class="choice"><input type="radio" name="token" value=${token} ?checked=${index === 0}>${name}</label>`)}
    </fieldset>
  `,
  token: async (form) => fieldsOf(form)['token'] ?? '',
};
