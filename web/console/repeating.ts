/**
 * Does something at once and again some time after it was done, while the page can be seen. Never twice at a time; `soon` does not wait
 * for that time, and `stop` ends it.
 */
export interface Repeating {
  soon(): void;
  stop(): void;
}

export function repeating(work: () => Promise<void>, pauseMs: number): Repeating {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isWorking = false;
  let isWantedAgain = false;
  let isStopped = false;

  async function run(): Promise<void> {
    clearTimeout(timer);
    isWorking = true;
    do {
      isWantedAgain = false;
      await work();
    } while (isWantedAgain && !isStopped);
    isWorking = false;
    if (!isStopped) timer = setTimeout(onlySeen, pauseMs);
  }

  function soon(): void {
    if (isWorking) isWantedAgain = true;
    else void run();
  }

  function onlySeen(): void {
    if (!document.hidden && !isWorking) void run();
  }

  document.addEventListener('visibilitychange', onlySeen);
  void run();
  return {
    soon,
    stop: () => {
      isStopped = true;
      clearTimeout(timer);
      document.removeEventListener('visibilitychange', onlySeen);
    },
  };
}
