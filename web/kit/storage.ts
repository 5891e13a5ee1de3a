/** What a browser keeps for its person. Where it keeps nothing, as in some private windows, a page keeps it while it is open. */
const own = new Map<string, string>();

/** For how long: until it is forgotten, for every tab; or with one tab, over reloads and other pages. */
export type KeptIn = 'browser' | 'tab';

const storeOf = (where: KeptIn) => (where === 'tab' ? sessionStorage : localStorage);

export function kept(key: string, where: KeptIn = 'browser'): string | undefined {
  try {
    return storeOf(where).getItem(key) ?? undefined;
  } catch {
    return own.get(key);
  }
}

/** Keeps a text, or forgets it. */
export function keep(key: string, text: string | undefined, where: KeptIn = 'browser'): void {
  try {
    if (text === undefined) storeOf(where).removeItem(key);
    else storeOf(where).setItem(key, text);
  } catch {
    if (text === undefined) own.delete(key);
    else own.set(key, text);
  }
}
