import { type Database, resultOf, within } from './database.ts';

/**
 * Texts that every page of a browser sees alike, at once. Local storage does not promise that: pages run in processes of their own, and
 * what one writes reaches the others a moment later. A browser that keeps no database, as in some private windows, keeps none of these.
 */
const storeName = 'records';
const records: Database = { name: 'fullhouse', create: (database) => database.createObjectStore(storeName) };

export async function sharedRecord(key: string): Promise<string | undefined> {
  const found = await inStore('readonly', (store) => store.get(key)).catch(() => undefined);
  return typeof found === 'string' ? found : undefined;
}

/** Keeps a text, or forgets it. */
export async function shareRecord(key: string, text: string | undefined): Promise<void> {
  const change = (store: IDBObjectStore) => (text === undefined ? store.delete(key) : store.put(text, key));
  await inStore('readwrite', change).catch(() => undefined);
}

function inStore(mode: IDBTransactionMode, ask: (store: IDBObjectStore) => IDBRequest): Promise<unknown> {
  return within(records, [storeName], mode, (transaction) => resultOf(ask(transaction.objectStore(storeName))));
}
