import { html, type TemplateResult } from 'lit-html';
import { plain, toneOf } from './words.ts';

export const badge = (status: string): TemplateResult =>
  html`<span class="badge ${toneOf(status)}">${plain(status)}</span>`;
