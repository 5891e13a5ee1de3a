import { html, type TemplateResult } from 'lit-html';
import type { WaitingRoom } from '../kit/answers.ts';
import { call, get } from '../kit/api.ts';
import type { App } from '../kit/page.ts';
import { type Asking, asking } from './asking.ts';
import type { Deed } from './deeds.ts';
import { field } from './field.ts';

/** The waiting room of a show, as the organizer sees and opens it. */
export interface RoomOfShow {
  readonly room: WaitingRoom | null;
}

export function askingRoom(app: App, path: string): Asking<RoomOfShow> {
  return asking(app, (signal) => get<RoomOfShow>(`${path}/waiting-room`, { signal }));
}

export function roomView({ room }: RoomOfShow): TemplateResult {
  if (room === null) return html`<p>There is none: everybody books as soon as the sale is open.</p>`;
  const waiting = room.joined - room.called;
  return html`
    <dl>
      <dt>Waiting</dt>
      <dd>${waiting.toLocaleString()}${room.draw.drawn === undefined ? ', to be drawn by lot when the sale opens' : ''}</dd>
      <dt>Called so far</dt>
      <dd>${room.called.toLocaleString()}</dd>
      <dt>Inside and not booked yet</dt>
      <dd>${room.inside.toLocaleString()}, at most ${room.insideMax.toLocaleString()}</dd>
    </dl>
  `;
}

export function roomDeeds(path: string, { room }: RoomOfShow): readonly Deed[] {
  return room === null
    ? [opening(path, 'Open a waiting room', undefined)]
    : [opening(path, 'Change how many may be inside', room.insideMax), closing(path)];
}

function opening(path: string, does: string, insideMax: number | undefined): Deed {
  return {
    id: 'open-waiting-room',
    does,
    follows: html`Only those book who were let in. Whoever joins before the sale opens has their turn drawn by lot; later ones come
      after them. The next are let in as those inside book, or after some minutes leave. Staff sell meanwhile as ever.`,
    fields: () => html`
      ${field('At most so many inside at once (empty: as the settings say)', html`<input name="insideMax" type="number" min="1" max="1000000" .value=${String(insideMax ?? '')}>`)}
    `,
    run: async ({ fields }) => {
      const body = fields['insideMax'] === undefined ? {} : { insideMax: Number(fields['insideMax']) };
      const { room } = await call<RoomOfShow>('PUT', `${path}/waiting-room`, { body });
      return `The waiting room is open; at most ${room?.insideMax} may be inside at once.`;
    },
  };
}

function closing(path: string): Deed {
  return {
    id: 'close-waiting-room',
    does: 'Close the waiting room',
    follows: 'Everybody may book at once, and who waited where is forgotten.',
    run: async () => {
      await call('DELETE', `${path}/waiting-room`);
      return 'The waiting room is closed.';
    },
  };
}
