import type { ServiceRuntime } from '../../../runtime/service-runtime.ts';
import type { AppleWallet } from './apple-wallet.ts';
import type { GoogleWallet } from './google-wallet.ts';

/** The wallets that a house has set up; none is needed. */
export interface Wallets {
  readonly apple?: AppleWallet | undefined;
  readonly google?: GoogleWallet | undefined;
}

export const walletsPart = 'wallets';
export const walletNames = ['apple', 'google'] as const;
export type WalletName = (typeof walletNames)[number];

export function walletsOf(service: ServiceRuntime): Wallets {
  return service.part<Wallets>(walletsPart);
}

/** Those that a ticket can be saved to now: with a certificate that is over, no phone would take it. None, where none is set up. */
export function offeredWallets(service: ServiceRuntime): readonly WalletName[] | undefined {
  const { apple, google } = walletsOf(service);
  const isOffered = {
    apple: apple !== undefined && apple.validTo.getTime() > Date.now(),
    google: google !== undefined,
  };
  const offered = walletNames.filter((name) => isOffered[name]);
  return offered.length === 0 ? undefined : offered;
}
