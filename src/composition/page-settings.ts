import type { PageSettings } from '../gateway/web.ts';
import type { Configuration } from '../runtime/configuration.ts';
import { externalIssuerOf } from './external-issuer.ts';

/** Stripe wants it to be loaded from there, always. */
const stripeScript = 'https://js.stripe.com/v3/';

/** What the pages of this installation have to know. */
export function pageSettingsOf(configuration: Configuration): PageSettings {
  const { OIDC_CLIENT_ID: clientId, PAYMENT_PROVIDER: provider, STRIPE_JS_URL: script = stripeScript } = configuration;
  const payment = provider === 'stripe' ? { provider, script } : { provider };
  const external = externalIssuerOf(configuration);
  if (external === undefined) return { payment };
  const { issuer, audience } = external;
  return { payment, signIn: { issuer, audience, ...(clientId === undefined ? {} : { clientId }) } };
}
