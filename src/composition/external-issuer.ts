import type { Configuration } from '../runtime/configuration.ts';
import { tokenAudience } from '../runtime/http/auth.ts';
import type { ExternalIssuer } from '../runtime/http/external-issuer.ts';

/** The issuer that people sign in at instead of here, where one is named. */
export function externalIssuerOf({
  OIDC_ISSUER: issuer,
  OIDC_AUDIENCE: audience = tokenAudience,
  OIDC_ROLES_CLAIM: rolesClaim = 'roles',
}: Configuration): ExternalIssuer | undefined {
  return issuer === undefined ? undefined : { issuer, audience, rolesClaim };
}
