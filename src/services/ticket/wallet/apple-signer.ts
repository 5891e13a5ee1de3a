import { readFileSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { PKPass } from 'passkit-generator';

/**
 * A thread that signs passes for Apple Wallet, one after the other: the library does it in JavaScript, some 30 ms each, in which
 * whoever books or stands at the door would wait.
 */
export interface ToSign {
  readonly number: number;
  /** `pass.json`. */
  readonly text: string;
}

export interface Signed {
  readonly number: number;
  readonly pass?: Uint8Array;
  readonly error?: string;
}

/** In PEM. */
export interface SigningCertificates {
  readonly signerCert: string;
  readonly signerKey: string;
  readonly wwdr: string;
}

/** Drawn for this product, like the icon of the pages. */
const icons = Object.fromEntries(
  ['icon.png', 'icon@2x.png', 'icon@3x.png'].map((name) => [name, readFileSync(new URL(name, import.meta.url))]),
);
const certificates = workerData as SigningCertificates;

function signed({ number, text }: ToSign): Signed {
  try {
    const pass = new PKPass({ ...icons, 'pass.json': Buffer.from(text) }, certificates).getAsBuffer();
    return { number, pass: new Uint8Array(pass) };
  } catch (error) {
    return { number, error: (error as Error).message };
  }
}

parentPort?.on('message', (toSign: ToSign) => parentPort?.postMessage(signed(toSign)));
