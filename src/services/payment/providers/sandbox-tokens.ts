import type { CardTokens } from '../../../contracts/payment.ts';

/** What the sandbox's card tokens do. */
export type TokenBehaviour =
  | { readonly does: 'succeed' }
  | { readonly does: 'decline'; readonly code: string; readonly message: string }
  | { readonly does: 'succeedAfter'; readonly ms: number }
  /** Charges, and never answers: only a look-up shows it. */
  | { readonly does: 'charge silently' }
  /** Answers 500 a few times, then succeeds. */
  | { readonly does: 'fail first'; readonly times: number };

const named: Readonly<Record<string, TokenBehaviour>> = {
  tok_visa: { does: 'succeed' },
  tok_declined: { does: 'decline', code: 'card_declined', message: 'The card was declined.' },
  tok_insufficient_funds: {
    does: 'decline',
    code: 'insufficient_funds',
    message: 'The card does not have enough money on it.',
  },
  tok_lost: { does: 'charge silently' },
  tok_error: { does: 'fail first', times: 2 },
};

/** `tok_slow_N`: N whole seconds, up to an hour. */
const slow = /^tok_slow_(\d{1,4})$/;
const slowSecondsMax = 3_600;

/** What a token does; `undefined` for one the sandbox does not know. */
export function sandboxToken(token: string): TokenBehaviour | undefined {
  if (Object.hasOwn(named, token)) return named[token];
  const seconds = Number(slow.exec(token)?.[1] ?? Number.NaN);
  return seconds <= slowSecondsMax ? { does: 'succeedAfter', ms: seconds * 1_000 } : undefined;
}

/** The sandbox knows all of its tokens by their looks, so that a misspelt one can be refused at the door. */
export const sandboxTokens: CardTokens = {
  looksKnown: (token) => sandboxToken(token) !== undefined,
  wanted: 'is not a payment token the provider knows; the sandbox takes tok_visa',
};

/** What a declined entry is told as. */
export function declineMessage(code: string): string {
  const known = Object.values(named).find((each) => each.does === 'decline' && each.code === code);
  if (known?.does === 'decline') return known.message;
  return declines[code] ?? 'The provider declined.';
}

const declines: Readonly<Record<string, string>> = {
  invalid_token: 'The card token is unknown.',
  charge_not_captured: 'There is no captured charge to refund.',
  amount_exceeds_charge: 'More would be refunded than was charged.',
};
