import { OperationRefused } from '../operations/installation.ts';
import type { ProviderBooks } from '../operations/provider-books.ts';
import { type Configuration, ConfigurationError } from '../runtime/configuration.ts';
import type { StripeAccount } from '../services/payment/providers/stripe-client.ts';
import { missingOfProvider } from './roles.ts';

/** The provider's own books, where they are not in a database of ours; read when they are first needed. */
export function providerBooksOf(configuration: Configuration): ProviderBooks | undefined {
  if (configuration.PAYMENT_PROVIDER !== 'stripe') return undefined;
  return {
    provider: 'stripe',
    async *entries() {
      const { stripeBooks } = await import('../services/payment/providers/stripe-books.ts');
      try {
        yield* stripeBooks(stripeAccountOf(configuration));
      } catch (error) {
        throw new OperationRefused('conflict', `The books at Stripe cannot be read: ${(error as Error).message}`);
      }
    },
  };
}

/** Throws `ConfigurationError` where the key is missing. */
export function stripeAccountOf(configuration: Configuration): StripeAccount {
  const { STRIPE_SECRET_KEY: secretKey, STRIPE_API_URL: apiUrl } = configuration;
  if (secretKey === undefined)
    throw new ConfigurationError(missingOfProvider(configuration, ['operations']).join('; '));
  return { secretKey, apiUrl };
}
