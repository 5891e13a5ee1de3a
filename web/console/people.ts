import { html, type TemplateResult } from 'lit-html';
import { call, get, type Listed } from '../kit/api.ts';
import { type App, fieldsOf, onSubmit, type Page } from '../kit/page.ts';
import { Problem } from '../kit/problem.ts';
import type { User } from './answers.ts';
import { type Asking, asking } from './asking.ts';
import { type Deed, Deeds } from './deeds.ts';
import { roles } from './roles.ts';

/** Who may do what. */
const meanings: Readonly<Record<string, string>> = {
  customer: 'books for themselves',
  staff: 'the counter, the door, and what is wrong',
  organizer: 'the programme, prices, sales and cancellations',
  admin: 'everything, settings and roles too',
};

export function peoplePart(app: App): Page {
  let found: Asking<Listed<User>> | undefined;
  const deeds = new Deeds(app, () => void found?.again());

  function seek(form: HTMLFormElement): void {
    found?.stop();
    const query = new URLSearchParams({ email: fieldsOf(form)['email']?.trim() ?? '' });
    found = asking(app, (signal) => get<Listed<User>>(`/v1/users?${query}`, { signal }));
    void found.again();
    app.redraw();
  }

  return {
    title: 'People',
    leave: () => found?.stop(),
    view: () => html`
      <h1>People</h1>
      <form class="row" role="search" @submit=${onSubmit(seek)}>
        <label>E-mail address <input type="email" name="email" required size="36" autocomplete="off"></label>
        <button>Find</button>
      </form>
      ${deeds.outcome()}
      ${found?.view(({ items }) =>
        items.length === 0
          ? html`<p role="status">Nobody has an account with this address. Check the spelling.</p>`
          : html`${items.map((user) => card(user, { deeds, isMe: user.userId === app.me()?.userId }))}`,
      )}
    `,
  };
}

function card(user: User, { deeds, isMe }: { readonly deeds: Deeds; readonly isMe: boolean }): TemplateResult {
  return html`
    <section class="card" aria-label=${user.name}>
      <h2>${user.name}${isMe ? ' (you)' : ''}</h2>
      <dl>
        <dt>E-mail</dt>
        <dd>${user.email}</dd>
        ${user.phone === undefined ? undefined : html`<dt>Phone</dt><dd>${user.phone}</dd>`}
        <dt>Roles</dt>
        <dd>${user.roles.length === 0 ? 'none' : user.roles.join(', ')}</dd>
        <dt>Id</dt>
        <dd><code>${user.userId}</code></dd>
      </dl>
      ${deeds.view(changingRoles(user, isMe))}
    </section>
  `;
}

function changingRoles(user: User, isMe: boolean): Deed {
  return {
    id: `roles-${user.userId}`,
    does: 'Change the roles',
    follows: `They count from the next access token on, at the latest in a quarter of an hour.${isMe ? ' These are your own: without admin you cannot give it back to yourself.' : ''}`,
    fields: () => html`
      <fieldset>
        <legend>Roles of ${user.name}</legend>
        ${roles.map(
          (role) => html`
            <label class="choice">
              <input type="checkbox" name="role" value=${role} ?checked=${user.roles.includes(role)}>${role}
              <span class="quiet">${meanings[role]}</span>
            </label>
          `,
        )}
      </fieldset>
    `,
    run: async ({ form, keyOf }) => {
      const body = { roles: new FormData(form).getAll('role') };
      await isAsShown(user);
      const now = await call<User>('PATCH', `/v1/users/${user.userId}`, { body, key: keyOf(body) });
      return `${now.name} has the roles ${now.roles.join(', ') || 'of nobody'} now.`;
    },
  };
}

/** What is set are all of the roles: those that another administrator gave or took meanwhile would be undone unseen. */
async function isAsShown({ userId, name, email = '', roles: shown }: User): Promise<void> {
  const { items } = await get<Listed<User>>(`/v1/users?${new URLSearchParams({ email })}`);
  const now = items.find((each) => each.userId === userId)?.roles ?? [];
  if (now.toSorted().join() === shown.toSorted().join()) return;
  const detail = `Somebody else changed them meanwhile: ${name} has the roles ${now.join(', ') || 'of nobody'} now. Find them again.`;
  throw new Problem(409, { code: 'conflict', detail });
}
