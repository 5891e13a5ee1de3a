import { html, type TemplateResult } from 'lit-html';
import { momentsOfLocalTime } from '../../../src/contracts/rules/local-time.ts';
import type { Show } from '../../kit/answers.ts';
import { call, get } from '../../kit/api.ts';
import { dayText, timeText } from '../../kit/format.ts';
import { type App, fieldsOf, type Page } from '../../kit/page.ts';
import { Problem } from '../../kit/problem.ts';
import { asking } from '../asking.ts';
import { Deeds } from '../deeds.ts';
import { field } from '../field.ts';
import { assertUnchanged, changesOf, pricesWith } from './changes.ts';
import { type Movie, moviesOf, type Place, type PlanSummary, placesOf, plansOf, programme } from './entries.ts';
import { EntryForm, sayNext, wrongInput } from './entry-form.ts';
import { nothingChanged } from './entry-page.ts';
import {
  currencyNow,
  minutesBefore,
  movieField,
  priceFields,
  readShow,
  saleFields,
  screenField,
  type Typed,
  textOf,
} from './show-fields.ts';
import { localText, momentTyped, whichOf } from './show-times.ts';
import { takenBy } from './taken.ts';

/** One show: to be changed, copied, or taken off the programme. */
interface Known {
  readonly show: Show;
  readonly movies: readonly Movie[];
  readonly places: readonly Place[];
  readonly plans: readonly PlanSummary[];
}

const names = {
  ...{ movieId: 'Movie', screenId: 'Screen', seatPlanId: 'Seat plan', startsAt: 'Start', priceCategories: 'Prices' },
  ...{ opensAt: 'The opening of the sale', closesAt: 'The end of the sale', seatsPerCustomerMax: 'Seats per customer' },
  refundPolicy: 'The refund policy',
};

/** What of a show can be changed, each by itself. */
function fieldsOfShow(show: Show) {
  const { startsAt, seatPlanId, priceCategories, sales, seatsPerCustomerMax, refundPolicy } = show;
  return {
    ...{ movieId: show.movie.movieId, screenId: show.screen.screenId, seatPlanId, startsAt, priceCategories },
    ...{ opensAt: sales.opensAt, closesAt: sales.closesAt, refundPolicy },
    ...(seatsPerCustomerMax === undefined ? {} : { seatsPerCustomerMax }),
  };
}
type ShowFields = ReturnType<typeof fieldsOfShow> & { readonly seatsPerCustomerMax?: number };

export function showChangePart(app: App, { id, said }: { readonly id: string; readonly said: TemplateResult }): Page {
  const path = `/v1/shows/${encodeURIComponent(id)}`;
  let begun: Show | undefined;
  let typed: Typed = {};
  const known = asking<Known>(app, async (signal) => {
    const [show, movies, places, plans] = await Promise.all([
      get<Show>(path, { signal }),
      moviesOf(signal),
      placesOf(signal),
      plansOf(signal),
    ]);
    begun = show;
    typed = { screenId: show.screen.screenId, startsAt: localText(show.startsAt, show.theatre.timeZone) };
    return { show, movies, places, plans };
  });
  void known.again();

  const form = new EntryForm(app, async ({ form: sent, keyOf }) => {
    typed = fieldsOf(sent);
    const { answer } = known;
    const place = answer?.places.find(({ screen }) => screen.screenId === typed['screenId']);
    if (answer === undefined || begun === undefined || place === undefined)
      throw wrongInput({ '/screenId': 'must be chosen' });
    const before = fieldsOfShow(begun);
    const changes = changesOf(before, wanted(typed, { show: begun, place, plans: answer.plans }));
    if (Object.keys(changes).length === 0) throw nothingChanged();
    const now = await get<Show>(path);
    begun = now;
    assertUnchanged({ begun: before, now: fieldsOfShow(now), changes, names });
    const body = bodyOf(changes);
    try {
      await call('PATCH', path, { body, key: keyOf(body) });
    } catch (error) {
      throw await explained(error, place);
    }
    sayNext('The show is changed.');
    app.go(`${programme}/${id}`, { replace: true });
  });
  const deeds = new Deeds(app, () => undefined);

  function view({ show: first, movies, places, plans }: Known): TemplateResult {
    // Whatever nobody has typed here follows what others have changed meanwhile, and is not undone with the next change.
    const show = begun ?? first;
    const text = textOf(show);
    const shown = { text, form };
    const place = places.find(({ screen }) => screen.screenId === typed['screenId']);
    const timeZone = place?.theatre.timeZone ?? show.theatre.timeZone;
    const plan = planOfShow({ show, place, plans }, typed['seatPlan'] === 'yes');
    return html`
      <p><a href="/console/shows/${id}">The hall, the sales and the counter</a></p>
      <h1>${show.movie.title}</h1>
      <p>${dayText(show.startsAt, show.theatre.timeZone)}, ${timeText(show.startsAt, show.theatre.timeZone)}, ${show.theatre.name}, screen ${show.screen.number}</p>
      ${
        show.status === 'cancelled'
          ? html`<p class="note">It is cancelled, and stays so. Make another one instead.</p>`
          : html`
              <div @input=${changed} @change=${changed}>
                ${form.view(
                  'Change the show',
                  () => html`
                    <p class="quiet">
                      Who has booked is told of another start, movie or theatre and may cancel free of charge. What was sold keeps its price;
                      the seat plan and the currency stay once something was sold.
                    </p>
                    <div class="row">${movieField(shown, movies)} ${screenField(shown, places)}</div>
                    ${startField({ form, show, typed, timeZone })}
                    ${planField({ form, show, place })}
                    ${priceFields(shown, { categories: plan?.priceCategories ?? [], currency: currencyNow(typed['currency'] ?? text.currency) })}
                    ${saleFields(shown, { timeZone, opens: 'Opens' })}
                  `,
                )}
              </div>
            `
      }
      <p><a class="button plain" href="${programme}/new-shows?from=${id}">Make more like this</a></p>
      ${deeds.view({
        id: 'withdraw',
        does: 'Take it off the programme',
        follows:
          'It goes, as if it had never been there. That is for a show of which nobody holds or has bought a seat; one that is booked is cancelled on its own page, and everybody gets their money back.',
        run: async ({ keyOf }) => {
          await call('DELETE', path, { key: keyOf(path) });
          sayNext('The show is off the programme.');
          app.go(programme);
          return 'Gone.';
        },
      })}
    `;
  }

  function changed(event: Event): void {
    const element = (event.target as Element).closest('form');
    if (element !== null) typed = fieldsOf(element);
    app.redraw();
  }

  return {
    title: 'Change a show',
    leave: () => known.stop(),
    view: () => html`${said} ${deeds.outcome()} ${known.view(view)}`,
  };
}

function startField({
  form,
  show,
  typed,
  timeZone,
}: {
  readonly form: EntryForm;
  readonly show: Show;
  readonly typed: Typed;
  readonly timeZone: string;
}): TemplateResult {
  const isTwice = momentsOfLocalTime(typed['startsAt'] ?? '', timeZone).length > 1;
  const which = whichOf(show.startsAt, show.theatre.timeZone);
  return html`
    <div class="row">
      ${field(
        `Begins, on the clocks of the theatre (${timeZone})`,
        html`<input name="startsAt" type="datetime-local" required value=${localText(show.startsAt, show.theatre.timeZone)}>`,
        form.wrong('/startsAt'),
      )}
      ${
        isTwice
          ? field(
              'Clocks go back then, and show it twice',
              html`
                <select name="which">
                  <option value="0" ?selected=${which === 0}>the first time</option>
                  <option value="1" ?selected=${which === 1}>the second time</option>
                </select>
              `,
            )
          : undefined
      }
    </div>
  `;
}

/** A screen may have got another plan since the show was made: nothing of a show changes by itself. */
function planField({
  form,
  show,
  place,
}: {
  readonly form: EntryForm;
  readonly show: Show;
  readonly place: Place | undefined;
}): TemplateResult | undefined {
  const isOther = place?.screen.screenId === show.screen.screenId && place.plan.seatPlanId !== show.seatPlanId;
  if (!isOther) return undefined;
  return html`
    <label class="choice">
      <input type="checkbox" name="seatPlan" value="yes">Sell it by the seat plan that the screen has now: ${place.plan.name}
      ${form.wrong('/seatPlanId').map((message) => html`<span class="wrong" role="alert">${message}</span>`)}
    </label>
  `;
}

/** The plan whose categories have prices: the show's own, unless it moves to another screen or takes the screen's new one. */
function planOfShow(
  {
    show,
    place,
    plans,
  }: { readonly show: Show; readonly place: Place | undefined; readonly plans: readonly PlanSummary[] },
  takesNew = false,
): PlanSummary | undefined {
  const isMoved = place !== undefined && place.screen.screenId !== show.screen.screenId;
  return isMoved || takesNew ? place?.plan : plans.find(({ seatPlanId }) => seatPlanId === show.seatPlanId);
}

/** What the show is to be, as far as it can be changed. */
function wanted(
  typed: Typed,
  { show, place, plans }: { readonly show: Show; readonly place: Place; readonly plans: readonly PlanSummary[] },
): ShowFields {
  const { timeZone } = place.theatre;
  const plan = planOfShow({ show, place, plans }, typed['seatPlan'] === 'yes') ?? place.plan;
  const read = readShow(typed, { theatre: place.theatre, plan });
  const which = Number(typed['which'] ?? 0);
  const start = momentTyped(typed['startsAt'] ?? '', { timeZone, which });
  const wrong = { ...read.wrong, ...('wrong' in start ? { '/startsAt': start.wrong } : {}) };
  if (Object.keys(wrong).length > 0 || 'wrong' in start) throw wrongInput(wrong);
  const text = textOf(show);
  const isSameClock = timeZone === show.theatre.timeZone;
  // A field has no seconds: what was not typed anew is what it was.
  const isSameStart =
    isSameClock &&
    typed['startsAt'] === localText(show.startsAt, timeZone) &&
    which === whichOf(show.startsAt, timeZone);
  const startsAt = isSameStart ? show.startsAt : start.at;
  const isSameEnd = String(read.closesMinutes) === text.closesMinutes && startsAt === show.startsAt;
  const isSameOpening = isSameClock && typed['opensAt'] === text.opensAt;
  return {
    ...{ movieId: typed['movieId'] ?? show.movie.movieId, screenId: place.screen.screenId },
    ...{
      seatPlanId: plan.seatPlanId,
      startsAt,
      priceCategories: pricesWith(show.priceCategories, read.priceCategories),
    },
    opensAt: isSameOpening || read.opensAt === undefined ? show.sales.opensAt : read.opensAt,
    closesAt: isSameEnd ? show.sales.closesAt : minutesBefore(Date.parse(startsAt), read.closesMinutes),
    ...(read.seatsPerCustomerMax === undefined ? {} : { seatsPerCustomerMax: read.seatsPerCustomerMax }),
    refundPolicy: read.refundPolicy,
  };
}

/** The changes as the server takes them. */
function bodyOf({
  opensAt,
  closesAt,
  ...changes
}: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const sales = { ...(opensAt === undefined ? {} : { opensAt }), ...(closesAt === undefined ? {} : { closesAt }) };
  return Object.keys(sales).length === 0 ? changes : { ...changes, sales };
}

/** A screen that is taken, by what is on it instead of by its id. */
async function explained(error: unknown, { theatre }: Place): Promise<unknown> {
  const taken = error instanceof Problem ? await takenBy(error, theatre.timeZone) : undefined;
  return taken === undefined ? error : new Problem(409, { code: 'conflict', detail: taken.text });
}
