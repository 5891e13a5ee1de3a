import { html } from 'lit-html';
import { loading, type Open, type Page, problemBox } from './page.ts';

/** A page whose code is loaded when somebody first goes there. */
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
      .catch(() => {
        problem = 'This page could not be loaded. Check your connection, and load it again.';
      })
      .finally(app.redraw);
    return {
      get title() {
        return page?.title ?? 'Fullhouse';
      },
      view: () => page?.view() ?? (problem === undefined ? loading : html`<h1>Not loaded</h1>${problemBox(problem)}`),
      leave() {
        isLeft = true;
        page?.leave?.();
      },
    };
  };
}
