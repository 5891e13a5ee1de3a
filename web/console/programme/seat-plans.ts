import { html, type TemplateResult } from 'lit-html';
import type { SeatPlan } from '../../../src/contracts/catalog.ts';
import type { Theatre } from '../../kit/answers.ts';
import { call, get } from '../../kit/api.ts';
import type { App, Page } from '../../kit/page.ts';
import { asking } from '../asking.ts';
import { type Deed, Deeds } from '../deeds.ts';
import { field, wrongAt } from '../field.ts';
import { type PlanSummary, plansOf, programme, type Screen, screensOf, theatresOf } from './entries.ts';
import { sayNext } from './entry-form.ts';
import { PlanPicture } from './plan-picture.ts';

/** Seat plans. They never change: a hall that is rebuilt gets a new one, and what was sold by the old one stays true. */
const listPath = `${programme}/seat-plans`;

export function seatPlansPart(app: App, said: TemplateResult): Page {
  const plans = asking(app, (signal) => plansOf(signal));
  void plans.again();
  return {
    title: 'Seat plans',
    leave: () => plans.stop(),
    view: () => html`
      ${said}
      <h1>Seat plans</h1>
      <p><a class="button" href="${programme}/new-seat-plan">New seat plan</a></p>
      ${plans.view(listing)}
    `,
  };
}

function listing(plans: readonly PlanSummary[]): TemplateResult {
  if (plans.length === 0) return html`<p role="status">There is none yet.</p>`;
  return html`
    <div class="scrolls">
      <table class="wraps">
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col" class="number">Places</th>
            <th scope="col">Price categories</th>
          </tr>
        </thead>
        <tbody>
          ${plans.map(
            ({ seatPlanId, name, capacity, priceCategories }) => html`
              <tr>
                <th scope="row"><a href="${programme}/${seatPlanId}">${name}</a></th>
                <td class="number">${capacity}</td>
                <td>${priceCategories.join(', ')}</td>
              </tr>
            `,
          )}
        </tbody>
      </table>
    </div>
  `;
}

export function seatPlanPart(app: App, { id, said }: { readonly id: string; readonly said: TemplateResult }): Page {
  const path = `/v1/seat-plans/${encodeURIComponent(id)}`;
  const picture = new PlanPicture(app);
  const plan = asking(app, async (signal) => {
    const found = await get<SeatPlan>(path, { signal });
    picture.show(found);
    return found;
  });
  const houses = asking(app, async (signal) => {
    const [theatres, screens] = await Promise.all([theatresOf(signal), screensOf(signal)]);
    return { theatres, screens };
  });
  const deeds = new Deeds(app, () => void houses.again());
  void plan.again();
  void houses.again();
  return {
    title: 'Seat plan',
    leave: () => {
      plan.stop();
      houses.stop();
      picture.leave();
    },
    view: () => html`
      <p><a href=${listPath}>All seat plans</a></p>
      ${said} ${deeds.outcome()}
      ${plan.view(
        (found) => html`
          <h1>${found.name}</h1>
          ${picture.view('Look at a seat to see what it is called.')}
          ${
            found.sections.length === 0
              ? undefined
              : html`<p>Whoever asks for the best seats is given the free ones nearest to ${picture.bestSeatText ?? 'the beginning of the list of rows'}.</p>`
          }
          <p>A seat plan never changes, because tickets are sold by it. <a class="button plain" href="${programme}/new-seat-plan?from=${id}">Start a new one from this</a></p>
          ${houses.view(({ theatres, screens }) => {
            const nameOf = screenNames(theatres);
            const own = screens.filter(({ seatPlanId }) => seatPlanId === id);
            return html`
              <p>${own.length === 0 ? html`No screen is seated by it yet. <a href="${programme}/theatres">Theatres and their screens</a>` : `Seated by it: ${own.map(nameOf).join('; ')}.`}</p>
              ${deeds.view(
                ...(screens.length > own.length
                  ? [giving({ id, screens: screens.filter((each) => !own.includes(each)), nameOf })]
                  : []),
                {
                  id: 'delete',
                  does: 'Delete the seat plan',
                  follows: 'It goes from the catalogue. One that a screen or a show is seated by stays.',
                  run: async ({ keyOf }) => {
                    await call('DELETE', path, { key: keyOf(path) });
                    sayNext(`${found.name} is deleted.`);
                    app.go(listPath);
                    return 'Deleted.';
                  },
                },
              )}
            `;
          })}
        `,
      )}
    `,
  };
}

function screenNames(theatres: readonly Theatre[]) {
  const names = new Map(theatres.map(({ theatreId, name }) => [theatreId, name]));
  return ({ theatreId, number }: Screen) => `${names.get(theatreId) ?? theatreId}, screen ${number}`;
}

function giving({
  id,
  screens,
  nameOf,
}: {
  readonly id: string;
  readonly screens: readonly Screen[];
  readonly nameOf: (screen: Screen) => string;
}): Deed {
  return {
    id: 'give',
    does: 'Give it to a screen',
    follows:
      'Shows that are made on it from now on are sold by this plan. Those that are made already keep theirs; each can be given the new one while nothing of it is sold.',
    fields: (problem) =>
      field(
        'Screen',
        html`
          <select name="screenId" required>
            ${screens.map((screen) => html`<option value=${screen.screenId}>${nameOf(screen)}</option>`)}
          </select>
        `,
        wrongAt(problem, '/seatPlanId'),
      ),
    run: async ({ fields, keyOf }) => {
      const body = { seatPlanId: id };
      const screen = await call<Screen>('PATCH', `/v1/screens/${fields['screenId']}`, { body, key: keyOf(body) });
      return `${nameOf(screen)} is seated by it.`;
    },
  };
}
