import { html, type TemplateResult } from 'lit-html';
import { rowText } from '../../../src/contracts/rules/places.ts';
import { countText } from '../../kit/format.ts';
import type { DraftFault, PlanDraft } from './plan-draft.ts';

/** What is to be mended of a plan, in one place that is read out when it changes. */
type Told = Pick<DraftFault, 'pointer' | 'message'>;

const listedMax = 8;

const fieldNames: Readonly<Record<string, string>> = {
  ...{ name: 'name', id: 'id', area: 'id', priceCategory: 'price category', capacity: 'people' },
  ...{
    first: 'first seat',
    last: 'last seat',
    step: 'step',
    accessible: 'wheelchair spaces',
    companion: 'companion seats',
  },
  ...{ x: 'x', y: 'y' },
};

export function faultList(faults: readonly Told[], draft: PlanDraft): TemplateResult {
  return html`
    <div role="status">
      ${
        faults.length === 0
          ? undefined
          : html`
              <div class="problem">
                ${countText(faults.length, 'thing')} to mend:
                <ul>
                  ${faults.slice(0, listedMax).map(({ pointer, message }) => html`<li>${whereText(pointer, draft)} ${message}</li>`)}
                </ul>
              </div>
            `
      }
    </div>
  `;
}

/** `/sections/0/rows/2/last` as people find it. */
function whereText(pointer: string, draft: PlanDraft): string {
  const [, list, at = '', part, row = '', column] = pointer.split('/');
  if (list === 'areas')
    return `${draft.areas[Number(at)]?.name || `Area ${Number(at) + 1}`}, ${fieldNames[part ?? ''] ?? part}:`;
  if (list === 'bestSeat') return 'The best seat:';
  if (list !== 'sections' || at === '') return list === 'name' ? 'The name of the plan' : 'The plan';
  const section = draft.sections[Number(at)];
  const name = section?.name || `Section ${Number(at) + 1}`;
  if (part !== 'rows' || row === '') return part === 'rows' ? name : `${name}, ${fieldNames[part ?? ''] ?? part}:`;
  const rowName = section?.rows[Number(row)]?.name.trim() ?? '';
  const which = rowName === '' ? `row ${Number(row) + 1} from the front` : rowText(rowName);
  return `${name}, ${which}, ${fieldNames[column ?? ''] ?? column}:`;
}
