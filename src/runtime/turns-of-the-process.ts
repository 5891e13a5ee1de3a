let last: Promise<unknown> = Promise.resolve();

/**
 * Resolves when the event loop has gone round once since the one before was let through. The batches of all services of a
 * process pass here, so that requests are read and answered between any two of them, however many are ready.
 */
export function nextTurn(): Promise<unknown> {
  last = last.then(() => new Promise(setImmediate));
  return last;
}
