import { html, type TemplateResult } from 'lit-html';
import type { Theatre } from '../kit/answers.ts';
import { keep, kept } from '../kit/storage.ts';

/** The theatre that somebody works at, remembered by the browser that stands there; all of them where it is empty. */
const theatreKey = 'fullhouse-console-theatre';

export const keptTheatre = () => kept(theatreKey) ?? '';

export const keepTheatre = (theatreId: string) => keep(theatreKey, theatreId === '' ? undefined : theatreId);

/** The theatres to choose from. */
export function theatreOptions(theatres: readonly Theatre[], chosen: string): TemplateResult {
  return html`
    <option value="" ?selected=${chosen === ''}>all</option>
    ${theatres.map(
      (each) =>
        html`<option value=${each.theatreId} ?selected=${each.theatreId === chosen}>${each.name}, ${each.location}</option>`,
    )}
  `;
}
