import { html, type TemplateResult } from 'lit-html';
import type { Show, WaitingPlace, WaitingRoom } from '../kit/answers.ts';
import { get, post } from '../kit/api.ts';
import { serverNow } from '../kit/clock.ts';
import { placeTimeText, timeText } from '../kit/format.ts';
import { type App, problemBox } from '../kit/page.ts';
import { pause } from '../kit/pause.ts';
import { Problem, tryingAgain } from '../kit/problem.ts';
import { keep, kept } from '../kit/storage.ts';
import { waitText } from './wait-text.ts';

/**
 * Waiting for a show that has a waiting room: not joined, joined, or let in. It goes on by itself, also over reloads: whoever has
 * joined in this browser asks for their place again. The hall is not shown meanwhile, so that those who wait cost those inside nothing.
 */
const lookAgainMs = 10_000;
const unansweredMs = 5_000;
/** Whether there is anything left to wait for is looked at so often. */
const stockAgainMs = 60_000;
/** So that those who were told the same do not ask at the same moment. */
const jitterMs = 1_500;

interface RoomOfShow {
  readonly room: WaitingRoom | null;
}

export class Waiting {
  readonly #app: App;
  readonly #showId: string;
  readonly #leaving: AbortSignal;
  #room: WaitingRoom | undefined;
  #place: WaitingPlace | undefined;
  #problem: string | undefined;
  #isWaiting = false;
  /** As it was when it was looked at last: it may be moved or cancelled while they wait. */
  #show: Show | undefined;
  #stockUntil = Number.NEGATIVE_INFINITY;
  /** Ends the pause before the next asking. */
  #hurry = new AbortController();

  constructor(app: App, showId: string, leaving: AbortSignal) {
    this.#app = app;
    this.#showId = showId;
    this.#leaving = leaving;
  }

  get isWaiting(): boolean {
    return this.#isWaiting;
  }

  /** In the title of the page, which is all that is seen of a tab among others. */
  get title(): string {
    if (this.#isWaiting) return 'Waiting · ';
    return this.#place?.status === 'let_in' ? 'Your turn · ' : '';
  }

  /** Resolves with the show as it is then, as soon as they may book, there is nothing to wait for any more, or the page is left. */
  async turn(show: Show, isWorthIt: (show: Show) => boolean): Promise<Show> {
    // Those who sell do not wait.
    if (this.#app.me()?.roles.some((role) => role !== 'customer') === true) return show;
    this.#show = show;
    this.#stockUntil = performance.now() + stockAgainMs;
    while (!this.#leaving.aborted && isWorthIt(this.#show)) {
      const again = await this.#ask().catch((error: unknown) => this.#unanswered(error));
      this.#app.redraw();
      if (again === undefined) break;
      this.#isWaiting = true;
      this.#app.redraw();
      this.#hurry = new AbortController();
      await pause(again, AbortSignal.any([this.#hurry.signal, this.#leaving]));
    }
    const hasWaited = this.#isWaiting;
    this.#isWaiting = false;
    void this.#stayInside();
    return hasWaited && !this.#leaving.aborted ? this.#lookAtShow({ signal: this.#leaving }) : this.#show;
  }

  /** Whoever is inside says so, as often as they are told to: who is not heard of makes room for others. */
  async #stayInside(): Promise<void> {
    for (let place = this.#place; place?.status === 'let_in'; ) {
      const againMs = place.askAgainInSeconds * 1_000;
      // Who asks after their time joins anew.
      const leftMs = Date.parse(place.letInUntil ?? '') - serverNow();
      if (!(leftMs > againMs + unansweredMs)) return;
      await pause(againMs, this.#leaving);
      if (this.#leaving.aborted) return;
      const path = `/v1/shows/${encodeURIComponent(this.#showId)}/waiting-room/places`;
      // A question that was lost is asked again, the next time.
      place = await post<WaitingPlace>(path, undefined, { signal: this.#leaving }).catch(() => place);
    }
  }

  /** Milliseconds until to ask again; `undefined` for whoever may book. */
  async #ask(): Promise<number | undefined> {
    const path = `/v1/shows/${encodeURIComponent(this.#showId)}/waiting-room`;
    const ask = { signal: this.#leaving };
    const { room } = await get<RoomOfShow>(path, ask).catch((error: unknown) => this.#untold(error));
    this.#problem = undefined;
    this.#room = room ?? undefined;
    this.#place = undefined;
    if (room === null) return undefined;
    await this.#lookAtStock(ask);
    if (!this.#hasJoined) return lookAgainMs;
    const place = await post<WaitingPlace>(`${path}/places`, undefined, ask);
    this.#place = place;
    return place.status === 'let_in' ? undefined : place.askAgainInSeconds * 1_000 + Math.random() * jitterMs;
  }

  /** Where nobody tells of a room, there may be none: the hall is shown, and whoever books is told of one. */
  #untold(error: unknown): RoomOfShow {
    if (this.#room === undefined && error instanceof Problem) return { room: null };
    throw error;
  }

  async #lookAtStock(ask: { readonly signal: AbortSignal }): Promise<void> {
    if (performance.now() < this.#stockUntil) return;
    await this.#lookAtShow(ask);
    this.#stockUntil = performance.now() + stockAgainMs;
  }

  async #lookAtShow(ask: { readonly signal: AbortSignal }): Promise<Show> {
    const show = await get<Show>(`/v1/shows/${encodeURIComponent(this.#showId)}`, ask);
    this.#show = show;
    return show;
  }

  #unanswered(error: unknown): number {
    if (this.#leaving.aborted) return 0;
    // Opened or closed between two questions; in a moment both are answered alike.
    if (error instanceof Problem && error.status === 404) return jitterMs;
    if (!(error instanceof Problem)) throw error;
    this.#problem = tryingAgain(error);
    return Math.max(unansweredMs, error.retryAfterMs);
  }

  get #hasJoined(): boolean {
    const me = this.#app.me();
    return me !== undefined && kept(this.#key) === me.userId;
  }

  get #key(): string {
    return `fullhouse-waiting-${this.#showId}`;
  }

  #join(): void {
    const me = this.#app.me();
    if (me === undefined) {
      this.#app.go(`/sign-in?then=${encodeURIComponent(`/shows/${this.#showId}`)}`);
      return;
    }
    keep(this.#key, me.userId);
    this.#hurry.abort();
  }

  /** What there is to see instead of the hall. */
  view({ theatre }: Show): TemplateResult {
    const room = this.#room;
    if (room === undefined) return html`${problemBox(this.#problem)}`;
    const place = this.#place;
    const isBefore = Date.parse(room.opensAt) > serverNow();
    return html`
      <section class="card waiting" aria-labelledby="waiting">
        <h2 id="waiting">Waiting room</h2>
        <p>Many want this show, so people are let in one after the other. Whoever is in has some minutes to choose and book.</p>
        ${isBefore ? html`<p>The sale opens ${placeTimeText(room.opensAt, theatre.timeZone)}. It does not matter who comes first until then: the order is drawn by lot.</p>` : undefined}
        <div role="status">
          ${this.#show?.status === 'sold_out' ? html`<p class="note">Nothing is left at the moment. Seats come back when somebody does not pay, or cancels.</p>` : undefined}
          ${place === undefined ? undefined : standing(room, place)}
        </div>
        ${
          place === undefined
            ? html`
                <p>${waitingText(room.joined - room.called)}</p>
                <p><button @click=${() => this.#join()}>Join the waiting room</button></p>
              `
            : undefined
        }
        ${problemBox(this.#problem)}
        ${place === undefined ? undefined : fairness(room, place)}
      </section>
    `;
  }

  /** Until when they may book, for those who had to wait. */
  note(): TemplateResult | undefined {
    const until = this.#place?.letInUntil;
    if (until === undefined || Date.parse(until) <= serverNow()) return undefined;
    return html`<p class="note" role="status">It is your turn. Choose and book until ${timeText(until)}; then others are let in.</p>`;
  }
}

const waitingText = (waiting: number) =>
  waiting === 1 ? 'One person is waiting.' : `${waiting.toLocaleString()} people are waiting.`;

function standing(
  { joined, called }: WaitingRoom,
  { status, place, ahead = 0, estimatedSeconds }: WaitingPlace,
): TemplateResult {
  // The room was asked about before its place was: as many wait as the number one came as, at the least.
  if (status === 'before_draw')
    return html`
      <p class="turn">You have joined.</p>
      <p>${waitingText(Math.max(joined - called, place))} You may close this page, and come back when the sale opens.</p>
    `;
  return html`
    <p class="turn">${ahead === 0 ? 'You are the next' : ahead === 1 ? 'One person is ahead of you' : `${ahead.toLocaleString()} people are ahead of you`}</p>
    <p>
      ${estimatedSeconds === undefined ? undefined : `That takes ${waitText(estimatedSeconds)} at the pace of the last minutes.`}
      This page goes on by itself when it is your turn. If it is closed meanwhile, your turn is kept.
    </p>
  `;
}

/** What anybody needs to draw the lots again. */
function fairness({ draw }: WaitingRoom, { place, turn }: WaitingPlace): TemplateResult {
  const { commitment, drawn, seed } = draw;
  return html`
    <details>
      <summary>How the order is drawn</summary>
      <p>
        ${
          turn === undefined || drawn === undefined
            ? `You came as number ${place}.`
            : place <= drawn
              ? `You came as number ${place} and drew turn ${turn} of ${drawn}.`
              : `You came after the draw, as number ${place}, which is your turn.`
        }
        A lot is the SHA-256 of the seed, a colon and the number; the lowest comes first. The seed was chosen before anybody joined: its own
        SHA-256 is shown from the beginning, the seed once lots are drawn.
      </p>
      <dl>
        <dt>SHA-256 of the seed</dt>
        <dd><code>${commitment}</code></dd>
        ${
          seed === undefined
            ? undefined
            : html`
                <dt>Seed</dt>
                <dd><code>${seed}</code></dd>
                <dt>Your lot, in a terminal</dt>
                <dd><code>printf ${seed}:${place} | sha256sum</code></dd>
              `
        }
      </dl>
    </details>
  `;
}
