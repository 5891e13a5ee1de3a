import { Worker } from 'node:worker_threads';
import { Problem } from '../../../runtime/http/problem.ts';
import type { Signed, SigningCertificates, ToSign } from './apple-signer.ts';

/** Passes that wait to be signed, some three seconds of them; who comes beyond it comes back. */
export const waitingMax = 100;
const retryAfterSeconds = 3;

/** Has passes signed by a thread of its own, which is started for the first of them, and again where it has ended. */
export class AppleSigning {
  readonly #certificates: SigningCertificates;
  readonly #waiting = new Map<number, PromiseWithResolvers<Buffer>>();
  #worker: Worker | undefined;
  #count = 0;

  constructor(certificates: SigningCertificates) {
    this.#certificates = certificates;
  }

  /** A `.pkpass` file around a `pass.json`; throws the problem `overloaded` where too many are waiting. */
  sign(text: string): Promise<Buffer> {
    if (this.#waiting.size >= waitingMax)
      throw new Problem('overloaded', 'Many people save tickets right now. Come back in a moment.', {
        retryAfterSeconds,
      });
    this.#worker ??= this.#start();
    this.#count += 1;
    const signing = Promise.withResolvers<Buffer>();
    this.#waiting.set(this.#count, signing);
    this.#worker.postMessage({ number: this.#count, text } satisfies ToSign);
    return signing.promise;
  }

  #start(): Worker {
    const worker = new Worker(new URL('./apple-signer.ts', import.meta.url), { workerData: this.#certificates });
    worker.on('message', ({ number, pass, error }: Signed) => {
      const signing = this.#waiting.get(number);
      this.#waiting.delete(number);
      if (pass === undefined) signing?.reject(new Error(`a pass for Apple Wallet could not be signed: ${error}`));
      else signing?.resolve(Buffer.from(pass.buffer));
    });
    let cause: unknown;
    worker.on('error', (error) => {
      cause = error;
    });
    worker.once('exit', () => {
      this.#worker = undefined;
      for (const signing of this.#waiting.values())
        signing.reject(new Error('the thread that signs passes for Apple Wallet has ended', { cause }));
      this.#waiting.clear();
    });
    // Nobody's end waits for it.
    worker.unref();
    return worker;
  }
}
