import type { PageSettings } from '../gateway/web.ts';
import type { Configuration } from '../runtime/configuration.ts';
import { externalIssuerOf } from './external-issuer.ts';

/** What the pages of this installation have to know. */
export function pageSettingsOf(configuration: Configuration): PageSettings {
  const external = externalIssuerOf(configuration);
  if (external === undefined) return {};
  const { issuer, audience } = external;
  const { OIDC_CLIENT_ID: clientId } = configuration;
  return { signIn: { issuer, audience, ...(clientId === undefined ? {} : { clientId }) } };
}
