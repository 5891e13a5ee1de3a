import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { logFile } from '../../src/app.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../../tests/support/directory.ts';
import { administrator, runProcess } from '../../tests/support/servers.ts';
import { type HistoryOptions, showsNeeded } from './copies.ts';
import { growHistory } from './history.ts';
import { bookPastBookings } from './past-bookings.ts';

const lookEveryMs = 1_000;

/** An embedded installation with a history, at rest: everything is published that can still be on a topic. */
export async function grownInstallation(options: HistoryOptions): Promise<TemporaryDirectory> {
  const directory = await temporaryDirectory();
  try {
    await grow(directory.path, options);
    return directory;
  } catch (error) {
    await directory.remove();
    throw error;
  }
}

async function grow(path: string, options: HistoryOptions): Promise<void> {
  const first = await runProcess(path);
  const system = { url: first.url, administrator };
  const scene = await bookPastBookings(system, showsNeeded(options.bookings)).finally(() => first.end('SIGTERM'));
  const { unpublished } = await growHistory(path, scene, { ...options, tell: (line) => progress(line) });
  const second = await runProcess(path);
  while (recordsIn(join(path, logFile)) < unpublished) await new Promise((resolve) => setTimeout(resolve, lookEveryMs));
  await second.end('SIGTERM');
}

/** Records that are kept for a time only. */
function recordsIn(path: string): number {
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    const row = database.prepare('select coalesce(sum(next - first), 0) as count from chunks where key is null').get();
    return Number(row?.['count']);
  } finally {
    database.close();
  }
}

function progress(line: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r${line}`);
}
