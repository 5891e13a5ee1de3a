/** What a command has opened and does not know of: closed when it is through, so that the process can end. */
const steps: (() => Promise<unknown>)[] = [];

export function atEnd(step: () => Promise<unknown>): void {
  steps.push(step);
}

/** Closes it all, the last first. */
export async function end(): Promise<void> {
  for (const step of steps.splice(0).reverse()) await step();
}
