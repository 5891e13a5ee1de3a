import { html, type TemplateResult } from 'lit-html';
import type { Me } from '../kit/session.ts';
import { shortened } from './words.ts';

/** Who did something: whoever looks on, or the end of an id, which tells one from another. */
export function personText(userId: string, me: Pick<Me, 'userId'> | undefined): TemplateResult {
  return userId === me?.userId ? html`you` : html`<code title=${userId}>${shortened(userId)}</code>`;
}
