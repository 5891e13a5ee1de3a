import { html, type TemplateResult } from 'lit-html';
import { type App, loading, problemBox } from '../kit/page.ts';
import { messageOf } from '../kit/problem.ts';

/** An answer that a page shows: asked for at once, asked for again when wanted, let go of when the page is left. */
export interface Asking<Answer> {
  /** The last answer there was; it stays while the next is asked for, and where that fails. */
  readonly answer: Answer | undefined;
  /** The page for an answer, or what there is instead. */
  view(shown: (answer: Answer) => TemplateResult): TemplateResult;
  again(): Promise<void>;
  stop(): void;
}

export function asking<Answer>(
  app: Pick<App, 'redraw'>,
  ask: (signal: AbortSignal) => Promise<Answer>,
  explained: (error: unknown) => string = messageOf,
): Asking<Answer> {
  let answer: Answer | undefined;
  let problem: string | undefined;
  let current = new AbortController();
  const stopping = new AbortController();

  async function again(): Promise<void> {
    if (stopping.signal.aborted) return;
    current.abort();
    current = new AbortController();
    const signal = AbortSignal.any([current.signal, stopping.signal]);
    try {
      const told = await ask(signal);
      if (signal.aborted) return;
      answer = told;
      problem = undefined;
    } catch (error) {
      if (signal.aborted) return;
      problem = explained(error);
    }
    app.redraw();
  }

  return {
    get answer() {
      return answer;
    },
    view: (shown) => html`
      ${problemBox(problem)}
      ${answer === undefined ? (problem === undefined ? loading : undefined) : shown(answer)}
    `,
    again,
    stop: () => stopping.abort(),
  };
}
