import { OperationRefused } from '../operations/installation.ts';
import type { Answered } from '../runtime/http/endpoint.ts';
import { Problem } from '../runtime/http/problem.ts';

/** An operation that says no, as HTTP says it. */
export async function refusing(work: () => Promise<Answered>): Promise<Answered> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof OperationRefused)) throw error;
    if (error.code === 'not_found') throw new Problem('not_found', error.message, { cause: error });
    throw new Problem('conflict', error.message, { cause: error });
  }
}
