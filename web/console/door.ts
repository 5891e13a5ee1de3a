import { html, type TemplateResult } from 'lit-html';
import { placeOf } from '../../src/contracts/rules/places.ts';
import { codeVersion } from '../../src/contracts/rules/ticket-code.ts';
import type { Show, Theatre } from '../kit/answers.ts';
import { all } from '../kit/api.ts';
import { timeText } from '../kit/format.ts';
import { type App, fieldsOf, onSubmit, type Page } from '../kit/page.ts';
import { keep, kept } from '../kit/storage.ts';
import { asking } from './asking.ts';
import { CameraBox } from './camera-box.ts';
import { refusalOfToday } from './door-day.ts';
import { DoorNames } from './door-names.ts';
import { keepGate, keptGate } from './gate.ts';
import { keepTheatre, keptTheatre, theatreOptions } from './house.ts';
import { OfflineDoor } from './offline-door.ts';
import { conflictList, networkNote } from './offline-notes.ts';
import { type Scan, Scans } from './scans.ts';
import type { Verdict } from './verdict.ts';
import { clockText, shortened } from './words.ts';

/** The door: a field that a hand scanner types into, a camera, and the answer so large that it is read in passing. */
const showKey = 'fullhouse-door-show';
/** What is kept instead of a show where tickets of any are let in; of any of today, where nothing is kept. */
const whenever = 'any';
const hourMs = 3_600_000;
const begunAgoHours = 4;
const beginsInHours = 12;
const noShowText = `There is no show to choose: none began in the last ${begunAgoHours} hours, none begins in the next ${beginsInHours}.`;

export function doorPart(app: App): Page {
  let chosen = kept(showKey) ?? '';
  let theatreId = keptTheatre();
  const names = new DoorNames(app.redraw);
  const device = new OfflineDoor(app.redraw, { showId: showOf(chosen), names });
  const scans = new Scans(app.redraw, ask);
  const camera = new CameraBox(app.redraw, { onCode: take, hasNetwork: () => !device.isAlone && navigator.onLine });
  const theatres = asking(app, () => all<Theatre>('/v1/theatres'));
  const shows = asking(app, () => {
    const from = new Date(Date.now() - begunAgoHours * hourMs).toISOString();
    const to = new Date(Date.now() + beginsInHours * hourMs).toISOString();
    return all<Show>(`/v1/shows?${new URLSearchParams({ from, to, ...(theatreId === '' ? {} : { theatreId }) })}`);
  });
  void theatres.again();
  void shows.again();
  addEventListener('focus', focusCode);
  addEventListener('beforeunload', stayAlone);
  focusCode();

  /** Without a network the page could not be loaded again. */
  function stayAlone(event: BeforeUnloadEvent): void {
    if (device.isAlone) event.preventDefault();
  }

  async function ask(scan: Scan): Promise<Verdict> {
    const refusal = chosen === '' ? await refusalOfToday(scan, { theatreId, names }) : undefined;
    return refusal ?? device.ask(scan);
  }

  /** A code that was scanned; before the gate is told there is nothing to scan for. */
  function take(code: string): void {
    const gate = keptGate();
    if (gate !== '') scans.add({ code: code.trim(), gate, showId: showOf(chosen) });
  }

  function scan(form: HTMLFormElement): void {
    const { code, gate } = fieldsOf(form);
    if (code === undefined || gate === undefined) return;
    keepGate(gate);
    take(code);
    const field = codeField();
    if (field !== null) field.value = '';
    focusCode();
  }

  /** A scan before the gate is told goes into its field, and names no gate. */
  function tellGate(field: HTMLInputElement): void {
    if (field.value.startsWith(codeVersion)) field.value = '';
    keepGate(field.value.trim());
    app.redraw();
  }

  /** Enter in the field of the gate means that the gate is told. */
  function fromGate(event: KeyboardEvent): void {
    if (event.key !== 'Enter') return;
    event.preventDefault();
    tellGate(event.target as HTMLInputElement);
    focusCode();
  }

  function choose(id: string): void {
    chosen = id;
    keep(showKey, id === '' ? undefined : id);
    device.choose(showOf(id));
    app.redraw();
    focusCode();
  }

  /** The shows of another house are none to choose from; which one the door is for stays. */
  function chooseTheatre(id: string): void {
    theatreId = id;
    keepTheatre(id);
    void shows.again();
    focusCode();
  }

  return {
    title: 'Door',
    leave: () => {
      removeEventListener('focus', focusCode);
      removeEventListener('beforeunload', stayAlone);
      device.stop();
      camera.leave();
      theatres.stop();
      shows.stop();
      scans.stop();
    },
    view: () => html`
      <div class="door" @click=${focusFromNothing}>
        <h1>Door</h1>
        ${networkNote(device, showOf(chosen))}
        ${shows.answer?.length === 0 && showOf(chosen) === undefined ? html`<p class="quiet">${noShowText}</p>` : undefined}
        <form @submit=${onSubmit(scan)}>
          <div class="row">
            <label>
              Gate
              <input
                name="gate" required maxlength="60" size="12" .value=${keptGate()}
                @keydown=${fromGate} @change=${(event: Event) => tellGate(event.target as HTMLInputElement)}
              >
            </label>
            <label>
              Theatre
              <select @change=${(event: Event) => chooseTheatre((event.target as HTMLSelectElement).value)}>
                ${theatreOptions(theatres.answer ?? [], theatreId)}
              </select>
            </label>
            <label>
              Let in to
              <select
                @change=${(event: Event) => choose((event.target as HTMLSelectElement).value)}
              >
                <option value="" ?selected=${chosen === ''}>any show of today</option>
                ${options(shows.answer ?? [], { chosen: showOf(chosen), isOneHouse: theatreId !== '' })}
                <option value=${whenever} ?selected=${chosen === whenever}>any show, whenever it is</option>
              </select>
            </label>
          </div>
          <div class="row">
            <label class="grows">
              Code of the ticket
              <input id="code" name="code" required maxlength="400" autocomplete="off" autocapitalize="off" spellcheck="false" enterkeyhint="go">
            </label>
            <button>Check in</button>
          </div>
        </form>
        ${camera.view()}
        <div role="status" aria-atomic="true">${latest(scans.all, names)}</div>
        <p class="quiet">
          A code that cannot be read? <a href="/console/bookings">Find the booking</a> by its id or the customer’s address, and let them in
          from there.
        </p>
        ${conflictList(device.unsent, names)}
        ${past(scans, names)}
      </div>
    `,
  };
}

/** The one show that people are let in to; `undefined` for any. */
const showOf = (chosen: string) => (chosen === '' || chosen === whenever ? undefined : chosen);

const codeField = () => document.querySelector<HTMLInputElement>('#code');

/** The scanner types into what has the focus; before a camera, the keyboard of a phone would only be in the way. */
function focusCode(): void {
  requestAnimationFrame(() => {
    if (document.querySelector('.door video') !== null) return;
    // Without a gate there is nothing to scan for yet.
    if (keptGate() === '') document.querySelector<HTMLInputElement>('.door [name=gate]')?.focus();
    else codeField()?.focus();
  });
}

/** A click beside everything leaves the focus nowhere. */
function focusFromNothing(event: Event): void {
  const isSomething = (event.target as Element).closest('a, button, input, select, label') !== null;
  if (!isSomething) focusCode();
}

/** The shows to choose from, and the one that was chosen before, also where it is no longer among them. */
function options(
  shows: readonly Show[],
  { chosen, isOneHouse }: { readonly chosen: string | undefined; readonly isOneHouse: boolean },
): readonly TemplateResult[] {
  const isListed = chosen === undefined || shows.some(({ showId }) => showId === chosen);
  return [
    ...(isListed ? [] : [html`<option value=${chosen} selected>the one chosen before</option>`]),
    ...shows.map(
      (show) =>
        html`<option value=${show.showId} ?selected=${show.showId === chosen}>${nameOf(show, isOneHouse)}</option>`,
    ),
  ];
}

const nameOf = ({ movie, theatre, screen, startsAt }: Show, isOneHouse: boolean) =>
  `${timeText(startsAt, theatre.timeZone)} ${movie.title}, ${isOneHouse ? '' : `${theatre.name}, `}screen ${screen.number}`;

/** The verdict about the latest scan; none while one is being asked about, so that nobody takes the last one's for this. */
function latest(scans: readonly Scan[], names: DoorNames): TemplateResult {
  const open = scans.filter(({ state }) => state !== 'told').length;
  const verdict = scans[0]?.verdict;
  if (open > 0)
    return html`<div class="verdict"><strong>Asking …</strong><span>${open > 1 ? `${open} codes` : 'one code'}</span></div>`;
  if (verdict === undefined && keptGate() === '')
    return html`<div class="verdict"><strong>Which gate is this?</strong><span>Type its name and press Enter; then scan.</span></div>`;
  if (verdict === undefined)
    return html`<div class="verdict"><strong>Ready</strong><span>Scan a ticket, or type its code.</span></div>`;
  return html`<div class="verdict ${verdict.tone}"><strong>${verdict.headline}</strong><span>${detailText(verdict, names)}</span></div>`;
}

function detailText({ place, forShow, detail }: Verdict, names: DoorNames): string {
  const isFor = forShow === undefined ? undefined : names.textOf(forShow);
  if (isFor !== undefined) return `This ticket is for ${isFor} · ${detail}`;
  if (place === undefined) return detail;
  const parts = [placeOf(place, names.of(place.showId)) || 'No seat', names.whenOf(place.showId), detail];
  return parts.filter((part) => part !== '').join(' · ');
}

function past(scans: Scans, names: DoorNames): TemplateResult | undefined {
  const tryAgain = (scan: Scan) => {
    scans.again(scan);
    focusCode();
  };
  if (scans.all.length === 0) return undefined;
  return html`
    <section aria-labelledby="scans">
      <h2 id="scans">The last scans</h2>
      <ol class="plain-list scans">
        ${scans.all.map(
          (scan) => html`
            <li class=${scan.verdict?.tone ?? ''}>
              <span>${clockText(new Date(scan.scannedAt))}</span>
              <strong>${scan.state === 'told' ? scan.verdict?.headline : 'Asking …'}</strong>
              <span>${scan.state === 'told' && scan.verdict !== undefined ? detailText(scan.verdict, names) : undefined} <code>${shortened(scan.code)}</code></span>
              ${
                scan.state === 'told' && scan.verdict?.isOpen === true
                  ? html`<button type="button" class="plain" @click=${() => tryAgain(scan)}>Try again</button>`
                  : undefined
              }
            </li>
          `,
        )}
      </ol>
    </section>
  `;
}
