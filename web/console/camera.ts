import { Sightings } from './sightings.ts';

/**
 * A camera that reads codes: off, being asked for, on, or off with why it cannot be had. Codes are looked for by the browser itself where it can,
 * else by a library that comes with the pages. Pictures stay in the page.
 */
export type CameraState = 'off' | 'starting' | 'on';

/** Faster than people hold tickets up, and slow enough for the battery of a phone. */
const lookEveryMs = 120;
/** Enough to read a code that fills a third of the picture. */
const pictureWidth = 1_280;
/** What is felt in the hand that holds the phone. */
const buzzMs = 60;

/** Finds codes in a picture, as browsers do that have it: https://wicg.github.io/shape-detection-api/#barcode-detection-api */
interface Detector {
  detect(picture: ImageBitmapSource): Promise<readonly { readonly rawValue: string }[]>;
}
interface DetectorOf {
  new (options: { readonly formats: string[] }): Detector;
  getSupportedFormats(): Promise<readonly string[]>;
}

/** What of a track a torch is told by: https://w3c.github.io/mediacapture-image/#torch */
interface TorchSet extends MediaTrackConstraintSet {
  readonly torch: boolean;
}

export class Camera {
  readonly element: HTMLVideoElement;
  readonly #changed: () => void;
  readonly #onCode: (code: string) => void;
  readonly #sightings = new Sightings();
  readonly #canvas = document.createElement('canvas');
  #stream: MediaStream | undefined;
  #detector: Detector | undefined;
  #state: CameraState = 'off';
  #whyNot: string | undefined;
  #isLit = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** `onCode` is told of each code that is held up, once. */
  constructor(changed: () => void, onCode: (code: string) => void) {
    this.#changed = changed;
    this.#onCode = onCode;
    this.element = document.createElement('video');
    // Where it is not said, phones show a video over everything, and none at all before somebody touches it.
    this.element.playsInline = this.element.muted = true;
    this.element.setAttribute('aria-label', 'What the camera sees');
  }

  get state(): CameraState {
    return this.#state;
  }

  /** Why it cannot be had, and what to do, where it was asked for. */
  get whyNot(): string | undefined {
    return this.#whyNot;
  }

  /** Whether its light can be turned on. */
  get hasTorch(): boolean {
    const track = this.#stream?.getVideoTracks()[0];
    // Not every browser has the question.
    const capabilities = track?.getCapabilities?.() as (MediaTrackCapabilities & { torch?: boolean }) | undefined;
    return capabilities?.torch === true;
  }

  get isLit(): boolean {
    return this.#isLit;
  }

  async start(): Promise<void> {
    if (this.#state !== 'off') return;
    this.#whyNot = undefined;
    this.#become('starting');
    try {
      // A page that came without TLS has none of it, whatever its type says.
      const devices = navigator.mediaDevices as MediaDevices | undefined;
      if (devices === undefined) throw new DOMException('no TLS', 'SecurityError');
      const video = { facingMode: 'environment', width: { ideal: pictureWidth } };
      const [detector, stream] = await Promise.all([newDetector(), devices.getUserMedia({ video, audio: false })]);
      // Whoever has left meanwhile does not want it any more.
      if (this.state !== 'starting') return stopAll(stream);
      this.#detector = detector;
      this.#stream = stream;
      stream.getVideoTracks()[0]?.addEventListener('ended', () => {
        this.stop();
        this.#fail(words['ended']);
      });
      this.element.srcObject = stream;
      await this.element.play();
      this.#become('on');
      this.#look();
    } catch (error) {
      this.stop();
      this.#fail(words[error instanceof DOMException ? error.name : ''] ?? words['unknown']);
    }
  }

  stop(): void {
    clearTimeout(this.#timer);
    if (this.#stream !== undefined) stopAll(this.#stream);
    this.#stream = undefined;
    this.element.srcObject = null;
    this.#isLit = false;
    this.#become('off');
  }

  async light(isLit: boolean): Promise<void> {
    const torch: TorchSet = { torch: isLit };
    try {
      await this.#stream?.getVideoTracks()[0]?.applyConstraints({ advanced: [torch] });
      this.#isLit = isLit;
    } catch {
      this.#whyNot = 'This camera did not turn its light on.';
    }
    this.#changed();
  }

  #become(state: CameraState): void {
    this.#state = state;
    this.#changed();
  }

  #fail(why: string | undefined): void {
    this.#whyNot = why;
    this.#changed();
  }

  #look(): void {
    this.#timer = setTimeout(async () => {
      const codes = await this.#codesNow().catch(() => []);
      if (this.#state !== 'on') return;
      for (const code of codes) this.#see(code);
      this.#look();
    }, lookEveryMs);
  }

  #see(code: string): void {
    if (code === '' || !this.#sightings.isNew(code, performance.now())) return;
    // A page that nobody has touched yet, as after a reload, may not.
    if (navigator.userActivation.hasBeenActive) navigator.vibrate?.(buzzMs);
    this.#onCode(code);
  }

  async #codesNow(): Promise<readonly string[]> {
    const { videoWidth: width, videoHeight: height } = this.element;
    if (width === 0 || this.#detector === undefined) return [];
    Object.assign(this.#canvas, { width, height });
    const context = this.#canvas.getContext('2d', { willReadFrequently: true });
    context?.drawImage(this.element, 0, 0);
    return (await this.#detector.detect(this.#canvas)).map(({ rawValue }) => rawValue);
  }
}

/** The browser's own, which is quicker, where it reads such codes. */
async function newDetector(): Promise<Detector> {
  const { BarcodeDetector: own } = globalThis as { readonly BarcodeDetector?: DetectorOf };
  const formats = (await own?.getSupportedFormats().catch(() => [])) ?? [];
  if (own !== undefined && formats.includes('qr_code')) return new own({ formats: ['qr_code'] });
  const { decodeQR } = await import('qr/decode.js');
  return {
    async detect(canvas) {
      const { width, height } = canvas as HTMLCanvasElement;
      const image = (canvas as HTMLCanvasElement).getContext('2d')?.getImageData(0, 0, width, height);
      try {
        return image === undefined ? [] : [{ rawValue: decodeQR(image) }];
      } catch {
        // That is how it says that there is no code in the picture.
        return [];
      }
    },
  };
}

function stopAll(stream: MediaStream): void {
  for (const track of stream.getTracks()) track.stop();
}

/** What the browser says by the names of its errors: https://w3c.github.io/mediacapture-main/#dom-mediadevices-getusermedia */
const words: Readonly<Record<string, string>> = {
  NotAllowedError:
    'The browser keeps this page from the camera. Allow it in the settings of this page, beside its address, and turn the camera on again.',
  NotFoundError: 'This device has no camera.',
  NotReadableError: 'The camera is in use elsewhere. Close what uses it, and turn it on again.',
  SecurityError: 'Browsers give a camera only to pages that came over HTTPS.',
  ended: 'The camera was taken away. Turn it on again when it is back.',
  unknown: 'The camera cannot be turned on. Type the code, or use a hand scanner.',
};
