import { html, type TemplateResult } from 'lit-html';
import { get, type Listed } from '../kit/api.ts';
import { momentText } from '../kit/format.ts';
import type { App, Page } from '../kit/page.ts';
import type { Me } from '../kit/session.ts';
import type { Setting } from './answers.ts';
import { asking } from './asking.ts';
import { currenciesOf } from './currencies.ts';
import { personText } from './person.ts';
import { settingPart } from './setting.ts';
import { settingSays } from './setting-says.ts';
import { valueText } from './setting-value.ts';

/** Longer values are told by the page of their setting. */
const listedCharactersMax = 150;

/** What may be changed while the system runs. */
export function settingsPart(app: App, key: string | undefined): Page {
  return key === undefined ? listPart(app) : settingPart(app, key);
}

function listPart(app: App): Page {
  const list = asking(app, async (signal) => {
    const [{ items }, currencies] = await Promise.all([
      get<Listed<Setting>>('/v1/settings', { signal }),
      currenciesOf(signal),
    ]);
    return { items, currencies };
  });
  void list.again();
  return {
    title: 'Settings',
    leave: () => list.stop(),
    view: () => html`
      <h1>Settings</h1>
      <p class="quiet">A change is in force everywhere within two seconds, and counts for what begins later.</p>
      ${list.view(({ items, currencies }) => table(items, { currencies, me: app.me() }))}
    `,
  };
}

function table(
  settings: readonly Setting[],
  { currencies, me }: { readonly currencies: readonly string[]; readonly me: Pick<Me, 'userId'> | undefined },
): TemplateResult {
  const listed = (key: string, value: unknown) => beginningOf(valueText(key, value, currencies));
  return html`
    <div class="scrolls">
      <table class="wraps">
        <thead>
          <tr>
            <th scope="col">Setting</th>
            <th scope="col">Value</th>
            <th scope="col">By default</th>
            <th scope="col">Last change</th>
          </tr>
        </thead>
        <tbody>
          ${settings.map(
            (setting) => html`
              <tr>
                <th scope="row"><a href="/console/settings/${setting.key}">${setting.key}</a><small>${settingSays[setting.key]}</small></th>
                <td class="value">${listed(setting.key, setting.value)}</td>
                <td class="value quiet">${isDefault(setting) ? 'the same' : listed(setting.key, setting.default)}</td>
                <td>${lastChange(setting, me)}</td>
              </tr>
            `,
          )}
        </tbody>
      </table>
    </div>
  `;
}

function beginningOf(text: string): string {
  return text.length > listedCharactersMax ? `${text.slice(0, listedCharactersMax)} …` : text;
}

const isDefault = (setting: Setting) => JSON.stringify(setting.value) === JSON.stringify(setting.default);

function lastChange({ when, who, why }: Setting, me: Pick<Me, 'userId'> | undefined): TemplateResult {
  if (when === undefined || who === undefined) return html`<span class="quiet">never</span>`;
  return html`${momentText(when)}: ${why} <span class="quiet">by ${personText(who, me)}</span>`;
}
