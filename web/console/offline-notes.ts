import { html, type TemplateResult } from 'lit-html';
import { repeat } from 'lit-html/directives/repeat.js';
import { countText, timeText } from '../kit/format.ts';
import type { OfflineDoor } from './offline-door.ts';
import type { UnsentScans } from './unsent-scans.ts';
import { clockText, shortened } from './words.ts';

/** What stands at the door about its network: whether it has one, what it would go on with, and what came of going on without. */
export function networkNote(device: OfflineDoor, showId: string | undefined): TemplateResult {
  const { count, why } = device.unsent;
  const waiting =
    count === 0 ? undefined : `${countText(count, 'scan')} to be sent${why === undefined ? '' : `: ${why}`}`;
  return html`
    <div role="status">
      ${device.isAlone ? aloneBox(device) : undefined}
      ${waiting === undefined ? undefined : html`<p class=${device.isAlone ? 'quiet' : 'note'}>${waiting}</p>`}
    </div>
    ${device.isAlone ? undefined : html`<p class="quiet">${readinessText(device, showId)}</p>`}
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
  if (whyNot !== undefined) return `Not ready for a network that fails: ${whyNot}.`;
  if (showId === undefined) return 'Choose the show, and this door goes on when its network fails.';
  if (preparation === undefined) return 'Getting ready for a network that fails …';
  const { size } = preparation.tickets;
  return `Ready for a network that fails: ${countText(size, 'ticket')}, as of ${timeText(preparation.asOf)}.`;
}

/** Whom the device let in and the server did not: each stays until somebody has seen to it. */
export function conflictList(unsent: UnsentScans): TemplateResult | undefined {
  const { conflicts } = unsent;
  if (conflicts.length === 0) return undefined;
  return html`
    <section class="conflicts" aria-labelledby="conflicts">
      <h2 id="conflicts">Let in without network, and not counted</h2>
      <p class="quiet">Somebody is inside with each of these tickets. Find them, or the other one who came with it.</p>
      <ol class="plain-list scans">
        ${repeat(
          conflicts,
          ({ scan }) => scan.number,
          (conflict) => html`
            <li class="bad">
              <span>${clockText(new Date(conflict.scan.scannedAt))}</span>
              <strong>${conflict.headline}</strong>
              <span>${conflict.scan.place} ${conflict.detail} <code>${shortened(conflict.scan.code)}</code></span>
              <button type="button" class="plain" @click=${() => unsent.seenTo(conflict)}>Seen to</button>
            </li>
          `,
        )}
      </ol>
    </section>
  `;
}
