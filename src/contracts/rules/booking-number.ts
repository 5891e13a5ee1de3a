/**
 * The number by which people name a booking at a counter and on the phone: `FH-7K3Q-9XDM`. It is the last 40 bits of the
 * booking's id, all of them random, in Crockford's base 32 (https://www.crockford.com/base32.html): no letter of it is taken for
 * another, nor for a digit. So it needs no store of its own, and leads back to the end of the id.
 */
const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const prefix = 'FH';
const digits = 8;
const bitsOfDigit = 5;
/** Hexadecimal digits of an id that a number has. */
const idDigits = 10;

/** The number of a booking. */
export function bookingNumber(bookingId: string): string {
  const bits = BigInt(`0x${bookingId.slice(-idDigits)}`);
  const written = Array.from({ length: digits }, (_, place) => {
    const shift = BigInt((digits - 1 - place) * bitsOfDigit);
    return alphabet[Number((bits >> shift) & 0x1fn)];
  });
  return `${prefix}-${written.slice(0, 4).join('')}-${written.slice(4).join('')}`;
}

/**
 * What the ids of the bookings of a number end with, as `bkg_…` has it; `undefined` for what is no number. It may be written in small
 * letters, with other gaps or none, without `FH`, and with the letters that look like digits.
 */
export function idEndOf(text: string): string | undefined {
  const plain = text.toUpperCase().replace(/[\s-]/g, '');
  const written = plain.length === prefix.length + digits && plain.startsWith(prefix) ? plain.slice(2) : plain;
  if (written.length !== digits) return undefined;
  const values = [...written.replaceAll('O', '0').replace(/[IL]/g, '1')].map((digit) => alphabet.indexOf(digit));
  if (values.includes(-1)) return undefined;
  const bits = values.reduce((sum, value) => (sum << BigInt(bitsOfDigit)) | BigInt(value), 0n);
  return bits.toString(16).padStart(idDigits, '0');
}
