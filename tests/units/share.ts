import { globSync } from 'node:fs';

const root = new URL('../../', import.meta.url);
const shares = 2;

/** The tests that lie beside what they test: most take less time than a process of their own would take to start. */
export const unitTests: readonly string[] = globSync(['src/**/*.test.ts', 'web/**/*.test.ts'], {
  cwd: root,
}).sort();

/** Registers every second of them in this process, from the first or from the second one on. */
export async function registerShare(share: 0 | 1): Promise<void> {
  const files = unitTests.filter((_file, index) => index % shares === share);
  for (const file of files) await import(new URL(file, root).href);
}
