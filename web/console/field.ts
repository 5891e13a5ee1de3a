import { html, type TemplateResult } from 'lit-html';
import type { Problem } from '../kit/problem.ts';

/** A field with its name, and what the server has against it. */
export function field(
  name: string,
  control: TemplateResult,
  { problem, pointer }: { readonly problem?: Problem | undefined; readonly pointer?: string } = {},
): TemplateResult {
  const wrong =
    pointer === undefined
      ? []
      : [...(problem?.fields ?? [])].filter(([at]) => at === pointer || at.startsWith(`${pointer}/`));
  return html`
    <label>
      ${name} ${control}
      ${wrong.map(([at, message]) => html`<span class="wrong">${placeIn(at, pointer ?? '')}${message}</span>`)}
    </label>
  `;
}

const placeIn = (at: string, pointer: string) => (at === pointer ? '' : `${at.slice(pointer.length + 1)}: `);

/** A cross-reference of the console, in the type of a machine. */
export function idLink(path: string, id: string): TemplateResult {
  return html`<a href="${path}/${encodeURIComponent(id)}"><code>${id}</code></a>`;
}
