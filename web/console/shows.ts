import { html, type TemplateResult } from 'lit-html';
import type { Show, Theatre } from '../kit/answers.ts';
import { all } from '../kit/api.ts';
import { dayOf, isOtherClock, timeText } from '../kit/format.ts';
import { type App, fieldsOf, onSubmit, type Page } from '../kit/page.ts';
import { asking } from './asking.ts';
import { badge } from './badge.ts';
import { keepTheatre, keptTheatre, theatreOptions } from './house.ts';
import { may } from './roles.ts';
import { showPart } from './show.ts';

/** Shows: found by theatre and day. */
const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

export function showsPart(app: App, id: string | undefined): Page {
  return id === undefined ? findingPart(app) : showPart(app, id);
}

/** The day that was looked at last, for the way back from a show; gone with the document. */
let lastDay: string | undefined;

function findingPart(app: App): Page {
  let day = lastDay ?? dayOf(new Date());
  let theatreId = keptTheatre();
  const theatres = asking(app, () => all<Theatre>('/v1/theatres'));
  const shows = asking(app, async (signal) => {
    const found = await showsOf(day, theatreId);
    signal.throwIfAborted();
    return found;
  });
  void theatres.again();
  void shows.again();

  function find(form: HTMLFormElement): void {
    const fields = fieldsOf(form);
    day = fields['day'] ?? day;
    lastDay = day;
    theatreId = fields['theatreId'] ?? '';
    keepTheatre(theatreId);
    void shows.again();
  }

  return {
    title: 'Shows',
    leave: () => {
      theatres.stop();
      shows.stop();
    },
    view: () => html`
      <h1>Shows</h1>
      ${may(app.me(), 'organizer') ? html`<p><a class="button" href="/console/programme/new-shows">New shows</a></p>` : undefined}
      <form class="row" @submit=${onSubmit(find)} @change=${(event: Event) => find(formOf(event))}>
        <label>
          Theatre
          <select name="theatreId">
            ${theatreOptions(theatres.answer ?? [], theatreId)}
          </select>
        </label>
        <label>Day <input type="date" name="day" required .value=${day}></label>
        <button>Find</button>
      </form>
      ${shows.view(listing)}
    `,
  };
}

const formOf = (event: Event) => event.currentTarget as HTMLFormElement;

/** The shows that begin on a day, each by the calendar of its own theatre. */
async function showsOf(day: string, theatreId: string): Promise<readonly Show[]> {
  // A day begins up to 14 hours before that of UTC, and ends up to 12 hours after it.
  const midnight = Date.parse(`${day}T00:00:00Z`);
  const from = new Date(midnight - 14 * hourMs).toISOString();
  const to = new Date(midnight + dayMs + 12 * hourMs).toISOString();
  const query = new URLSearchParams({ from, to, ...(theatreId === '' ? {} : { theatreId }) });
  const found = await all<Show>(`/v1/shows?${query}`);
  return found.filter(({ startsAt, theatre }) => dayOf(new Date(startsAt), theatre.timeZone) === day);
}

function listing(shows: readonly Show[]): TemplateResult {
  if (shows.length === 0) return html`<p role="status">No show begins on that day. Choose another one.</p>`;
  const isElsewhere = shows.some(({ startsAt, theatre }) => isOtherClock(startsAt, theatre.timeZone));
  return html`
    ${isElsewhere ? html`<p class="quiet">In order; each time is that of the theatre’s own place.</p>` : undefined}
    <div class="scrolls">
      <table class="wraps">
        <thead>
          <tr>
            <th scope="col">Begins</th>
            <th scope="col">Show</th>
            <th scope="col">Where</th>
            <th scope="col">State</th>
          </tr>
        </thead>
        <tbody>
          ${shows.map(
            ({ showId, movie, theatre, screen, startsAt, status }) => html`
              <tr>
                <td>${timeText(startsAt, theatre.timeZone)}</td>
                <th scope="row"><a href="/console/shows/${showId}">${movie.title}</a></th>
                <td>${theatre.name}, screen ${screen.number}</td>
                <td>${badge(status)}</td>
              </tr>
            `,
          )}
        </tbody>
      </table>
    </div>
  `;
}
