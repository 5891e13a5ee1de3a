import { html, type TemplateResult } from 'lit-html';
import { bookingNumber } from '../../src/contracts/rules/booking-number.ts';
import { type PlaceNames, placeOf, placesText } from '../../src/contracts/rules/places.ts';
import type { Booking, Show } from '../kit/answers.ts';
import { get, post } from '../kit/api.ts';
import { amountText, momentText } from '../kit/format.ts';
import type { App } from '../kit/page.ts';
import { namesOf } from '../kit/plans.ts';
import type { Me } from '../kit/session.ts';
import type { Admission, Answered, Ticket, Timeline } from './answers.ts';
import { type Asking, asking } from './asking.ts';
import { badge } from './badge.ts';
import { type Deed, Deeds } from './deeds.ts';
import { field } from './field.ts';
import { keepGate, keptGate } from './gate.ts';
import { personText } from './person.ts';
import { repeating } from './repeating.ts';
import { may } from './roles.ts';
import { TimelineView } from './timeline-view.ts';
import { plain } from './words.ts';

/** One booking: its state, its money, its tickets, its story, and what an organizer may do about it. */
const outcomeWithinSeconds = 10;
const open: readonly string[] = ['requested', 'waiting', 'awaiting_payment', 'paying'];
const cancellable: readonly string[] = [...open, 'confirmed'];
const refreshMs = 2_000;

interface Found {
  readonly booking: Booking;
  readonly show: Show | undefined;
  readonly names: PlaceNames;
}

export function bookingView(app: App, bookingId: string) {
  const path = `/v1/bookings/${encodeURIComponent(bookingId)}`;
  const found = asking(app, async (signal): Promise<Found> => {
    const booking = await get<Booking>(path, { signal });
    // A show that was withdrawn is none to name; the booking is told all the same.
    const show = await get<Show>(`/v1/shows/${encodeURIComponent(booking.showId)}`, { signal }).catch(() => undefined);
    return { booking, show, names: await namesOf(show, { signal }) };
  });
  const tickets = asking(app, (signal) => get<{ readonly items: readonly Ticket[] }>(`${path}/tickets`, { signal }));
  const timeline = asking(app, (signal) => get<Timeline>(`/v1/ops${path.slice('/v1'.length)}/timeline`, { signal }));
  const isStaff = may(app.me(), 'staff');
  const more: readonly Asking<unknown>[] = isStaff ? [tickets, timeline] : [];
  let isWanted = true;
  const looking = repeating(async () => {
    if (!isWanted && !isUnderWay(found.answer?.booking)) return;
    isWanted = false;
    await found.again();
    await Promise.all(more.map((each) => each.again()));
    const { answer } = found;
    if (answer !== undefined)
      deeds.keepTo([...deedsFor(answer), ...letInDeeds(tickets.answer?.items ?? [], answer.names)]);
  }, refreshMs);
  const again = () => {
    isWanted = true;
    looking.soon();
  };
  const deeds: Deeds = new Deeds(app, again);
  const story = new TimelineView(app);
  const deedsFor = ({ booking, names }: Found): readonly Deed[] => [
    ...(isStaff && booking.status === 'awaiting_payment' ? [payment(path, booking)] : []),
    ...(may(app.me(), 'organizer') && cancellable.includes(booking.status)
      ? [cancellation(path, { booking, names })]
      : []),
  ];
  return {
    leave: () => {
      looking.stop();
      for (const each of [found, ...more]) each.stop();
    },
    view: () => html`
      ${deeds.outcome()}
      ${found.view(
        (answer) => html`
          <section class="card" aria-label="The booking">
            ${facts(answer, { bookedUnder: tickets.answer?.items.find((each) => each.bookedUnder !== undefined)?.bookedUnder, me: app.me() })}
            <p><button type="button" class="plain" @click=${again}>Look again</button></p>
          </section>
          ${deeds.view(...deedsFor(answer))}
          ${
            isStaff
              ? html`
                  <section aria-labelledby="tickets"><h2 id="tickets">Tickets</h2>${tickets.view(
                    ({ items }) =>
                      html`${ticketTable(items, answer.names)}${deeds.view(...letInDeeds(items, answer.names))}`,
                  )}</section>
                  <section aria-labelledby="story"><h2 id="story">What happened</h2>${timeline.view((told) => story.view(told))}</section>
                `
              : undefined
          }
        `,
      )}
    `,
  };
}

/** Whether something of it is to come by itself: an outcome, a refund, tickets. */
function isUnderWay(booking: Booking | undefined): boolean {
  if (booking === undefined) return false;
  const { status, refund, seats, areas = [], tickets } = booking;
  if (status !== 'confirmed') return open.includes(status) || refund?.status === 'pending';
  const places = areas.reduce((sum, { count }) => sum + count, seats.length);
  return refund?.status === 'pending' || tickets.length < places;
}

function facts(
  { booking, show, names }: Found,
  { bookedUnder, me }: { readonly bookedUnder: string | undefined; readonly me: Me | undefined },
): TemplateResult {
  const { bookingId, status, reason, payment, refund, total, holdExpiresAt } = booking;
  return html`
    <dl>
      <dt>Booking</dt>
      <dd><strong>${bookingNumber(bookingId)}</strong> <code class="quiet">${bookingId}</code></dd>
      <dt>State</dt>
      <dd>${badge(status)} ${reason === undefined ? undefined : plain(reason)}</dd>
      <dt>Show</dt>
      <dd>
        <a href="/console/shows/${booking.showId}">${show === undefined ? booking.showId : showName(show)}</a>
      </dd>
      <dt>Places</dt>
      <dd>${placesText(booking, names) || 'none'}</dd>
      <dt>Total</dt>
      <dd>${total === undefined ? 'no price yet' : amountText(total)}</dd>
      <dt>Payment</dt>
      <dd>
        ${badge(payment.status)} ${payment.attempts > 1 ? `${payment.attempts} tries` : undefined}
        ${payment.error === undefined ? undefined : `${payment.error.message} (${payment.error.code})`}
      </dd>
      ${
        refund === undefined
          ? undefined
          : html`<dt>Refund</dt><dd>${badge(refund.status)} ${amountText(refund.amount)}</dd>`
      }
      ${status === 'awaiting_payment' && holdExpiresAt !== undefined ? html`<dt>Held until</dt><dd>${momentText(holdExpiresAt)}</dd>` : undefined}
      ${bookedUnder === undefined ? undefined : html`<dt>Booked under</dt><dd>${bookedUnder}</dd>`}
      <dt>By the account</dt>
      <dd>${personText(booking.userId, me)}</dd>
      <dt>States so far</dt>
      <dd>${booking.history.map(({ status: was, at }) => html`<div>${plain(was)} <span class="quiet">${momentText(at)}</span></div>`)}</dd>
    </dl>
  `;
}

export function showName({ movie, theatre, screen, startsAt }: Show): string {
  return `${movie.title}, ${theatre.name}, screen ${screen.number}, ${momentText(startsAt, theatre.timeZone)}`;
}

function ticketTable(tickets: readonly Ticket[], names: PlaceNames): TemplateResult {
  if (tickets.length === 0) return html`<p class="quiet">There are none.</p>`;
  return html`
    <div class="scrolls">
      <table>
        <thead>
          <tr>
            <th scope="col">Place</th>
            <th scope="col">State</th>
            <th scope="col">Booked under</th>
            <th scope="col">Ticket</th>
          </tr>
        </thead>
        <tbody>
          ${tickets.map(
            ({ ticketId, priceCategory, status, admittedAt, bookedUnder, ...place }) => html`
              <tr>
                <th scope="row">${placeOf(place, names)} <span class="quiet">${priceCategory}</span></th>
                <td>${badge(status)} ${admittedAt === undefined ? undefined : momentText(admittedAt)}</td>
                <td>${bookedUnder}</td>
                <td><code>${ticketId}</code></td>
              </tr>
            `,
          )}
        </tbody>
      </table>
    </div>
  `;
}

const letInDeeds = (tickets: readonly Ticket[], names: PlaceNames) =>
  tickets.filter(({ status }) => status === 'valid').map((ticket) => lettingIn(ticket, names));

/** At the door, where no camera reads the code: it is the same code that lets in, and it does so once. */
function lettingIn({ ticketId, code, bookedUnder, ...of }: Ticket, names: PlaceNames): Deed {
  const place = placeOf(of, names);
  return {
    id: `let-in-${ticketId}`,
    does: `Let in ${place}`,
    follows: `For somebody at the door whose code cannot be read${bookedUnder === undefined ? '' : `: ask whether they are ${bookedUnder}`}. Nobody else gets in with this ticket afterwards.`,
    fields: () => field('Gate', html`<input name="gate" required maxlength="60" .value=${keptGate()}>`),
    run: async ({ fields, keyOf }) => {
      const body = { code, gate: fields['gate'] };
      const { gate } = await post<Admission>('/v1/check-ins', body, { key: keyOf(body) });
      keepGate(gate);
      return `Admitted: ${place}, gate ${gate}.`;
    },
  };
}

/** For whoever booked at home and pays at the counter. */
function payment(path: string, { total }: Booking): Deed {
  return {
    id: 'pay',
    does: 'Take the payment',
    follows: `${total === undefined ? 'The total' : amountText(total)} is taken for it, the seats are sold and the tickets issued.`,
    fields: () => html`
      <fieldset>
        <legend>Paid by</legend>
        <label class="choice"><input type="radio" name="method" value="cash" required>cash</label>
        <label class="choice"><input type="radio" name="method" value="card">card</label>
      </fieldset>
      ${field('Token of the card, from the terminal', html`<input name="token" maxlength="200" autocomplete="off">`)}
    `,
    run: async ({ fields, keyOf }) => {
      const body = fields['method'] === 'card' ? { method: 'card', token: fields['token'] } : { method: 'cash' };
      const now = await post<Answered>(`${path}/payments`, body, { key: keyOf(body), wait: outcomeWithinSeconds });
      if (now.status === 'confirmed') return 'It is paid, and the booking is confirmed.';
      return now.payment?.status === 'declined'
        ? 'The card was declined. The seats are still held.'
        : 'Accepted; the outcome is not known yet.';
    },
  };
}

function cancellation(path: string, { booking: { seats, status }, names }: Pick<Found, 'booking' | 'names'>): Deed {
  const isSome = status === 'confirmed' && seats.length > 1;
  return {
    id: 'cancel',
    does: 'Cancel the booking',
    follows:
      'The seats go back on sale, the tickets become void, the customer is told and gets all the money of what is cancelled back, whatever the refund policy says. It cannot be undone.',
    fields: () => html`
      ${
        isSome
          ? html`
              <fieldset>
                <legend>Seats to cancel</legend>
                ${seats.map((seat) => html`<label class="choice"><input type="checkbox" name="seat" value=${seat} checked>${names.seat(seat)}</label>`)}
              </fieldset>
            `
          : undefined
      }
      ${field('Reason, for the record', html`<input name="reason" maxlength="200" size="40">`)}
    `,
    run: async ({ fields, form, keyOf }) => {
      const chosen = new FormData(form).getAll('seat').filter((seat) => typeof seat === 'string');
      const isAll = !isSome || chosen.length === seats.length;
      const body = {
        ...(fields['reason'] === undefined ? {} : { reason: fields['reason'] }),
        ...(isAll ? {} : { seats: chosen }),
      };
      const now = await post<Answered>(`${path}/cancellation`, body, { key: keyOf(body), wait: outcomeWithinSeconds });
      if (isAll)
        return now.status === 'cancelled'
          ? 'The booking is cancelled.'
          : 'Accepted; it is cancelled as soon as that can be decided.';
      return `Cancelled: ${placesText({ seats: chosen }, names)}.`;
    },
  };
}
