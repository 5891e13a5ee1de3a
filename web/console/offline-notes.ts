import { html, type TemplateResult } from 'lit-html';
import { repeat } from 'lit-html/directives/repeat.js';
import type { LoggedScan } from '../kit/door-log.ts';
import { countText, timeText } from '../kit/format.ts';
import type { DoorNames } from './door-names.ts';
import type { OfflineDoor } from './offline-door.ts';
import type { UnsentScans } from './unsent-scans.ts';
import { clockText, shortened } from './words.ts';

/** What stands at the door about its network: whether it has one, what it would go on with, and what came of going on without. */
export function networkNote(device: OfflineDoor, showId: string | undefined): TemplateResult {
  const { count, why, conflicts } = device.unsent;
  return html`
    <div role="status">${device.isAlone ? aloneBox(device) : undefined}</div>
    ${device.isAlone ? undefined : html`<p class="quiet">${readinessText(device, showId)}</p>`}
    ${count === 0 ? undefined : html`<p>${countText(count, 'scan')} to be sent${why === undefined ? '.' : `: ${why}`}</p>`}
    ${
      conflicts.length === 0
        ? undefined
        : html`<p class="note"><a href="#conflicts">${countText(conflicts.length, 'scan')} to see to</a>: let in without network, and not counted.</p>`
    }
  `;
}

function aloneBox({ preparation }: OfflineDoor): TemplateResult {
  const asOf = preparation === undefined ? '' : timeText(preparation.asOf);
  return html`
    <p class="alone">
      <strong>No network: codes are checked on this device.</strong>
      It knows who was let in elsewhere, and what was cancelled, as of ${asOf}. Keep this page open; it switches back by itself.
    </p>
  `;
}

function readinessText({ preparation, whyNot }: OfflineDoor, showId: string | undefined): string {
  if (preparation !== undefined) {
    const { tickets, asOf } = preparation;
    return `Ready for a network that fails: ${countText(tickets.size, 'ticket')}, as of ${timeText(asOf)}.`;
  }
  if (showId === undefined) return 'Choose the show, and this door goes on when its network fails.';
  return whyNot === undefined
    ? 'Getting ready for a network that fails …'
    : `Not ready for a network that fails. ${whyNot}`;
}

/** The log has seats and areas by their ids alike: what is no seat of the plan is an area. */
function placeOfScan({ place, showId }: LoggedScan, names: DoorNames): string {
  if (place === undefined) return 'No seat known';
  const known = names.of(showId);
  const seat = known.seat(place);
  return seat === place ? known.area(place) : seat;
}

/** Whom the device let in and the server did not: each stays until somebody has seen to it. */
export function conflictList(unsent: UnsentScans, names: DoorNames): TemplateResult | undefined {
  const { conflicts } = unsent;
  if (conflicts.length === 0) return undefined;
  return html`
    <section aria-labelledby="conflicts">
      <h2 id="conflicts" tabindex="-1">Let in without network, and not counted</h2>
      <p class="quiet">The server did not count these, and somebody is inside all the same. Each stays here until you have seen to it.</p>
      <ol class="plain-list scans">
        ${repeat(
          conflicts,
          ({ scan }) => scan.number,
          (conflict) => html`
            <li class="bad">
              <span>${clockText(new Date(conflict.scan.scannedAt))}</span>
              <strong>${conflict.headline}</strong>
              <span>${placeOfScan(conflict.scan, names)} · ${conflict.detail} <code>${shortened(conflict.scan.code)}</code></span>
              <button type="button" class="plain" @click=${() => unsent.seenTo(conflict)}>Seen to</button>
            </li>
          `,
        )}
      </ol>
    </section>
  `;
}
