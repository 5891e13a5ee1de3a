/** Waits before something is tried again: not past the moment at which the browser has its network back, or somebody lets go of it. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const over = () => {
      clearTimeout(timer);
      removeEventListener('online', over);
      signal?.removeEventListener('abort', over);
      resolve();
    };
    const timer = setTimeout(over, ms);
    addEventListener('online', over);
    signal?.addEventListener('abort', over);
    if (signal?.aborted === true) over();
  });
}
