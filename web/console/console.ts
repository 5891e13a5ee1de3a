import { html } from 'lit-html';
import type { Page } from '../kit/page.ts';
export function consolePage(): Page {
  return { title: 'Console', view: () => html`` };
}
