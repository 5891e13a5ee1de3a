import { get, type Listed } from '../kit/api.ts';
import { resultOf, within } from '../kit/database.ts';
import { doorDatabase } from '../kit/door-log.ts';

/** What a device has to know to check the tickets of one show by itself, as the server told it last. */
export interface Preparation {
  readonly showId: string;
  /** By the server's clock: what happened later is not in it. */
  readonly asOf: string;
  /** When all tickets were told, not only those that had let somebody in since. */
  readonly allAsOf: string;
  /** Of tickets that nobody was given. */
  readonly issue: number;
  readonly keys: readonly CodeKey[];
  /** By their ids. Whom the server lets in meanwhile is marked in it. */
  readonly tickets: Map<string, KnownTicket>;
}

export interface CodeKey {
  readonly kid: string;
  readonly kty: string;
  readonly crv: string;
  readonly x: string;
}

export interface KnownTicket {
  readonly ticketId: string;
  readonly seat?: string;
  readonly area?: string;
  readonly priceCategory: string;
  readonly status: 'valid' | 'used' | 'void';
  /** Which of its codes lets in, where it was given to somebody else. */
  readonly issue?: number;
  readonly admittedAt?: string;
  readonly gate?: string;
}

type DoorPage = Listed<KnownTicket> & Pick<Preparation, 'asOf' | 'issue' | 'keys'>;

/** Seats that are sold after the show was chosen are known so much later; who has one is let in before that, too. */
const allAgainMs = 15 * 60_000;
/** More than the tickets of the largest hall. */
const pagesMax = 100;
const pageWithinMs = 20_000;
const keptMs = 2 * 86_400_000;

/** Asks the server for it: all of it, or what became of what is known from before. Throws where it does not tell. */
export async function askedPreparation(
  showId: string,
  before: Preparation | undefined,
  stopped: AbortSignal,
): Promise<Preparation> {
  const known = before?.showId === showId ? before : undefined;
  const isForAll = known === undefined || Date.parse(known.asOf) - Date.parse(known.allAsOf) > allAgainMs;
  const told: KnownTicket[] = [];
  let first: DoorPage | undefined;
  for (let pages = 0, cursor: string | null = ''; cursor !== null && pages < pagesMax; pages += 1) {
    const query = new URLSearchParams({
      ...(isForAll ? {} : { since: known.asOf }),
      ...(cursor === '' ? {} : { cursor }),
    });
    const signal = AbortSignal.any([stopped, AbortSignal.timeout(pageWithinMs)]);
    const page: DoorPage = await get<DoorPage>(`/v1/shows/${showId}/door?${query}`, { signal, triesMax: 1 });
    first ??= page;
    told.push(...page.items);
    cursor = page.nextCursor;
  }
  if (first === undefined) throw new Error('the server told nothing');
  const { asOf, issue, keys } = first;
  const tickets = new Map(known?.tickets);
  for (const ticket of told) tickets.set(ticket.ticketId, ticket);
  return { showId, asOf, allAsOf: isForAll ? asOf : known.allAsOf, issue, keys, tickets };
}

/** What the browser keeps of it, for a door that is opened again. */
export function keptPreparation(showId: string): Promise<Preparation | undefined> {
  return within(doorDatabase, ['preparations'], 'readonly', (transaction) =>
    resultOf<Preparation | undefined>(transaction.objectStore('preparations').get(showId)),
  );
}

/** Keeps it, and forgets those of shows that are over. */
export function keepPreparation(preparation: Preparation): Promise<void> {
  const before = new Date(Date.parse(preparation.asOf) - keptMs).toISOString();
  return within(doorDatabase, ['preparations'], 'readwrite', async (transaction) => {
    const preparations = transaction.objectStore('preparations');
    const outdated = preparations.index('asOf').getAllKeys(IDBKeyRange.upperBound(before));
    for (const showId of await resultOf(outdated)) preparations.delete(showId);
    await resultOf(preparations.put(preparation));
  });
}
