import { html, type TemplateResult } from 'lit-html';
import { get, type Listed } from '../../kit/api.ts';
import type { App, Page } from '../../kit/page.ts';
import { asking } from '../asking.ts';
import { programme } from './entries.ts';
import { doneBox, whatWasSaid } from './entry-form.ts';
import { entryPart, newEntryPart } from './entry-page.ts';
import { movieKind, moviesPart } from './movies.ts';
import { newShowsPart } from './new-shows.ts';
import { planEditorPart } from './plan-editor.ts';
import { seatPlanPart, seatPlansPart } from './seat-plans.ts';
import { showChangePart } from './show-change.ts';
import { screensOfTheatre, theatreKind, theatresPart } from './theatres.ts';

/** The programme: what there is to show, where, and when. An address names a list, something new, or an entry by its id. */
type Open = (app: App, to: { readonly id: string; readonly said: TemplateResult }) => Page;

const pages: Readonly<Record<string, Open>> = {
  movies: (app, { said }) => moviesPart(app, said),
  theatres: (app, { said }) => theatresPart(app, said),
  'seat-plans': (app, { said }) => seatPlansPart(app, said),
  'new-movie': (app) => newEntryPart(app, movieKind),
  'new-theatre': (app) => newEntryPart(app, theatreKind),
  'new-seat-plan': (app) => planEditorPart(app),
  'new-shows': (app) => newShowsPart(app),
};

/** By what their ids begin with. */
const entries: Readonly<Record<string, Open>> = {
  mov: (app, { id, said }) => entryPart(app, { kind: movieKind, id, said }, movieMore(id)),
  thr: (app, { id, said }) => entryPart(app, { kind: theatreKind, id, said }, screensOfTheatre(app, id)),
  pln: (app, to) => seatPlanPart(app, to),
  shw: (app, to) => showChangePart(app, to),
};

const movieMore = (id: string) => ({
  leave: () => undefined,
  view: () => html`<p><a class="button" href="${programme}/new-shows?movie=${id}">New shows of it</a></p>`,
});

export function programmePart(app: App, id: string | undefined): Page {
  const said = doneBox(whatWasSaid());
  if (id === undefined) return stepsPart(app, said);
  const open = pages[id] ?? entries[id.split('_')[0] ?? ''];
  if (open !== undefined) return open(app, { id, said });
  return {
    title: 'Programme',
    view: () => html`<h1>Programme</h1><p>There is no such page. <a href=${programme}>To the programme</a></p>`,
  };
}

interface Step {
  readonly title: string;
  readonly says: string;
  readonly path: string;
  readonly isThere: boolean;
  readonly make: { readonly path: string; readonly does: string };
}

/** What a programme is made of, in the order in which one thing needs the other. */
function stepsPart(app: App, said: TemplateResult): Page {
  const found = asking(app, async (signal) => {
    const kinds = ['theatres', 'seat-plans', 'screens', 'movies', 'shows'] as const;
    const lists = await Promise.all(kinds.map((kind) => get<Listed<unknown>>(`/v1/${kind}?limit=1`, { signal })));
    return new Set(kinds.filter((_, at) => (lists[at]?.items.length ?? 0) > 0));
  });
  void found.again();
  return {
    title: 'Programme',
    leave: () => found.stop(),
    view: () => html`
      ${said}
      <h1>Programme</h1>
      ${found.view((there) => {
        const steps = stepsOf((kind) => there.has(kind as never));
        const next = steps.find(({ isThere }) => !isThere);
        return html`
          ${next === undefined ? html`<p><a class="button" href="${programme}/new-shows">New shows</a></p>` : html`<p class="note" role="status">Next: ${next.title.toLowerCase()}. One thing needs the other, in this order.</p>`}
          <div class="tiles">${steps.map((step) => tile(step, step === next))}</div>
        `;
      })}
    `,
  };
}

function stepsOf(isThere: (kind: string) => boolean): readonly Step[] {
  return [
    {
      title: 'Seat plans',
      says: 'How a hall is seated, and what its seats cost differently. A plan never changes; a rebuilt hall gets a new one.',
      path: `${programme}/seat-plans`,
      isThere: isThere('seat-plans'),
      make: { path: `${programme}/new-seat-plan`, does: 'New seat plan' },
    },
    {
      title: 'Theatres and screens',
      says: 'Where it is and what its clocks show; each screen is seated by a plan.',
      path: `${programme}/theatres`,
      isThere: isThere('theatres') && isThere('screens'),
      make: { path: `${programme}/new-theatre`, does: 'New theatre' },
    },
    {
      title: 'Movies',
      says: 'Or whatever is shown: a title, and how long it takes.',
      path: `${programme}/movies`,
      isThere: isThere('movies'),
      make: { path: `${programme}/new-movie`, does: 'New movie' },
    },
    {
      title: 'Shows',
      says: 'A movie on a screen at a time, with its prices: one, or a week of them at once.',
      path: '/console/shows',
      isThere: isThere('shows'),
      make: { path: `${programme}/new-shows`, does: 'New shows' },
    },
  ];
}

function tile({ title, says, path, make }: Step, isNext: boolean): TemplateResult {
  return html`
    <section class="card" aria-label=${title}>
      <h2><a href=${path}>${title}</a></h2>
      <p>${says}</p>
      <p><a class="button ${isNext ? '' : 'plain'}" href=${make.path}>${make.does}</a></p>
    </section>
  `;
}
