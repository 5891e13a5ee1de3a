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
