import { html, type TemplateResult } from 'lit-html';
import { type PlaceNames, placesText } from '../../src/contracts/rules/places.ts';
import type { Show, WaitingList } from '../kit/answers.ts';
import { call, get, post } from '../kit/api.ts';
import { amountText, countText, momentText } from '../kit/format.ts';
import type { App, Page } from '../kit/page.ts';
import { Problem } from '../kit/problem.ts';
import type { Sales } from './answers.ts';
import { asking } from './asking.ts';
import { badge } from './badge.ts';
import { CounterSale } from './counter-sale.ts';
import { type Deed, Deeds } from './deeds.ts';
import { field } from './field.ts';
import { HallView } from './hall.ts';
import { repeating } from './repeating.ts';
import { may } from './roles.ts';
import { askingRoom, roomDeeds, roomView } from './waiting-room.ts';
import { seatsIn } from './words.ts';

/** Sales follow what is sold, held and blocked by moments. */
const refreshMs = 5_000;

/** One show: what was sold of it, and what the organizer and the box office do with it. */
export function showPart(app: App, showId: string): Page {
  const path = `/v1/shows/${encodeURIComponent(showId)}`;
  const isOrganizer = may(app.me(), 'organizer');
  const show = asking(app, (signal) => get<Show>(path, { signal }));
  const sales = asking(app, (signal) => get<Sales>(`${path}/sales`, { signal }));
  const list = asking(app, (signal) => get<WaitingList>(`${path}/waiting-list`, { signal }));
  const room = askingRoom(app, path);
  const looking = repeating(async () => {
    await show.again();
    if (show.answer?.status === 'cancelled') deeds.keepTo([]);
    if (isOrganizer) await Promise.all([sales.again(), list.again(), room.again()]);
  }, refreshMs);
  const again = () => looking.soon();
  let chosen: readonly string[] = [];
  const changed = () => {
    hall.clear();
    again();
  };
  const deeds: Deeds = new Deeds(app, changed);
  const isStaff = may(app.me(), 'staff');
  const counter = isStaff ? new CounterSale(app, { showId, sold: changed }) : undefined;
  const hall = new HallView(app, {
    ...{ showId, mayLookBack: isStaff },
    onChoose: (seats) => {
      chosen = seats;
      counter?.choose(seats);
    },
  });
  return {
    title: 'Show',
    leave: () => {
      looking.stop();
      show.stop();
      sales.stop();
      list.stop();
      room.stop();
      counter?.leave();
      hall.leave();
    },
    view: () => html`
      ${show.view(heading)} ${isOrganizer ? ways(showId) : undefined} ${deeds.outcome()}
      <section aria-labelledby="hall">
        <h2 id="hall">The hall</h2>
        ${hall.view()}
      </section>
      ${
        isOrganizer
          ? html`
              <section aria-labelledby="sales">
                <h2 id="sales">Sales</h2>
                ${sales.view(salesTable)} ${list.view(waitingText)}
                ${show.answer === undefined || show.answer.status === 'cancelled' ? undefined : deeds.view(...organizing(path, { show: show.answer, chosen, names: hall.names }))}
              </section>
              <section aria-labelledby="waiting-room">
                <h2 id="waiting-room">Waiting room</h2>
                ${room.view(roomView)} ${room.answer && deeds.view(...roomDeeds(path, room.answer))}
              </section>
            `
          : undefined
      }
      ${counter === undefined ? undefined : show.answer && counter.view(show.answer)}
    `,
  };
}

/** Those on the waiting list have what becomes free before anybody else. */
function waitingText({ waiting }: WaitingList): TemplateResult {
  return html`${waiting === 0 ? undefined : html`<p>${countText(waiting, 'booking')} on the waiting list.</p>`}`;
}

function ways(showId: string): TemplateResult {
  return html`
    <p class="row">
      <a class="button plain" href="/console/programme/${showId}">Change it or take it off</a>
      <a class="button plain" href="/console/programme/new-shows?from=${showId}">Make more like this</a>
    </p>
  `;
}

function heading({ movie, theatre, screen, startsAt, status, sales, showId }: Show): TemplateResult {
  return html`
    <h1>${movie.title} ${badge(status)}</h1>
    <p>
      ${momentText(startsAt, theatre.timeZone)}, ${theatre.name}, screen ${screen.number}
      <span class="quiet">(by the clock of the theatre)</span> · <code>${showId}</code>
    </p>
    ${status === 'scheduled' ? html`<p>The sale opens ${momentText(sales.opensAt, theatre.timeZone)}.</p>` : undefined}
  `;
}

function salesTable({ capacity, sold, held, blocked, revenue, categories }: Sales): TemplateResult {
  return html`
    <div class="scrolls">
      <table>
        <thead>
          <tr>
            <th scope="col">Category</th>
            <th scope="col" class="number">Places</th>
            <th scope="col" class="number">Sold</th>
            <th scope="col" class="number">Held</th>
            <th scope="col" class="number">Revenue</th>
          </tr>
        </thead>
        <tbody>
          ${categories.map(
            (each) => html`
              <tr>
                <th scope="row">${each.priceCategory}</th>
                <td class="number">${each.capacity}</td>
                <td class="number">${each.sold}</td>
                <td class="number">${each.held}</td>
                <td class="number">${amountText(each.revenue)}</td>
              </tr>
            `,
          )}
        </tbody>
        <tfoot>
          <tr>
            <th scope="row">All</th>
            <td class="number">${capacity}</td>
            <td class="number">${sold}</td>
            <td class="number">${held}</td>
            <td class="number">${amountText(revenue)}</td>
          </tr>
        </tfoot>
      </table>
    </div>
    <p class="quiet">${blocked} kept off sale. Revenue is that of sold places, without fees.</p>
  `;
}

function organizing(
  path: string,
  { show, chosen, names }: { readonly show: Show; readonly chosen: readonly string[]; readonly names: PlaceNames },
): readonly Deed[] {
  return [
    blocking(path, {
      ...{ method: 'POST', chosen, names },
      does: 'Block seats',
      follows: 'They are kept off sale until they are unblocked. Held and sold seats cannot be blocked.',
    }),
    blocking(path, { method: 'DELETE', chosen, names, does: 'Unblock seats', follows: 'They go on sale again.' }),
    cancelling(path, show),
  ];
}

function blocking(
  path: string,
  {
    method,
    chosen,
    names,
    does,
    follows,
  }: {
    readonly method: 'POST' | 'DELETE';
    readonly chosen: readonly string[];
    readonly names: PlaceNames;
    readonly does: string;
    readonly follows: string;
  },
): Deed {
  return {
    id: method,
    does,
    follows,
    fields: (problem) => html`
      ${field('Ids of the seats, such as S-A-1 S-A-2', html`<textarea name="seats" required rows="2" cols="40" spellcheck="false" .value=${chosen.join(' ')}></textarea>`)}
      ${problem?.body.offending === undefined ? undefined : html`<p>Not free: ${placesText({ seats: problem.body.offending }, names)}</p>`}
    `,
    run: async ({ fields, keyOf }) => {
      const body = { seats: seatsIn(fields['seats'] ?? '') };
      await call(method, `${path}/blocks`, { body, key: keyOf(body) });
      return `${method === 'POST' ? 'Blocked' : 'On sale again'}: ${placesText(body, names)}.`;
    },
  };
}

function cancelling(path: string, { movie: { title } }: Show): Deed {
  return {
    id: 'cancel-show',
    does: 'Cancel the show',
    follows: html`<strong>Every booking of it ends</strong>: unpaid ones are rejected, paid ones cancelled with all their money back, and every
      customer is told. It cannot be undone.`,
    fields: () => html`
      ${field(`To confirm, type its title: ${title}`, html`<input name="title" required autocomplete="off" size="40">`)}
      ${field('Reason, for the record', html`<input name="reason" maxlength="200" size="40">`)}
    `,
    run: async ({ fields, keyOf }) => {
      if (fields['title'] !== title) {
        throw new Problem(422, {
          code: 'validation_failed',
          errors: [{ pointer: '/title', message: 'is not the title of this show' }],
        });
      }
      const body = fields['reason'] === undefined ? {} : { reason: fields['reason'] };
      await post(`${path}/cancellation`, body, { key: keyOf(body) });
      return 'The show is cancelled; bookings end and refunds follow.';
    },
  };
}
