/** What customers pay with: most cards are good, and some are slow or lose the answer. */
export const cards = [
  'tok_visa',
  'tok_visa',
  'tok_visa',
  'tok_visa',
  'tok_visa',
  'tok_visa',
  'tok_declined',
  'tok_insufficient_funds',
  'tok_slow_1',
  'tok_slow_8',
  'tok_slow_30',
  'tok_slow_90',
  'tok_lost',
  'tok_error',
] as const;
