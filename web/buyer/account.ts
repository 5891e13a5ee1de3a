import { html, type TemplateResult } from 'lit-html';
import { call } from '../kit/api.ts';
import { type App, fieldsOf, loading, onSubmit, type Page, problemBox } from '../kit/page.ts';
import { phoneIn } from '../kit/phone.ts';
import { messageOf } from '../kit/problem.ts';
import { type Me, signOut } from '../kit/session.ts';

/** The customer's own data: to change, and to erase. */
export function accountPage(app: App): Page {
  let problem: string | undefined;
  let done: string | undefined;
  let isSure = false;

  async function run(action: () => Promise<void>): Promise<void> {
    problem = undefined;
    done = undefined;
    try {
      await action();
    } catch (error) {
      problem = messageOf(error);
    }
    app.redraw();
  }

  const change = (form: HTMLFormElement) =>
    run(async () => {
      const { name = '', phone } = fieldsOf(form);
      await call('PATCH', '/v1/me', { body: { name, phone: phone === undefined ? null : phoneIn(phone) } });
      await app.meAgain();
      done = 'Saved.';
    });
  const erase = () =>
    run(async () => {
      await call('DELETE', '/v1/me');
      const elsewhere = await signOut();
      await app.meAgain();
      if (elsewhere === undefined) app.go('/');
      else location.assign(elsewhere);
    });
  const sure = (next: boolean) => () => {
    isSure = next;
    app.redraw();
  };

  function view(): TemplateResult {
    const me = app.me();
    if (me === undefined) return loading;
    return html`
      <h1>Your account</h1>
      ${form(me)} ${problemBox(problem)} ${done === undefined ? undefined : html`<p class="done" role="status">${done}</p>`}
      <h2>Erase the account</h2>
      ${
        isSure
          ? html`<div class="note">
              <p>Your name, e-mail and phone are erased everywhere, for good. Tickets you hold stay valid, without your name. Are you sure?</p>
              <button @click=${erase}>Yes, erase it</button> <button class="plain" @click=${sure(false)}>No</button>
            </div>`
          : html`<button class="plain" @click=${sure(true)}>Erase my account</button>`
      }
    `;
  }

  function form(me: Me): TemplateResult {
    return html`
      <form class="stacked" @submit=${onSubmit((sent) => void change(sent))}>
        <label>Name <input name="name" autocomplete="name" required maxlength="120" .value=${me.name}></label>
        <label>Phone, with the code of its country <input name="phone" type="tel" autocomplete="tel" placeholder="+442071234567" .value=${me.phone ?? ''}></label>
        <p class="quiet">E-mail: ${me.email ?? 'none'}</p>
        <div><button>Save</button></div>
      </form>
    `;
  }

  if (app.me() === undefined) app.go('/sign-in?then=/account', { replace: true });
  return { title: 'Your account', view };
}
