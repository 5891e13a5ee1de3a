const withoutDecimals = 'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF'.split(' ');
const withThree = 'BHD IQD JOD KWD LYD OMR TND'.split(' ');
const withFour = ['CLF', 'UYW'];
const decimals: ReadonlyMap<string, number> = new Map([
  ...withoutDecimals.map((currency) => [currency, 0] as const),
  ...withThree.map((currency) => [currency, 3] as const),
  ...withFour.map((currency) => [currency, 4] as const),
]);

/**
 * Decimals of the minor unit (ISO 4217): what providers count by. The runtime's own are those that people pay with, none for
 * HUF or IDR, and change with its version.
 */
export function decimalsOf(currency: string): number {
  return decimals.get(currency) ?? 2;
}

/** Minor units as a decimal number of the currency, exactly: -1250 in EUR is `-12.50`. */
export function decimalText(amount: number, currency: string): string {
  const decimals = decimalsOf(currency);
  const digits = String(Math.abs(amount)).padStart(decimals + 1, '0');
  const whole = digits.slice(0, digits.length - decimals);
  const sign = amount < 0 ? '-' : '';
  return decimals === 0 ? `${sign}${whole}` : `${sign}${whole}.${digits.slice(-decimals)}`;
}

/** `12.50` as an amount in minor units, by the decimals the currency has; `undefined` for what is none. */
export function minorUnits(text: string, currency: string): number | undefined {
  const parts = /^(\d{1,9})(?:\.(\d{1,4}))?$/.exec(text);
  if (parts === null || !/^[A-Z]{3}$/.test(currency)) return undefined;
  const digits = decimalsOf(currency);
  const [, whole = '', fraction = ''] = parts;
  return fraction.length > digits ? undefined : Number(whole + fraction.padEnd(digits, '0'));
}
