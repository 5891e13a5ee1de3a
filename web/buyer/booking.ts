import { html, type TemplateResult } from 'lit-html';
import { bookingNumber } from '../../src/contracts/rules/booking-number.ts';
import { cancellationTerms } from '../../src/contracts/rules/cancellation-terms.ts';
import { byId, type PlaceNames, placeOf, placesText } from '../../src/contracts/rules/places.ts';
import type { Booking, Show, WaitingList } from '../kit/answers.ts';
import { get, post } from '../kit/api.ts';
import { serverNow } from '../kit/clock.ts';
import { countdownText, countText, momentText, moneyText, placeTimeText, timeText } from '../kit/format.ts';
import { newKey } from '../kit/keys.ts';
import { type App, loading, onSubmit, type Page, problemBox } from '../kit/page.ts';
import { namesOf } from '../kit/plans.ts';
import { messageOf, Problem, tryingAgain } from '../kit/problem.ts';
import { type Following, follow } from '../kit/server-events.ts';
import { pageSettings } from '../kit/settings.ts';
import { WishKey } from '../kit/wish-key.ts';
import { showOf, statusBadge } from './bookings.ts';
import { type CardForm, testCardForm } from './cards.ts';
import { bookingLink, exchange } from './exchange.ts';
import { Giving } from './giving.ts';
import { priceLines } from './prices.ts';
import { stripeCardForm } from './stripe-card.ts';
import { type PicturedTicket, ticketCard, ticketsOf } from './tickets.ts';
import { placeAgainMs } from './wait-text.ts';
import { WalletButtons } from './wallet.ts';

/** One booking as it goes: the hold runs down, the payment is made, the tickets come. What happens is streamed; nothing is asked twice. */
const tickMs = 500;
/** A hold that is over so long has become something else. */
const untoldMaxMs = 3_000;
const payWaitSeconds = 20;

const reasons: Readonly<Record<string, string>> = {
  show_not_found: 'There is no such show any more.',
  show_cancelled: 'The show was cancelled.',
  sales_closed: 'The sale of this show is closed.',
  seat_unknown: 'There are no such seats.',
  seats_unavailable: 'There are no such seats free: others were quicker.',
  limit_exceeded: 'That is more than one customer may book of this show, or wait for.',
  price_changed: 'The price has changed since it was shown to you.',
  payment_declined: 'The payment was declined too often.',
  timed_out: 'It took too long to get the seats. Try again.',
};

interface Sent {
  readonly kind: string;
  readonly channel: string;
  readonly status: string;
  readonly at: string;
}

export function bookingPage(app: App, { bookingId = '' }: Readonly<Record<string, string>>): Page {
  const path = `/v1/bookings/${encodeURIComponent(bookingId)}`;
  const messages: Sent[] = [];
  let booking: Booking | undefined;
  let show: Show | undefined;
  let names: PlaceNames = byId;
  let tickets: readonly PicturedTicket[] = [];
  let problem: string | undefined;
  let busy: string | undefined;
  let isSure = false;
  let live: Following | undefined;
  const leaving = new AbortController();
  let card: CardForm | undefined;
  const paying = new WishKey();
  const giving = new Giving(app, fetchTickets);
  const wallets = new WalletButtons(app);
  const cancelKey = newKey();
  let fetching = new AbortController();
  let isLooking = false;
  /** How many are before them on the waiting list, and when that was asked. */
  let ahead: number | undefined;
  let placeAskedAt = Number.NEGATIVE_INFINITY;
  const ticking = setInterval(tick, tickMs);

  async function load(): Promise<void> {
    const { signal } = leaving;
    try {
      await took(await get<Booking>(path, { signal, waiting }));
      problem = undefined;
      // A stream that is begun after the page was left is stopped by nobody, and a browser has room for six of them.
      if (signal.aborted) return;
      live = follow(`${path}/stream`, {
        event: ({ event, data }) => (event === 'message' ? told(data as Sent) : void took(data as Booking)),
      });
      show = booking && (await showOf(booking.showId));
      app.redraw();
      names = await namesOf(show, { signal });
    } catch (error) {
      if (signal.aborted) return;
      problem = error instanceof Problem && error.status === 404 ? 'You have no such booking.' : messageOf(error);
    }
    app.redraw();
  }

  const waiting = (why: Problem) => {
    problem = tryingAgain(why);
    app.redraw();
  };

  /** What the stream tells is in order; an answer may have been on its way while the stream went on. */
  async function took(now: Booking, from: 'stream' | 'answer' = 'stream'): Promise<void> {
    const before = booking;
    if (before !== undefined && isOlder(now, before)) return;
    if (before !== undefined && from === 'answer' && !isOlder(before, now)) return;
    booking = now;
    const isNext = before?.status !== now.status || before.payment.attempts !== now.payment.attempts;
    // What was said of the state before is no longer true.
    if (isNext) problem = undefined;
    if (isNext) paying.answered();
    if (isNext && now.status === 'awaiting_payment') void askForCard();
    app.redraw();
    const isChanged =
      before?.tickets.length !== now.tickets.length ||
      before.status !== now.status ||
      before.givenTickets?.join() !== now.givenTickets?.join();
    if (now.tickets.length > 0 && isChanged) void fetchTickets();
  }

  /** The latest asking is the one that counts. */
  async function fetchTickets(): Promise<void> {
    fetching.abort();
    fetching = new AbortController();
    const signal = AbortSignal.any([fetching.signal, leaving.signal]);
    try {
      tickets = await ticketsOf(bookingId, { signal, waiting });
      problem = undefined;
    } catch (error) {
      if (signal.aborted) return;
      problem = messageOf(error);
    }
    app.redraw();
  }

  /** What became of a hold that is over is streamed; where it is not told in time, it is asked for. */
  function tick(): void {
    if (booking?.status === 'waiting') void askForPlace(booking);
    if (booking === undefined || isOver(booking) || booking.holdExpiresAt === undefined) return;
    app.redraw();
    const isLate = booking.status === 'awaiting_payment' && leftOf(booking) < -untoldMaxMs;
    if (!isLate || isLooking) return;
    isLooking = true;
    void look().finally(() => setTimeout(() => (isLooking = false), untoldMaxMs));
  }

  /** Where they are on the list; nothing is said where nobody tells. */
  async function askForPlace({ showId }: Booking): Promise<void> {
    if (performance.now() < placeAskedAt + placeAgainMs(ahead)) return;
    placeAskedAt = performance.now();
    const { signal } = leaving;
    const list = await get<WaitingList>(`/v1/shows/${showId}/waiting-list`, { signal }).catch(() => undefined);
    ahead = list?.yours.find((each) => each.bookingId === bookingId)?.ahead;
    app.redraw();
  }

  /** Each try has a form of its own. */
  async function askForCard(): Promise<void> {
    try {
      const { payment: by } = await pageSettings();
      card = by.provider === 'sandbox' ? testCardForm : stripeCardForm(by.script, path, () => app.redraw());
    } catch (error) {
      problem = messageOf(error);
    }
    app.redraw();
  }

  function told(message: Sent): void {
    messages.push(message);
    app.redraw();
  }

  async function run(what: string, action: () => Promise<Booking | { readonly status: string }>): Promise<void> {
    const before = booking?.status;
    busy = what;
    problem = undefined;
    app.redraw();
    try {
      const answer = await action();
      problem = undefined;
      if ('history' in answer) await took(answer, 'answer');
    } catch (error) {
      if (leaving.signal.aborted) return;
      await look();
      // Something else came first, such as the end of the hold or another tab: what the booking is now says it all.
      const isOvertaken = error instanceof Problem && error.code === 'conflict' && booking?.status !== before;
      problem = isOvertaken ? undefined : messageOf(error);
    }
    busy = undefined;
    app.redraw();
  }

  async function look(): Promise<void> {
    const now = await get<Booking>(path, { signal: leaving.signal }).catch(() => undefined);
    if (now !== undefined) await took(now, 'answer');
  }

  const pay = (form: HTMLFormElement) =>
    void run('pay', async () => {
      const token = (await card?.token(form)) ?? '';
      return post<Booking>(
        `${path}/payments`,
        { method: 'card', token },
        { key: paying.of(token), wait: payWaitSeconds, signal: leaving.signal, waiting },
      );
    });
  const cancel = () => {
    isSure = false;
    void run('cancel', () =>
      post<Booking>(
        `${path}/cancellation`,
        {},
        { key: cancelKey, wait: payWaitSeconds, signal: leaving.signal, waiting },
      ),
    );
  };

  function view(): TemplateResult {
    if (booking === undefined)
      return problem === undefined
        ? loading
        : html`<h1>Booking</h1>${problemBox(problem)}<p><a href="/bookings">To my bookings</a></p>`;
    return html`
      <h1>${show?.movie.title ?? 'Booking'} ${statusBadge(booking.status)}</h1>
      ${show === undefined ? undefined : html`<p class="quiet">${placeTimeText(show.startsAt, show.theatre.timeZone)} · ${show.theatre.name}, ${show.theatre.location} · Screen ${show.screen.number}</p>`}
      <div role="status">${booking.status === 'waiting' ? waitingText(booking, { ahead, show }) : outcome(booking)}</div>
      ${problemBox(problem)}
      ${booking.status === 'awaiting_payment' ? payment(booking) : undefined}
      ${tickets.length > 0 ? html`<div class="tickets">${tickets.map((ticket) => ticketCard(ticket, names, { of: booking?.bookingId, below: html`${wallets.view(ticket, placeOf(ticket, names))}${giving.view(ticket, names)}` }))}</div>` : undefined}
      <section class="card no-print" aria-label="Details">
        ${booking.status === 'waiting' && booking.areas === undefined ? undefined : html`<p>${placesText(booking, names) || '—'}</p>`}
        ${priceLines(booking, names)}
        <p class="quiet">Booking <strong>${bookingNumber(booking.bookingId)}</strong>, made ${momentText(booking.createdAt)}</p>
        ${booking.replaces === undefined ? undefined : html`<p class="quiet">In exchange for booking ${bookingLink(booking.replaces)}${exchangeText(booking)}.</p>`}
        ${messages.map(({ kind, channel, status, at }) => html`<p class="quiet">${timeText(at)}: message “${kind.replaceAll('_', ' ')}” by ${channel}: ${status}</p>`)}
      </section>
      ${mayCancel(booking, show) ? cancellation(booking) : undefined}
    `;
  }

  function payment(now: Booking): TemplateResult {
    const left = leftOf(now);
    if (left <= 0)
      return html`<p class="note" role="status">The time to pay is over. Looking what became of your seats …</p>`;
    return html`
      <section class="card" aria-label="Payment">
        <p>Your seats are held for you for <span class="clock" role="timer">${countdownText(left)}</span></p>
        ${now.payment.error === undefined ? undefined : html`<p class="problem" role="alert">${now.payment.error.message}</p>`}
        <form @submit=${onSubmit(pay)}>
          ${card?.view() ?? loading}
          <button ?disabled=${busy !== undefined || card === undefined}>
            ${busy === 'pay' ? 'Paying …' : now.total === undefined ? 'Pay' : `Pay ${moneyText(now.total)}`}
          </button>
        </form>
      </section>
    `;
  }

  function cancellation(now: Booking): TemplateResult {
    const isHeld = now.status !== 'confirmed';
    const isListed = now.status === 'waiting';
    if (tickets.some(({ status }) => status === 'given'))
      return html`<p class="quiet no-print">This booking cannot be cancelled: a ticket of it belongs to somebody else now.</p>`;
    if (!isSure) {
      const ask = () => {
        isSure = true;
        app.redraw();
      };
      const exchangeIt = () => {
        exchange(bookingId);
        app.go('/');
      };
      return html`
        <p class="no-print">
          ${isHeld ? undefined : html`<button class="plain" ?disabled=${busy !== undefined} @click=${exchangeIt}>Exchange this booking</button>`}
          <button class="plain" ?disabled=${busy !== undefined} @click=${ask}>${isListed ? 'Leave the waiting list' : isHeld ? 'Give the seats back' : 'Cancel this booking'}</button>
        </p>
      `;
    }
    const fee = show === undefined ? 0 : cancellationTerms(show, { at: now.createdAt }).feePercent;
    const words = isListed
      ? 'Your place on the list goes to the next one.'
      : isHeld
        ? 'The seats go back on sale.'
        : `Your tickets will be void${fee > 0 ? `, and ${fee} % of the price is kept` : ' and you get your money back'}.`;
    const no = () => {
      isSure = false;
      app.redraw();
    };
    return html`
      <div class="note no-print">
        <p>${words} Are you sure?</p>
        <button @click=${cancel}>Yes, cancel</button> <button class="plain" @click=${no}>No</button>
      </div>
    `;
  }

  if (app.me() === undefined)
    app.go(`/sign-in?then=${encodeURIComponent(`/bookings/${bookingId}`)}`, { replace: true });
  else void load();
  return {
    title: 'Booking',
    view,
    leave() {
      clearInterval(ticking);
      leaving.abort();
      live?.stop();
    },
  };
}

const isOver = ({ status }: Booking) => ['confirmed', 'rejected', 'expired', 'cancelled'].includes(status);

const leftOf = ({ holdExpiresAt = '' }: Booking) => Date.parse(holdExpiresAt) - serverNow();

const isOlder = (a: Booking, b: Booking) =>
  a.history.length < b.history.length || (a.history.length === b.history.length && a.tickets.length < b.tickets.length);

function mayCancel({ status, tickets, createdAt }: Booking, show: Show | undefined): boolean {
  if (status === 'awaiting_payment' || status === 'waiting') return true;
  if (status !== 'confirmed' || show === undefined || tickets.length === 0) return false;
  return serverNow() < cancellationTerms(show, { at: createdAt }).closesAt;
}

/** Where a booking stands, in a sentence for its customer. */
function outcome(booking: Booking): TemplateResult | undefined {
  const { status, reason = '', newTotal, showId } = booking;
  const again = html`<a href="/shows/${showId}">Choose again</a>`;
  switch (status) {
    case 'requested':
      return html`<p>Asking for your seats …</p>`;
    case 'paying':
      return booking.payment.status === 'unknown'
        ? html`<p class="note">The bank has not answered yet. We go on asking: you will have your tickets, or your money.</p>`
        : html`<p>Your payment is under way …</p>`;
    case 'confirmed':
      return html`<p class="done">${booking.total?.amount === 0 ? 'Booked.' : 'Booked and paid.'} ${booking.tickets.length === 0 ? 'Your tickets are coming …' : 'Show this page, or a print of it, at the door.'}</p>`;
    case 'rejected':
      return html`<p class="problem">${reasons[reason] ?? 'The booking could not be made.'} ${newTotal === undefined ? '' : `It is ${moneyText(newTotal)} now.`} ${refundText(booking) ?? 'Nothing was charged.'} ${again}</p>`;
    case 'expired':
      return html`<p class="problem">The time to pay is over, and the seats are free again. ${refundText(booking) ?? 'Nothing was charged.'} ${again}</p>`;
    case 'cancelled':
      return html`<p class="note">This booking is cancelled. ${refundText(booking)}</p>`;
    case 'waiting':
    case 'awaiting_payment':
      return undefined;
  }
}

/** What becomes of the booking that one is exchanged for; once this is over, that one's own page says it. */
function exchangeText(booking: Booking): string {
  return isOver(booking) ? '' : ', which stays yours until this one is paid';
}

/** On the waiting list: what comes, and until when. */
function waitingText(
  { waitsUntil }: Booking,
  { ahead, show }: { readonly ahead: number | undefined; readonly show: Show | undefined },
): TemplateResult {
  const before =
    ahead === undefined ? '' : ahead === 0 ? 'Nobody is before you.' : `${countText(ahead, 'booking')} before you.`;
  return html`
    <p class="note">
      You are on the waiting list. ${before} As soon as there are seats for you they are held in your name, and we write to you:
      then you have time to pay. You need not stay here.
      ${waitsUntil === undefined ? undefined : html`If there are none, your wait ends ${show === undefined ? momentText(waitsUntil) : placeTimeText(waitsUntil, show.theatre.timeZone)}, and nothing is charged.`}
    </p>
  `;
}

function refundText({ refund, payment }: Booking): string | undefined {
  if (refund === undefined) return undefined;
  const amount = moneyText(refund.amount);
  if (refund.status === 'succeeded') return `${amount} went back to you.`;
  if (refund.status === 'pending' && payment.method === 'cash')
    return `${amount} is at the box office for you, where you can have it back in cash.`;
  return refund.status === 'pending'
    ? `${amount} is on its way back to you.`
    : `${amount} could not be sent back yet; we are looking into it.`;
}
