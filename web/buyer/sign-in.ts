import { html, type TemplateResult } from 'lit-html';
import { post } from '../kit/api.ts';
import { type App, fieldsOf, loading, onSubmit, type Page, problemBox } from '../kit/page.ts';
import { pause } from '../kit/pause.ts';
import { phoneIn } from '../kit/phone.ts';
import { messageOf, Problem, tryingAgain } from '../kit/problem.ts';
import { signIn, signInFromThere } from '../kit/session.ts';
import { type PageSettings, pageSettings, type SignInElsewhere } from '../kit/settings.ts';
import { isBack, signInThere } from '../kit/sign-in-elsewhere.ts';
import { newPasswordField } from './new-password.ts';

/** Signing in, registering, and asking for a new password; then back to where somebody came from. */
const againMs = 2_000;

type Way = 'sign in' | 'register' | 'forgotten';

export function signInPage(app: App): Page {
  const query = new URLSearchParams(location.search);
  const then = query.get('then') ?? '/';
  let elsewhere: SignInElsewhere | undefined;
  let isLoaded = false;
  let way: Way = 'sign in';
  let problem: string | undefined;
  let isBusy = false;
  let isMailed = false;
  const leaving = new AbortController();

  async function run(action: () => Promise<void>): Promise<void> {
    isBusy = true;
    problem = undefined;
    app.redraw();
    try {
      await action();
    } catch (error) {
      problem = messageOf(error);
    }
    isBusy = false;
    app.redraw();
  }

  const load = () =>
    run(async () => {
      elsewhere = (await settingsAtLast())?.signIn;
      if (leaving.signal.aborted) return;
      problem = undefined;
      isLoaded = true;
      if (isBack(query)) await goOn(await signInFromThere(query));
    });

  /** Asked for until somebody answers: without them nobody can be told where to sign in. */
  async function settingsAtLast(): Promise<PageSettings | undefined> {
    while (!leaving.signal.aborted) {
      try {
        return await pageSettings();
      } catch (error) {
        if (!(error instanceof Problem && error.isPassing)) throw error;
        problem = tryingAgain(error);
        app.redraw();
        await pause(againMs, leaving.signal);
      }
    }
    return undefined;
  }

  async function goOn(path: string): Promise<void> {
    await app.meAgain();
    // Only to a page of our own, as the browser reads it: `//elsewhere` is another server's, and so is `/\elsewhere`.
    const url = URL.parse(path, location.origin);
    app.go(url?.origin === location.origin ? url.pathname + url.search : '/', { replace: true });
  }

  function send(form: HTMLFormElement): void {
    const { name = '', email = '', password = '', phone } = fieldsOf(form);
    void run(async () => {
      if (way === 'forgotten') {
        await post('/v1/password-resets', { email });
        isMailed = true;
        return;
      }
      if (way === 'register')
        await post('/v1/users', { name, email, password, ...(phone === undefined ? {} : { phone: phoneIn(phone) }) });
      await signIn(email, password);
      await goOn(then);
    });
  }

  const to = (next: Way) => () => {
    way = next;
    problem = undefined;
    isMailed = false;
    app.redraw();
  };
  const titles = { 'sign in': 'Sign in', register: 'Make an account', forgotten: 'Forgotten password' } as const;
  const buttons = { 'sign in': 'Sign in', register: 'Make the account', forgotten: 'Send me a mail' } as const;

  void load();
  return { title: 'Sign in', view, leave: () => leaving.abort() };

  function view(): TemplateResult {
    if (!isLoaded) return problem === undefined ? loading : html`<h1>Sign in</h1>${problemBox(problem)}`;
    return elsewhere === undefined ? here() : there(elsewhere);
  }

  function there(place: SignInElsewhere): TemplateResult {
    const { host } = new URL(place.issuer);
    if (place.clientId === undefined)
      return html`<h1>Sign in</h1><p class="note">People sign in at ${host}, and these pages were not told how: OIDC_CLIENT_ID is not set.</p>`;
    return html`
      <h1>Sign in</h1>
      ${problemBox(problem)}
      <p><button ?disabled=${isBusy} @click=${() => void run(() => signInThere(place, then))}>Sign in at ${host}</button></p>
    `;
  }

  function here(): TemplateResult {
    return html`
      <h1>${titles[way]}</h1>
      <form class="stacked" @submit=${onSubmit(send)}>
        ${way === 'register' ? html`<label>Name <input name="name" autocomplete="name" required maxlength="120"></label>` : undefined}
        <label>E-mail <input name="email" type="email" autocomplete="username" required></label>
        ${
          way === 'forgotten'
            ? undefined
            : way === 'register'
              ? newPasswordField('Password')
              : html`<label>Password <input name="password" type="password" required autocomplete="current-password"></label>`
        }
        ${way === 'register' ? html`<label>Phone with the code of its country, for messages (may be left out) <input name="phone" type="tel" autocomplete="tel" placeholder="+442071234567"></label>` : undefined}
        ${problemBox(problem)}
        ${isMailed ? html`<p class="done" role="status">If there is an account, a mail is on its way to you.</p>` : undefined}
        <div><button ?disabled=${isBusy}>${buttons[way]}</button></div>
      </form>
      <p class="row">
        ${way === 'sign in' ? undefined : html`<button class="plain" @click=${to('sign in')}>I have an account</button>`}
        ${way === 'register' ? undefined : html`<button class="plain" @click=${to('register')}>I am new here</button>`}
        ${way === 'forgotten' ? undefined : html`<button class="plain" @click=${to('forgotten')}>I forgot my password</button>`}
      </p>
    `;
  }
}
