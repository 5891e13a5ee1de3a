import { html, type TemplateResult } from 'lit-html';
import { field } from '../field.ts';
import type { AreaDraft } from './plan-draft.ts';
import type { Noted } from './plan-rows.ts';

/** The fields of an area without numbers; with its id, where all of a plan is to be seen. */
export function areaCard(
  area: AreaDraft,
  {
    at,
    isWhole,
    wrong,
    onChange,
    onRemove,
  }: {
    readonly at: number;
    readonly isWhole: boolean;
    readonly wrong: Noted;
    readonly onChange: (change: Partial<AreaDraft>) => void;
    readonly onRemove: () => void;
  },
): TemplateResult {
  const pointer = `/areas/${at}`;
  const name = area.name.trim() === '' ? `Area ${at + 1}` : area.name;
  const typed = (take: (text: string) => Partial<AreaDraft>) => (event: Event) =>
    onChange(take((event.target as HTMLInputElement).value));
  return html`
    <section class="card" aria-label=${name}>
      <h2>${name} <span class="quiet">places without numbers</span></h2>
      <div class="row">
        ${field('Name', html`<input .value=${area.name} maxlength="120" autocomplete="off" @input=${typed((text) => ({ name: text }))}>`, wrong(`${pointer}/name`))}
        ${field('How many people', html`<input .value=${area.capacity} inputmode="numeric" size="8" autocomplete="off" @input=${typed((capacity) => ({ capacity }))}>`, wrong(`${pointer}/capacity`))}
        ${field(
          'Price category',
          html`<input .value=${area.priceCategory} list="price-categories" maxlength="40" size="14" autocomplete="off" @input=${typed((priceCategory) => ({ priceCategory }))}>`,
          wrong(`${pointer}/priceCategory`),
        )}
        ${
          isWhole
            ? field(
                'Id (of itself, if empty)',
                html`<input .value=${area.area} maxlength="40" size="12" autocomplete="off" @input=${typed((id) => ({ area: id }))}>`,
                wrong(`${pointer}/area`),
              )
            : undefined
        }
      </div>
      <p><button type="button" class="plain" @click=${onRemove}>Remove ${name}</button></p>
    </section>
  `;
}
