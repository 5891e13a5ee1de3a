import { html, type TemplateResult } from 'lit-html';

/** So many the server asks for; said before somebody writes fewer. */
const charactersMin = 8;

export function newPasswordField(name: string): TemplateResult {
  return html`
    <label>
      ${name}, at least ${charactersMin} characters
      <input name="password" type="password" autocomplete="new-password" required minlength=${charactersMin}>
    </label>
  `;
}
