/** A database of the browser (IndexedDB). Throws where a browser keeps none, as in some private windows, or has no room. */
export interface Database {
  readonly name: string;
  /** Makes its stores, at its first use. */
  readonly create: (database: IDBDatabase) => void;
}

/** Does something in one transaction; what was written is on the disk when it is told to be done. */
export async function within<Result>(
  { name, create }: Database,
  stores: readonly string[],
  mode: IDBTransactionMode,
  work: (transaction: IDBTransaction) => Promise<Result>,
): Promise<Result> {
  const opening = indexedDB.open(name, 1);
  opening.addEventListener('upgradeneeded', () => create(opening.result));
  const database = await resultOf(opening);
  try {
    const transaction = database.transaction(stores, mode, { durability: 'strict' });
    const [result] = await Promise.all([work(transaction), committed(transaction)]);
    return result;
  } finally {
    database.close();
  }
}

export function resultOf<Result>(request: IDBRequest<Result>): Promise<Result> {
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
