/**
 * Text that can be kept: Unicode without NUL, which PostgreSQL does not store, and without halves of surrogate pairs,
 * which no encoding can carry.
 */
export function isText(text: string): boolean {
  return text.isWellFormed() && !text.includes('\0');
}

/** JSON pointer (RFC 6901) to the first text that cannot be kept, names of fields included; `undefined` when all can. */
export function brokenText(json: unknown): string | undefined {
  // A list instead of a recursion: what is deeply nested must not use up the stack.
  const open: { readonly value: unknown; readonly pointer: string }[] = [{ value: json, pointer: '' }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { value, pointer } = next;
    if (typeof value === 'string' && !isText(value)) return pointer === '' ? '/' : pointer;
    if (typeof value !== 'object' || value === null) continue;
    for (const [name, each] of Object.entries(value)) {
      if (!isText(name)) return pointer === '' ? '/' : pointer;
      open.push({ value: each, pointer: `${pointer}/${escapePointer(name)}` });
    }
  }
  return undefined;
}

/** One step of a JSON pointer. */
export function escapePointer(name: string): string {
  return name.replace(/~/g, '~0').replace(/\//g, '~1');
}
