import { html, type TemplateResult } from 'lit-html';
import { momentText } from '../kit/format.ts';
import type { Check } from './answers.ts';

/** What the auditor has found last: whether every promise held, or the rows that break one. */
export function promisesView({ last, runningSince }: Check): TemplateResult {
  return html`
    ${last === null ? html`<p class="quiet">Not checked since this process began.</p>` : foundView(last)}
    ${runningSince === null ? undefined : html`<p class="quiet" role="status">A check runs since ${momentText(runningSince)}.</p>`}
  `;
}

function foundView({ endedAt, holds, invariants }: NonNullable<Check['last']>): TemplateResult {
  const at = html`<span class="quiet">(looked at ${momentText(endedAt)})</span>`;
  if (holds) return html`<p>All ${invariants.length} invariants hold. ${at}</p>`;
  const broken = invariants.filter((each) => !each.holds);
  return html`
    <p class="problem">${broken.length} of ${invariants.length} invariants do not hold. ${at}</p>
    ${broken.map(
      ({ name, says, violations, rows }) => html`
        <h3>${name}</h3>
        <p>${says}: ${violations} wrong.</p>
        <ul>
          ${rows.map((row) => html`<li>${row}</li>`)}
        </ul>
      `,
    )}
  `;
}
