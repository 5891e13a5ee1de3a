import { html, type TemplateResult } from 'lit-html';
import { keep, kept } from '../kit/storage.ts';
import { Camera } from './camera.ts';

/**
 * The camera of a door, with its buttons. A device whose camera was on has it on again when the door is opened there. Only the address of the door
 * may use a camera, so a door that was come to from another page is loaded anew for it.
 */
const cameraKey = 'fullhouse-door-camera';
const doorPath = '/console/door';

export class CameraBox {
  readonly #camera: Camera;
  readonly #changed: () => void;
  readonly #hasNetwork: () => boolean;
  #note: string | undefined;

  constructor(
    changed: () => void,
    { onCode, hasNetwork }: { readonly onCode: (code: string) => void; readonly hasNetwork: () => boolean },
  ) {
    this.#changed = changed;
    this.#hasNetwork = hasNetwork;
    let before = 'off';
    this.#camera = new Camera(() => {
      changed();
      const { state } = this.#camera;
      if (state === 'on' && before !== 'on') showVerdict();
      before = state;
    }, onCode);
    if (kept(cameraKey) !== undefined && isLoadedHere()) void this.#camera.start();
  }

  leave(): void {
    this.#camera.stop();
  }

  view(): TemplateResult {
    const { state, whyNot, hasTorch, isLit } = this.#camera;
    const why = whyNot ?? this.#note;
    return html`
      <div class="camera">
        ${state === 'on' ? this.#camera.element : undefined}
        <p class="row">
          <button type="button" class="plain" ?disabled=${state === 'starting'} @click=${() => this.#toggle()}>
            ${state === 'on' ? 'Turn the camera off' : state === 'starting' ? 'Asking for the camera …' : 'Scan with the camera'}
          </button>
          ${hasTorch ? html`<button type="button" class="plain" aria-pressed=${isLit} @click=${() => void this.#camera.light(!isLit)}>Light</button>` : undefined}
        </p>
        <div role="status">${why === undefined ? undefined : html`<p class="note">${why}</p>`}</div>
      </div>
    `;
  }

  #toggle(): void {
    this.#note = undefined;
    if (this.#camera.state === 'on') {
      keep(cameraKey, undefined);
      this.#camera.stop();
      return;
    }
    keep(cameraKey, 'on');
    if (isLoadedHere()) void this.#camera.start();
    else if (this.#hasNetwork()) location.assign(doorPath);
    else {
      this.#note = 'The camera can be turned on once there is a network: this page has to be loaded again for it.';
      this.#changed();
    }
  }
}

/** On the screen of a phone the verdict stands below the camera: both are to be seen. */
function showVerdict(): void {
  requestAnimationFrame(() => document.querySelector('.door .verdict')?.scrollIntoView({ block: 'nearest' }));
}

/** Whether what the browser loaded is the door, and not another page from which somebody went on to it. */
function isLoadedHere(): boolean {
  const [loaded] = performance.getEntriesByType('navigation');
  return loaded === undefined || new URL(loaded.name).pathname === doorPath;
}
