import { type Database, resultOf, within } from './database.ts';

/**
 * What this device decided at the door without a network, kept by the browser over reloads and restarts, for all its tabs. Scans are only
 * ever added. What the server said of each is beside it: a scan is unsent until there is such an outcome. One that the server refused
 * is a conflict until somebody has seen to it.
 */
export interface DoorScan {
  readonly code: string;
  readonly gate: string;
  readonly showId: string | undefined;
  /** The idempotency key under which the server is asked, however often. */
  readonly key: string;
  /** By the server's clock, as far as it is known: RFC 3339. */
  readonly scannedAt: string;
}

/** A scan that let somebody in without a network. */
export interface OfflineScan extends DoorScan {
  readonly ticketId: string;
  /** The seat or area, where the device knows it. */
  readonly place: string | undefined;
}

export interface LoggedScan extends OfflineScan {
  /** In the order they were made. */
  readonly number: number;
}

export interface Refusal {
  readonly headline: string;
  readonly detail: string;
}

export interface Conflict extends Refusal {
  readonly scan: LoggedScan;
}

interface Outcome {
  readonly number: number;
  readonly scannedAt: string;
  /** Why the server did not count it, until somebody has seen to that. */
  readonly refusal: Refusal | undefined;
}

/** A scan whose outcome is known is of no use once the show is over. */
const keptMs = 7 * 86_400_000;
/** What a device may have to tell: more than all who come to the largest hall. */
const scansMax = 100_000;

export const doorDatabase: Database = {
  name: 'fullhouse-door',
  create: (database) => {
    const scans = database.createObjectStore('scans', { keyPath: 'number', autoIncrement: true });
    scans.createIndex('ticketId', 'ticketId', { unique: true });
    database.createObjectStore('outcomes', { keyPath: 'number' });
    database.createObjectStore('preparations', { keyPath: 'showId' }).createIndex('asOf', 'asOf');
  },
};

const both = ['scans', 'outcomes'];

/** Adds a scan, unless this device has let somebody in with the ticket before: then that is told, and nothing is added. */
export function addScan(scan: OfflineScan): Promise<LoggedScan | undefined> {
  return within(doorDatabase, ['scans'], 'readwrite', async (transaction) => {
    const scans = transaction.objectStore('scans');
    const earlier: LoggedScan | undefined = await resultOf(scans.index('ticketId').get(scan.ticketId));
    if (earlier !== undefined) return earlier;
    if ((await resultOf(scans.count())) >= scansMax) throw new Error(`this device keeps ${scansMax} scans at the most`);
    await resultOf(scans.add(scan));
    return undefined;
  });
}

/** What is not sent yet, the oldest first, and what somebody has to see to. */
export function doorLog(): Promise<{
  readonly unsent: readonly LoggedScan[];
  readonly conflicts: readonly Conflict[];
}> {
  return within(doorDatabase, both, 'readonly', async (transaction) => {
    const [scans, outcomes] = await Promise.all([
      resultOf<LoggedScan[]>(transaction.objectStore('scans').getAll()),
      resultOf<Outcome[]>(transaction.objectStore('outcomes').getAll()),
    ]);
    const known = new Map(outcomes.map((outcome) => [outcome.number, outcome]));
    return {
      unsent: scans.filter(({ number }) => !known.has(number)),
      conflicts: scans.flatMap((scan) => {
        const refusal = known.get(scan.number)?.refusal;
        return refusal === undefined ? [] : [{ ...refusal, scan }];
      }),
    };
  });
}

/** How many are not sent yet; none where the browser keeps none. */
export async function unsentScans(): Promise<number> {
  const log = await doorLog().catch(() => undefined);
  return log?.unsent.length ?? 0;
}

/** Notes what the server said of a scan, or that somebody has seen to what it said. */
export function noteOutcome({ number, scannedAt }: LoggedScan, refusal?: Refusal): Promise<void> {
  const outcome: Outcome = { number, scannedAt, refusal };
  return within(doorDatabase, ['outcomes'], 'readwrite', async (transaction) => {
    await resultOf(transaction.objectStore('outcomes').put(outcome));
  });
}

/** Forgets scans from long ago that nobody has to be told of. */
export function forgetOldScans(now: number): Promise<void> {
  const before = new Date(now - keptMs).toISOString();
  return within(doorDatabase, both, 'readwrite', async (transaction) => {
    const [scans, outcomes] = [transaction.objectStore('scans'), transaction.objectStore('outcomes')];
    for (const { number, scannedAt, refusal } of await resultOf<Outcome[]>(outcomes.getAll())) {
      if (refusal !== undefined || scannedAt >= before) continue;
      scans.delete(number);
      outcomes.delete(number);
    }
  });
}
