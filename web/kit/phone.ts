/** A phone number as people write it, in the international form that is asked for: without what only makes it easy to read. */
export function phoneIn(text: string): string {
  return text.replace(/[\s()./-]/g, '').replace(/^00/, '+');
}
