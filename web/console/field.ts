import { html, type TemplateResult } from 'lit-html';
import { Problem } from '../kit/problem.ts';

/** A field with its name, and what is wrong with what stands in it. */
export function field(name: string, control: TemplateResult, wrong: readonly string[] = []): TemplateResult {
  return html`
    <label>
      ${name} ${control} ${wrong.map((message) => html`<span class="wrong" role="alert">${message}</span>`)}
    </label>
  `;
}

/** What the server has against a field or parts of it, by its JSON pointer. */
export function wrongAt(problem: unknown, pointer: string): readonly string[] {
  if (!(problem instanceof Problem)) return [];
  const own = [...problem.fields].filter(([at]) => at === pointer || at.startsWith(`${pointer}/`));
  return own.map(([at, message]) => (at === pointer ? message : `${at.slice(pointer.length + 1)}: ${message}`));
}

/** Whether a problem is told at the fields it is about. */
export function isAtField(problem: unknown): problem is Problem {
  return problem instanceof Problem && problem.fields.size > 0;
}

/** A cross-reference of the console, in the type of a machine. */
export function idLink(path: string, id: string): TemplateResult {
  return html`<a href="${path}/${encodeURIComponent(id)}"><code>${id}</code></a>`;
}
