import { html, type TemplateResult } from 'lit-html';
import type { Me } from './session.ts';

/** One page of the app: what it shows, drawn anew whenever it says that something has changed. */
export interface Page {
  readonly title: string;
  view(): TemplateResult;
  /** What to let go of when another page comes. */
  leave?(): void;
}

/** What a page has of the app around it. */
export interface App {
  /** Draws the page again, soon. */
  redraw(): void;
  /** Goes to another address of the app. */
  go(path: string, how?: { readonly replace?: boolean }): void;
  readonly me: () => Me | undefined;
  /** Asks again who is signed in. */
  readonly meAgain: () => Promise<void>;
}

export type Open = (app: App, parts: Readonly<Record<string, string>>) => Page;

export const loading = html`<p class="quiet" role="status">Loading …</p>`;

export function problemBox(message: string | undefined): TemplateResult | undefined {
  return message === undefined ? undefined : html`<p class="problem" role="alert">${message}</p>`;
}

/** The fields of a form as text; what is empty is left out. */
export function fieldsOf(form: HTMLFormElement): Readonly<Record<string, string>> {
  const fields = [...new FormData(form)].filter((field): field is [string, string] => typeof field[1] === 'string');
  return Object.fromEntries(fields.filter(([, value]) => value !== ''));
}

/** Calls back with a form that was sent, instead of sending it. */
export function onSubmit(handle: (form: HTMLFormElement) => void): (event: SubmitEvent) => void {
  return (event) => {
    event.preventDefault();
    handle(event.currentTarget as HTMLFormElement);
  };
}
