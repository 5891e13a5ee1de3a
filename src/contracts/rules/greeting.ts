/** Longest name that is repeated back in a greeting. */
const nameMax = 80;

/** What programs that show mails make a link of: an address of a page or of a mailbox, with or without what it begins with. */
const leadsSomewhere = /[@/\\]|:|[\p{L}\p{N}]\.[\p{L}\p{N}-]{2,}/u;

/**
 * How a letter begins. A name is repeated in one line, and only where it is no way to somewhere: nobody has to prove that an address
 * is theirs, so whoever registers somebody else's chooses what our letters say to them first.
 */
export function greeting(name: string | undefined): string {
  const inOneLine = oneLine(name ?? '').slice(0, nameMax);
  return inOneLine === '' || leadsSomewhere.test(inOneLine) ? 'Hello,' : `Hello ${inOneLine},`;
}

/** Text from outside on one line: no header and no second message can be smuggled in. */
export function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ').trim();
}
