import { html } from 'lit-html';
import { fetched } from './fetched.ts';
import { loading, type Open, type Page, problemBox } from './page.ts';

/**
 * A page whose code is loaded when somebody first goes there. Where that fails because the server has other pages by now, all of them
 * are loaded anew: their address says which one it is.
 */
export function later(load: () => Promise<Open>): Open {
  return (app, parts) => {
    let page: Page | undefined;
    let problem: string | undefined;
    let isLeft = false;
    void load()
      .then((open) => {
        if (isLeft) return;
        // Asked for first, so that it is drawn before the page does something with what was drawn.
        app.redraw();
        page = open(app, parts);
      })
      .catch(async () => {
        if (await isOutdated()) return location.reload();
        problem = 'This page could not be loaded. Check your connection.';
      })
      .finally(app.redraw);
    return {
      get title() {
        return page?.title ?? 'Fullhouse';
      },
      view: () =>
        page?.view() ??
        (problem === undefined
          ? loading
          : html`<h1>Not loaded</h1>${problemBox(problem)}<p><button @click=${() => location.reload()}>Load it again</button></p>`),
      leave() {
        isLeft = true;
        page?.leave?.();
      },
    };
  };
}

/** Whether the server names other files than these by now. */
async function isOutdated(): Promise<boolean> {
  const { text, response } = await fetched(location.pathname).catch(() => ({ text: '', response: undefined }));
  const folder = new URL('..', import.meta.url).pathname;
  return response?.ok === true && !text.includes(folder);
}
