/** What a browser keeps for its person. Where it keeps nothing, as in some private windows, a page keeps it while it is open. */
const own = new Map<string, string>();

export function kept(key: string): string | undefined {
  try {
    return localStorage.getItem(key) ?? undefined;
  } catch {
    return own.get(key);
  }
}

/** Keeps a text, or forgets it. */
export function keep(key: string, text: string | undefined): void {
  try {
    if (text === undefined) localStorage.removeItem(key);
    else localStorage.setItem(key, text);
  } catch {
    if (text === undefined) own.delete(key);
    else own.set(key, text);
  }
}
