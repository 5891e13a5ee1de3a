import { html, type TemplateResult } from 'lit-html';
import { call, get, post } from '../../kit/api.ts';
import { type App, fieldsOf, type Page } from '../../kit/page.ts';
import { Problem } from '../../kit/problem.ts';
import { asking } from '../asking.ts';
import { Deeds } from '../deeds.ts';
import { assertUnchanged, changesOf } from './changes.ts';
import { programme } from './entries.ts';
import { EntryForm, sayNext, wrongInput } from './entry-form.ts';
import { type TextField, textFields, typedValues } from './text-fields.ts';

/** A movie or a theatre: the page that makes one and the page that changes it. */
export interface EntryKind {
  /** What it is called. */
  readonly noun: string;
  /** Its name and its id among its fields. */
  readonly nameField: string;
  readonly idField: string;
  /** Where the server has them, and where the console lists them. */
  readonly path: string;
  readonly listPath: string;
  readonly listTitle: string;
  readonly fields: readonly TextField[];
  /** What follows from a change, for those who are about to make one. */
  readonly changeFollows: string;
  readonly deleteFollows: string;
}

type Entry = Readonly<Record<string, unknown>>;

export function newEntryPart(app: App, kind: EntryKind): Page {
  const form = new EntryForm(app, async ({ form: sent, keyOf }) => {
    const body = typedValues(kind.fields, fieldsOf(sent));
    const made = await post<Entry>(kind.path, body, { key: keyOf(body) });
    sayNext(`${made[kind.nameField]} is in the catalogue.`);
    app.go(`${programme}/${made[kind.idField]}`);
  });
  const values = Object.fromEntries(kind.fields.map(({ name, atFirst }) => [name, atFirst]));
  return {
    title: `New ${kind.noun}`,
    view: () => html`
      ${wayBack(kind)}
      <h1>New ${kind.noun}</h1>
      ${form.view(`Add the ${kind.noun}`, () => textFields(kind.fields, { values, form }))}
    `,
  };
}

const wayBack = ({ listPath, listTitle }: EntryKind) => html`<p><a href=${listPath}>${listTitle}</a></p>`;

/** `more`: what else the page shows of an entry. */
export function entryPart(
  app: App,
  of: { readonly kind: EntryKind; readonly id: string; readonly said: TemplateResult },
  more?: { readonly view: (entry: Entry) => TemplateResult; readonly leave: () => void },
): Page {
  const { kind, id } = of;
  const path = `${kind.path}/${encodeURIComponent(id)}`;
  /** As it was when somebody began to write. */
  let begun: Entry | undefined;
  const entry = asking(app, async (signal) => {
    const found = await get<Entry>(path, { signal });
    begun ??= found;
    return found;
  });
  void entry.again();
  const names = Object.fromEntries(kind.fields.map(({ name, label }) => [name, label]));
  const nameOf = (each: Entry) => String(each[kind.nameField]);
  const form = new EntryForm(app, async ({ form: sent, keyOf }) => {
    const { [kind.idField]: _id, ...before } = begun ?? {};
    const changes = changesOf(before, typedValues(kind.fields, fieldsOf(sent)));
    if (Object.keys(changes).length === 0) throw nothingChanged();
    const missing = kind.fields.filter(({ name, isRequired }) => isRequired === true && changes[name] === null);
    if (missing.length > 0) throw wrongInput(Object.fromEntries(missing.map(({ name }) => [`/${name}`, 'is missing'])));
    const now = await get<Entry>(path);
    const seen = begun ?? now;
    begun = now;
    assertUnchanged({ begun: seen, now, changes, names });
    const changed = await call<Entry>('PATCH', path, { body: changes, key: keyOf(changes) });
    sayNext(`${nameOf(changed)} is changed.`);
    app.go(`${programme}/${id}`, { replace: true });
  });
  const deeds = new Deeds(app, () => undefined);
  return {
    title: kind.noun,
    leave: () => {
      entry.stop();
      more?.leave();
    },
    view: () => html`
      ${wayBack(kind)} ${of.said} ${deeds.outcome()}
      ${entry.view(
        (found) => html`
          <h1>${nameOf(found)}</h1>
          ${more?.view(found)}
          <section aria-labelledby="change">
            <h2 id="change">Change the ${kind.noun}</h2>
            <p class="quiet">${kind.changeFollows}</p>
            ${form.view('Change it', () => textFields(kind.fields, { values: begun ?? found, form }))}
          </section>
          ${deeds.view({
            id: 'delete',
            does: `Delete the ${kind.noun}`,
            follows: kind.deleteFollows,
            run: async ({ keyOf }) => {
              await call('DELETE', path, { key: keyOf(path) });
              sayNext(`${nameOf(found)} is deleted.`);
              app.go(kind.listPath);
              return 'Deleted.';
            },
          })}
        `,
      )}
    `,
  };
}

export const nothingChanged = () =>
  new Problem(422, { code: 'validation_failed', detail: 'Nothing is otherwise than before.' });
