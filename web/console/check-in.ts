import { post } from '../kit/api.ts';
import type { DoorScan } from '../kit/door-log.ts';
import { Problem } from '../kit/problem.ts';
import type { Admission } from './answers.ts';

/** A queue of people waits: after that nobody expects an answer any more. */
const answerWithinMs = 8_000;

/**
 * Asks the server about a scan. It is asked in the same words under the same key however often, at once or hours later: was the first
 * answer lost, the second is the same.
 */
export function checkIn({ code, gate, showId, key, scannedAt }: DoorScan): Promise<Admission> {
  const body = { code, gate, ...(showId === undefined ? {} : { showId }), scannedAt };
  return post<Admission>('/v1/check-ins', body, { key, signal: AbortSignal.timeout(answerWithinMs), triesMax: 1 });
}

/** Whether nobody answered, or not in time: then it is not known what became of what was asked. */
export function isUnanswered(error: unknown): boolean {
  if (error instanceof Problem) return error.status === 0;
  return error instanceof DOMException && error.name === 'TimeoutError';
}
