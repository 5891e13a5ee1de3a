import type { Configuration } from '../runtime/configuration.ts';
import type { AppleAccount } from '../services/ticket/wallet/apple-wallet.ts';
import type { GoogleAccount } from '../services/ticket/wallet/google-wallet.ts';

/** The house's account for Apple Wallet; `undefined` where it has none. All of it is set, or nothing. */
export function appleAccountOf(configuration: Configuration): AppleAccount | undefined {
  const {
    WALLET_PASS_TYPE_ID: passTypeId,
    WALLET_TEAM_ID: teamId,
    WALLET_CERTIFICATE: certificate,
    WALLET_CERTIFICATE_KEY: key,
    WALLET_WWDR_CERTIFICATE: authority,
  } = configuration;
  const isSet = passTypeId !== undefined && teamId !== undefined && authority !== undefined;
  if (!isSet || certificate === undefined || key === undefined) return undefined;
  return { passTypeId, teamId, certificate, key, authority };
}

/** The house's account for Google Wallet; `undefined` where it has none. */
export function googleAccountOf(configuration: Configuration): GoogleAccount | undefined {
  const { GOOGLE_WALLET_ISSUER_ID: issuerId, GOOGLE_WALLET_SERVICE_ACCOUNT: account } = configuration;
  if (issuerId === undefined || account === undefined) return undefined;
  return { issuerId, clientEmail: account.client_email, privateKey: account.private_key };
}
