import { html, type TemplateResult } from 'lit-html';
import type { Theatre } from '../../kit/answers.ts';
import { call, get, post } from '../../kit/api.ts';
import type { App, Page } from '../../kit/page.ts';
import type { Problem } from '../../kit/problem.ts';
import { asking } from '../asking.ts';
import { type Deed, Deeds } from '../deeds.ts';
import { field, wrongAt } from '../field.ts';
import { assertUnchanged, changesOf } from './changes.ts';
import { type PlanSummary, plansOf, planText, programme, type Screen, screensOf, theatresOf } from './entries.ts';
import { type EntryKind, nothingChanged } from './entry-page.ts';

/** Theatres with their screens. */
export const theatreKind: EntryKind = {
  noun: 'theatre',
  nameField: 'name',
  idField: 'theatreId',
  path: '/v1/theatres',
  listPath: `${programme}/theatres`,
  listTitle: 'All theatres',
  fields: [
    { name: 'name', label: 'Name', isRequired: true },
    { name: 'location', label: 'Where it is, as customers find it', isRequired: true },
    {
      name: 'timeZone',
      label: 'Time zone',
      isRequired: true,
      among: Intl.supportedValuesOf('timeZone'),
      // Whoever makes a theatre most often sits in it.
      atFirst: Intl.DateTimeFormat().resolvedOptions().timeZone,
      hint: 'What its clocks show, such as Europe/London. All times of its shows are typed and told by them.',
    },
  ],
  changeFollows:
    'Its shows to come change with it. With another time zone they begin at the same moment as before, which its clocks call otherwise.',
  deleteFollows: 'It goes from the catalogue. A theatre with screens stays: delete them first.',
};

export function theatresPart(app: App, said: TemplateResult): Page {
  const theatres = asking(app, (signal) => theatresOf(signal));
  void theatres.again();
  return {
    title: 'Theatres',
    leave: () => theatres.stop(),
    view: () => html`
      ${said}
      <h1>Theatres</h1>
      <p><a class="button" href="${programme}/new-theatre">New theatre</a></p>
      ${theatres.view(listing)}
    `,
  };
}

function listing(theatres: readonly Theatre[]): TemplateResult {
  if (theatres.length === 0) return html`<p role="status">There is none yet.</p>`;
  return html`
    <div class="scrolls">
      <table class="wraps">
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col">Where</th>
            <th scope="col">Time zone</th>
          </tr>
        </thead>
        <tbody>
          ${theatres.map(
            ({ theatreId, name, location, timeZone }) => html`
              <tr>
                <th scope="row"><a href="${programme}/${theatreId}">${name}</a></th>
                <td>${location}</td>
                <td>${timeZone}</td>
              </tr>
            `,
          )}
        </tbody>
      </table>
    </div>
  `;
}

/** The screens of one theatre, for its page. */
export function screensOfTheatre(app: App, theatreId: string) {
  const found = asking(app, async (signal) => {
    const [screens, plans] = await Promise.all([screensOf(signal, theatreId), plansOf(signal)]);
    return { screens, plans };
  });
  void found.again();
  const deeds = new Deeds(app, () => void found.again());
  return {
    leave: () => found.stop(),
    view: () => html`
      <section aria-labelledby="screens">
        <h2 id="screens">Screens</h2>
        ${deeds.outcome()}
        ${found.view(({ screens, plans }) =>
          plans.length === 0
            ? html`<p class="note">A screen shows how its hall is seated. <a href="${programme}/new-seat-plan">Draw a seat plan</a> first.</p>`
            : html`
                ${screens.map((screen) => screenCard(screen, { plans, deeds, again: found.again }))}
                ${screens.length === 0 ? html`<p class="quiet">It has none yet.</p>` : undefined}
                ${deeds.view(adding(theatreId, { screens, plans }))}
              `,
        )}
      </section>
    `,
  };
}

function screenCard(
  screen: Screen,
  {
    plans,
    deeds,
    again,
  }: { readonly plans: readonly PlanSummary[]; readonly deeds: Deeds; readonly again: () => Promise<void> },
): TemplateResult {
  const plan = plans.find(({ seatPlanId }) => seatPlanId === screen.seatPlanId);
  return html`
    <section class="card" aria-label=${`Screen ${screen.number}`}>
      <h3>Screen ${screen.number}</h3>
      <p>
        Seated by <a href="${programme}/${screen.seatPlanId}">${plan === undefined ? screen.seatPlanId : planText(plan)}</a>.
        <a href="${programme}/new-shows?screen=${screen.screenId}" aria-label=${`New shows on screen ${screen.number}`}>New shows</a>
      </p>
      ${deeds.view(changing(screen, { plans, again }), removing(screen))}
    </section>
  `;
}

function screenFields(
  { number, seatPlanId }: { readonly number: number; readonly seatPlanId?: string },
  { plans, problem }: { readonly plans: readonly PlanSummary[]; readonly problem: Problem | undefined },
): TemplateResult {
  return html`
    ${field('Number', html`<input name="number" type="number" min="1" max="999" required value=${number}>`, wrongAt(problem, '/number'))}
    ${field(
      'Seat plan',
      html`
        <select name="seatPlanId" required>
          ${plans.map((plan) => html`<option value=${plan.seatPlanId} ?selected=${plan.seatPlanId === seatPlanId}>${planText(plan)}</option>`)}
        </select>
      `,
      wrongAt(problem, '/seatPlanId'),
    )}
  `;
}

function adding(
  theatreId: string,
  { screens, plans }: { readonly screens: readonly Screen[]; readonly plans: readonly PlanSummary[] },
): Deed {
  const number = Math.max(0, ...screens.map((screen) => screen.number)) + 1;
  return {
    id: 'new-screen',
    does: 'Add a screen',
    follows: 'A hall or room with a number of its own in this theatre.',
    fields: (problem) => screenFields({ number }, { plans, problem }),
    run: async ({ fields, keyOf }) => {
      const body = { theatreId, number: Number(fields['number']), seatPlanId: fields['seatPlanId'] };
      await post('/v1/screens', body, { key: keyOf(body) });
      return `Screen ${body.number} is there.`;
    },
  };
}

function changing(
  screen: Screen,
  { plans, again }: { readonly plans: readonly PlanSummary[]; readonly again: () => Promise<void> },
): Deed {
  return {
    id: `change-${screen.screenId}`,
    does: 'Change',
    follows:
      'Another number is that of its shows to come as well. Another seat plan is for shows that are made from now on: the others keep the one they are sold by, and each can be given the new one while nothing of it is sold.',
    fields: (problem) => screenFields(screen, { plans, problem }),
    run: async ({ fields, keyOf }) => {
      const path = `/v1/screens/${screen.screenId}`;
      const { number, seatPlanId } = screen;
      const wanted = { number: Number(fields['number']), seatPlanId: fields['seatPlanId'] };
      const changes = changesOf({ number, seatPlanId }, wanted);
      if (Object.keys(changes).length === 0) throw nothingChanged();
      const now = await get<Screen>(path);
      try {
        assertUnchanged({
          begun: { ...screen },
          now: { ...now },
          changes,
          names: { number: 'Number', seatPlanId: 'Seat plan' },
        });
      } catch (error) {
        await again();
        throw error;
      }
      await call('PATCH', path, { body: changes, key: keyOf(changes) });
      return `Screen ${wanted.number} is changed.`;
    },
  };
}

function removing({ screenId, number }: Screen): Deed {
  return {
    id: `delete-${screenId}`,
    does: 'Delete',
    follows: `Screen ${number} goes. With shows to come it stays: cancel or delete them first.`,
    run: async ({ keyOf }) => {
      await call('DELETE', `/v1/screens/${screenId}`, { key: keyOf(screenId) });
      return `Screen ${number} is deleted.`;
    },
  };
}
