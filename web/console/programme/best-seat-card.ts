import { html, type TemplateResult } from 'lit-html';
import { field } from '../field.ts';

/** Where the best seats of a plan are: in a usual place, at a seat that is chosen in the picture, or where the list of rows begins. */
const choices = {
  middle: 'the middle of the hall, two thirds back',
  front: 'the middle of the first row',
  chosen: 'a seat that I choose',
  '': 'the beginning of the list of rows',
};

/** What was chosen for a draft's best seat; a seat of its own is known by its id. */
export function bestChoiceOf(bestSeat: string): string {
  return Object.hasOwn(choices, bestSeat) ? bestSeat : 'chosen';
}

/** `says`: which seat that is, or what to do to say so. */
export function bestSeatCard({
  choice,
  says,
  isChoosing,
  wrong,
  onChoose,
}: {
  readonly choice: string;
  readonly says: string;
  readonly isChoosing: boolean;
  readonly wrong: readonly string[];
  readonly onChoose: (choice: string) => void;
}): TemplateResult {
  return html`
    <section class="card" aria-label="Best seats">
      <h2>Best seats</h2>
      ${field(
        'Whoever asks for the best seats is given the free ones nearest to',
        html`
          <select @change=${(event: Event) => onChoose((event.target as HTMLSelectElement).value)}>
            ${Object.entries(choices).map(([value, text]) => html`<option value=${value} ?selected=${value === choice}>${text}</option>`)}
          </select>
        `,
        wrong,
      )}
      ${choice === '' ? undefined : html`<p role="status">${says}</p>`}
      ${choice === 'chosen' && !isChoosing ? html`<p><button type="button" class="plain" @click=${() => onChoose('chosen')}>Choose it in the picture</button></p>` : undefined}
    </section>
  `;
}
