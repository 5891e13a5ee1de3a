import { html } from 'lit-html';
import { post } from '../kit/api.ts';
import { type App, fieldsOf, onSubmit, type Page, problemBox } from '../kit/page.ts';
import { messageOf } from '../kit/problem.ts';
import { newPasswordField } from './new-password.ts';

/** A new password, for whoever has the token of a mail. */
export function passwordPage(app: App, { token = '' }: Readonly<Record<string, string>>): Page {
  let problem: string | undefined;
  let isSet = false;

  async function send(form: HTMLFormElement): Promise<void> {
    problem = undefined;
    try {
      await post(`/v1/password-resets/${encodeURIComponent(token)}`, { password: fieldsOf(form)['password'] ?? '' });
      isSet = true;
    } catch (error) {
      problem = messageOf(error);
    }
    app.redraw();
  }

  return {
    title: 'New password',
    view: () => html`
      <h1>New password</h1>
      ${
        isSet
          ? html`<p class="done" role="status">Your password is set. <a href="/sign-in">Sign in</a></p>`
          : html`
              <form class="stacked" @submit=${onSubmit((form) => void send(form))}>
                ${newPasswordField('New password')}
                ${problemBox(problem)}
                ${problem === undefined ? undefined : html`<p><a href="/sign-in">Ask for another mail</a></p>`}
                <div><button>Set it</button></div>
              </form>`
      }
    `,
  };
}
