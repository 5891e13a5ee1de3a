/**
 * Texts that every page of a browser sees alike, at once. Local storage does not promise that: pages run in processes of their own, and
 * what one writes reaches the others a moment later. A browser that keeps no database, as in some private windows, keeps none of these.
 */
const databaseName = 'fullhouse';
const storeName = 'records';

export async function sharedRecord(key: string): Promise<string | undefined> {
  const found = await inStore('readonly', (store) => store.get(key)).catch(() => undefined);
  return typeof found === 'string' ? found : undefined;
}

/** Keeps a text, or forgets it. */
export async function shareRecord(key: string, text: string | undefined): Promise<void> {
  const change = (store: IDBObjectStore) => (text === undefined ? store.delete(key) : store.put(text, key));
  await inStore('readwrite', change).catch(() => undefined);
}

async function inStore(mode: IDBTransactionMode, ask: (store: IDBObjectStore) => IDBRequest): Promise<unknown> {
  const opening = indexedDB.open(databaseName, 1);
  opening.addEventListener('upgradeneeded', () => opening.result.createObjectStore(storeName));
  const database = (await resultOf(opening)) as IDBDatabase;
  try {
    const transaction = database.transaction(storeName, mode);
    const result = await resultOf(ask(transaction.objectStore(storeName)));
    await committed(transaction);
    return result;
  } finally {
    database.close();
  }
}

function resultOf(request: IDBRequest): Promise<unknown> {
  return new Promise((resolve, reject) => {
    request.addEventListener('success', () => resolve(request.result));
    request.addEventListener('error', () => reject(request.error));
  });
}

function committed(transaction: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    transaction.addEventListener('complete', () => resolve());
    transaction.addEventListener('abort', () => reject(transaction.error));
  });
}
