import { html, type TemplateResult } from 'lit-html';
import { get, type Listed } from '../../kit/api.ts';
import { type App, fieldsOf, onSubmit, type Page } from '../../kit/page.ts';
import { asking } from '../asking.ts';
import { type Movie, programme } from './entries.ts';
import type { EntryKind } from './entry-page.ts';

/** Movies, or whatever is shown. */
const listedMax = 100;
/** What was looked for last, for the way back from a movie; gone with the document. */
let lastSought = '';

export const movieKind: EntryKind = {
  noun: 'movie',
  nameField: 'title',
  idField: 'movieId',
  path: '/v1/movies',
  listPath: `${programme}/movies`,
  listTitle: 'All movies',
  fields: [
    { name: 'title', label: 'Title', isRequired: true },
    {
      name: 'runningTimeMinutes',
      label: 'Running time in minutes',
      kind: 'number',
      hint: 'Keeps its screen for so long: no other show can be put there. Where nothing stands here, any can.',
    },
    { name: 'certificate', label: 'Certificate', hint: 'The age it is for, as it is printed: PG, 12A, FSK 16.' },
    { name: 'genre', label: 'Genre' },
    { name: 'releaseDate', label: 'Released on', kind: 'date' },
    { name: 'director', label: 'Director' },
    { name: 'rating', label: 'Rating, 0 to 10', kind: 'number' },
    { name: 'synopsis', label: 'What it is about', kind: 'long' },
  ],
  changeFollows: 'Its shows to come, and tickets that are issued for them, change with it.',
  deleteFollows: 'It goes from the catalogue. A movie with shows to come stays: cancel or delete them first.',
};

export function moviesPart(app: App, said: TemplateResult): Page {
  const movies = asking(app, (signal) => {
    const query = new URLSearchParams({ limit: String(listedMax), ...(lastSought === '' ? {} : { q: lastSought }) });
    return get<Listed<Movie>>(`/v1/movies?${query}`, { signal });
  });
  void movies.again();

  function seek(form: HTMLFormElement): void {
    lastSought = fieldsOf(form)['q']?.trim() ?? '';
    void movies.again();
  }

  return {
    title: 'Movies',
    leave: () => movies.stop(),
    view: () => html`
      ${said}
      <h1>Movies</h1>
      <p><a class="button" href="${programme}/new-movie">New movie</a></p>
      <form class="row" role="search" @submit=${onSubmit(seek)}>
        <label>Part of the title <input name="q" type="search" maxlength="120" size="30" value=${lastSought}></label>
        <button class="plain">Find</button>
      </form>
      ${movies.view(listing)}
    `,
  };
}

function listing({ items, nextCursor }: Listed<Movie>): TemplateResult {
  if (items.length === 0) return html`<p role="status">There is no such movie.</p>`;
  return html`
    ${nextCursor === null ? undefined : html`<p class="quiet">The first ${items.length} by title. Type part of a title to find another one.</p>`}
    <div class="scrolls">
      <table class="wraps">
        <thead>
          <tr>
            <th scope="col">Title</th>
            <th scope="col" class="number">Minutes</th>
            <th scope="col">Shows</th>
          </tr>
        </thead>
        <tbody>
          ${items.map(
            ({ movieId, title, releaseDate, runningTimeMinutes }) => html`
              <tr>
                <th scope="row">
                  <a href="${programme}/${movieId}">${title}</a>
                  ${releaseDate === undefined ? undefined : html`<span class="quiet">${releaseDate.slice(0, 4)}</span>`}
                </th>
                <td class="number">${runningTimeMinutes}</td>
                <td><a href="${programme}/new-shows?movie=${movieId}" aria-label=${`New shows of ${title}`}>New shows</a></td>
              </tr>
            `,
          )}
        </tbody>
      </table>
    </div>
  `;
}
